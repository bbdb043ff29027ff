"""The charts that a run has left for the page, as pictures on the disk."""
