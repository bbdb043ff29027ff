"""Writes the files of a dataset that a sample shows: `python -m infra.local.add_dataset`."""
