"""What goes wrong with the laptop's stack."""

from __future__ import annotations


class StackError(Exception):
    """A part of the stack did not start or answer; the message says where to look."""
