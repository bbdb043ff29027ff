"""What commands write to a terminal, and to programs that read them."""

from __future__ import annotations

import os
import sys


class MisuseError(Exception):
    """The command line makes no sense; says what to write."""


def take_any_text() -> None:
    """Have the standard streams escape what is no text: names of files may hold any bytes."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def forget_reader() -> None:
    """Write to nobody, once who read the output has gone: Python flushes once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def printable(text: str) -> str:
    """Give text on one line, with escapes for what a terminal would act upon."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
