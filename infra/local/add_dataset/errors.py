"""What keeps a dataset from being written; nothing is written then."""


class MisuseError(Exception):
    """The command line makes no sense, or the name is not to be had; says what to write."""


class UnfitError(Exception):
    """No dataset can be made of the file, or it cannot be read; says why."""
