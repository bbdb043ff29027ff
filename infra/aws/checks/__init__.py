"""What security rules say about the templates, and why it stands where it stands."""
