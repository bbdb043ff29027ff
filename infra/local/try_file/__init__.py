"""Reads a file as its pipeline would, and sends it nowhere: `python -m infra.local.try_file`."""
