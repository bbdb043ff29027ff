"""What goes wrong while the package is built and verified."""

from __future__ import annotations


class PackageError(Exception):
    """The package cannot be built, or does not hold what it promises; the message says why."""
