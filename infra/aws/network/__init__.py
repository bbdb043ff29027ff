"""The network, and the ways in it and out of it."""
