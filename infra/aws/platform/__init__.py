"""Constructs of what the pipelines run on, one a file."""
