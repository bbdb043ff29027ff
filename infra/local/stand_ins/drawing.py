"""Numbers that look drawn by lot, and are the same each time."""

from __future__ import annotations

import hashlib


def draw(*of: str) -> float:
    """A number from 0 up to 1, made of the words."""
    digest = hashlib.sha256("\0".join(of).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def word(length: int, *of: str) -> str:
    """Letters and digits such as ids have, made of the words."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
    digest = int.from_bytes(hashlib.sha512("\0".join(of).encode()).digest(), "big")
    found = ""
    for _ in range(length):
        digest, place = divmod(digest, len(letters))
        found += letters[place]
    return found
