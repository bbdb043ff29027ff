"""Locks of files, which the system releases when their process ends."""

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# In quotes: the setup imports this before it knows that its Python is new enough.
@contextmanager
def exclusive(path: "Path") -> "Iterator[None]":
    """Keep other processes that want the same lock waiting, for as long as the context lasts.

    Arguments:
        path: a file for the lock; it is made, its folder has to be there.
    """
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
