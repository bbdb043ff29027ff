"""How many examples properties are tried with, and how many cases of a test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

# Someone looks for what nobody knows, and has the time.
IS_THOROUGH: Final = os.environ.get("THOROUGH", "") not in {"", "0"}
_MORE: Final = 20
_GOLDEN: Final = 0.618  # its multiples without their whole part keep apart


def examples(usual: int) -> int:
    """How many examples a property gets.

    Arguments:
        usual: what shows a known fault within a second or two; a thorough run has 20 times as many.
    """
    return usual * _MORE if IS_THOROUGH else usual


def spread(cases: Sequence[T], usual: int) -> list[T]:
    """Some of a test's cases, the same each time.

    Arguments:
        cases: all, in their order.
        usual: how many are wanted.

    Returns:
        As many, or all: one of each part of the list, at another place in each, so that of two
        things that cases combine both vary.
    """
    parts = min(usual, len(cases))
    found = []
    for part in range(parts):
        start, end = len(cases) * part // parts, len(cases) * (part + 1) // parts
        found.append(cases[start + int((end - start) * ((part + 1) * _GOLDEN % 1))])
    return found
