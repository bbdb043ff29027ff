"""Names of columns: which are the same, and which are nearly the same."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from include.contracts.names import code_of, shown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Unicode categories: https://www.unicode.org/reports/tr44/#General_Category_Values
_NO_CHARACTERS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_INVISIBLE: Final = "Cf"
_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")
_LEAST_LETTERS: Final = 4
_NEAR: Final = 0.75
_EDITS: Final = 2  # characters that one name may have more


def control_in(name: str) -> str | None:
    """Find the first character that no name may hold: a control character or a line separator."""
    return next((char for char in name if unicodedata.category(char) in _NO_CHARACTERS), None)


def folded(name: str) -> str:
    """Give what names that differ in letter case or in Unicode form alone have in common."""
    # folding may undo the form
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def could_be_names(cells: Sequence[str]) -> bool:
    """Check whether cells look like the names of columns: all different, none like a value."""
    names = [cell.strip() for cell in cells]
    return len(set(names)) == len(names) and all(
        name[:1].isalpha() or name[:1] in ("_", "#") for name in names
    )


def near_miss(wanted: str, names: Iterable[str]) -> str | None:
    """Say which name is nearly the wanted one, and what makes them differ; None without any."""
    best: tuple[float, str] | None = None
    for name in names:
        difference = _difference(wanted, name)
        if difference:
            return f"`{shown_name(name)}` differs from `{wanted}` in {difference} only"
        near = SequenceMatcher(None, _letters(wanted), _letters(name)).ratio()
        edits = abs(len(wanted) - len(name))
        if near >= _NEAR and edits <= _EDITS and len(wanted) >= _LEAST_LETTERS:
            best = max(best or (near, name), (near, name))
    return f"`{shown_name(best[1])}` is nearly `{wanted}`" if best else None


def _difference(wanted: str, name: str) -> str | None:
    """Name what would have to be overlooked for two names to be the same."""
    if wanted.casefold() == name.casefold():
        return "letter case"
    if folded(wanted) == folded(name):
        return "Unicode form"
    if _visible(wanted) == _visible(name):
        hidden = [char for char in name if unicodedata.category(char) == _INVISIBLE]
        codes = ", ".join(map(code_of, hidden))
        return f"characters that do not show ({codes})" if codes else "Unicode form"
    if _letters(wanted) and _letters(wanted) == _letters(name):
        return "blanks, signs or letter case"
    return None


def _visible(name: str) -> str:
    compatible = unicodedata.normalize("NFKC", name)
    return folded("".join(c for c in compatible if unicodedata.category(c) != _INVISIBLE))


def _letters(name: str) -> str:
    return _BETWEEN_WORDS.sub("", _visible(name))
