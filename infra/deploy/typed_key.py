"""Reads a key from who types it, or from a program, and shows it to nobody."""

from __future__ import annotations

import getpass
import sys
import warnings

from infra.deploy.errors import DeployError

_LONGEST = 4096  # characters; longer ones are files that somebody took for a key


def read_key(connection: str) -> str:
    """Read a key, from the terminal without echo or else from standard input.

    Arguments:
        connection: what it is the key of.

    Raises:
        DeployError: there is none, or it cannot be one; says why without a part of it.
    """
    return checked(_typed(connection) if sys.stdin.isatty() else _piped())


def _typed(connection: str) -> str:
    try:
        with warnings.catch_warnings():
            # Else it would read the key and show it.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(f"key of {connection} (it is not shown): ")
    except getpass.GetPassWarning:
        raise DeployError(
            "this terminal shows what is typed: give the key on standard input"
        ) from None
    except EOFError:
        return ""


def _piped() -> str:
    # One more than is allowed, and its line end.
    read = sys.stdin.buffer.read(_LONGEST + 3)
    return read.decode("latin-1")


def checked(typed: str) -> str:
    """Return what was typed without the end of its line, if it can be a key.

    Raises:
        DeployError: says why it cannot.
    """
    key = typed.removesuffix("\n").removesuffix("\r")
    problem = None
    if not key:
        problem = "no key was given"
    elif len(key) > _LONGEST:
        problem = f"a key has {_LONGEST} characters at most"
    elif "\n" in key or "\r" in key:
        problem = "what was given has several lines, and a key has one"
    elif key != key.strip():
        problem = "what was given begins or ends with a blank"
    elif not (key.isascii() and key.isprintable()):
        problem = "what was given has a character that is no plain letter, digit or sign"
    if problem:
        raise DeployError(f"{problem}; nothing was changed")
    return key
