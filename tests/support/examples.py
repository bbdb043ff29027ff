"""How many examples properties are tried with."""

from __future__ import annotations

import os
from typing import Final

# Someone looks for what nobody knows, and has the time.
IS_THOROUGH: Final = os.environ.get("THOROUGH", "") not in {"", "0"}
_MORE: Final = 20


def examples(usual: int) -> int:
    """How many examples a property gets.

    Arguments:
        usual: what shows a known fault within a second or two; a thorough run has 20 times as many.
    """
    return usual * _MORE if IS_THOROUGH else usual
