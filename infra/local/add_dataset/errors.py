"""What keeps a dataset from being written; nothing is written then."""


class UnfitError(Exception):
    """No dataset can be made of the file, or it cannot be read; says why."""
