"""How Windows-1252 and Latin-1 differ from UTF-8 with a few broken bytes.

Both take each byte beyond ASCII for a character; Windows-1252 has quotes, dashes and the euro
where Latin-1 has control characters:
https://encoding.spec.whatwg.org/index-windows-1252.txt
"""

# ruff: noqa: RUF001, RUF002 -- signs that look like others are what this is about

from __future__ import annotations

import re
from typing import Final

from include.errors import InputFileError

_BEYOND_ASCII: Final = re.compile("[\x80-\udbff\ue000-\U0010ffff]")
_READ: Final = {
    0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)
}
_OWN: Final = re.compile("[\udc80-\udc9f]")

_LETTERS: Final = "A-Za-zÀ-ÖØ-öø-ÿŠŒŽšœžŸ"
_SMALL, _CAPITAL = "a-zß-öø-ÿšœž", "A-ZÀ-ÖØ-ÞŠŒŽŸ"
_WORD: Final = re.compile(f"[{_LETTERS}]*[À-ÖØ-öø-ÿŠŒŽšœžŸ][{_LETTERS}]*")
_SPELLED: Final = re.compile(f"[{_CAPITAL}]?[{_SMALL}]+|[{_CAPITAL}]+")
# Each sign with what is beside it in text, and by chance rarely is.
_SIGNS: Final = re.compile(
    "|".join(
        (
            f"(?<=[{_LETTERS}])[’](?=[{_LETTERS}])",  # an apostrophe
            f'(?:^|(?<=[\\s(\\[,;|"]))[‘‚“„«](?=[{_LETTERS}\\d])',
            f'(?<=[{_LETTERS}\\d.!?%])[’”»](?=$|[\\s)\\],.;:!?|"])',
            f"(?<=[{_LETTERS}\\d])…",
            f"(?<=[{_LETTERS}\\d])[–—](?=[{_LETTERS}\\d])|(?<=\\s)[–—](?=\\s)",
            r"(?<=\d)\s?[€£¥°](?=$|[\s),;|\"CF])|[€£¥](?=\s?\d)",
            r"(?<=\d)\s?[½¼¾]|(?<=[A-Za-z\d])[²³]",
            f'(?<=[{_LETTERS}])[®™](?=$|[\\s),.;|"])|[©§](?=\\s?[\\d{_LETTERS}])',
            '(?:^|(?<=[\\s,;|"]))[•·](?=\\s)',
            f"(?<=[{_LETTERS}\\d,.;:!?])\xa0(?=[{_LETTERS}\\d–€%])",
        )
    )
)


class Windows1252Suspicion:
    """Judges a file by its rows that hold bytes which its encoding does not have.

    The rule: the file is Windows-1252 or Latin-1 if it has no valid character beyond ASCII, and
    of its rows with such bytes more read as text than do not. A row reads as text if all such
    bytes do: letters in words that have an ASCII letter and are all small, all capital, or one
    capital first ("café", "Zürich"); or signs in their places (the apostrophe of "it’s", quotes
    around words, a dash between numbers, a currency beside a number). 0xFF, a cut UTF-8 sequence
    and a letter on its own do not.

    Arguments:
        name: what the file's owner calls it.
        encoding: the declared one.
    """

    def __init__(self, *, name: str, encoding: str) -> None:
        self._name, self._encoding = name, encoding
        self._line: int | None = None
        self._texts = self._noise = 0
        self._own = self._beyond_ascii = False

    def note_text(self, text: str) -> None:
        """Look for valid characters beyond ASCII in a piece that is known to have some or marks."""
        self._beyond_ascii = self._beyond_ascii or _BEYOND_ASCII.search(text) is not None

    def note_row(self, line: int, raw: str) -> None:
        """Judge a row that holds undecodable bytes."""
        if self._beyond_ascii:
            return
        if reads_as_text(raw):
            self._line = self._line or line
            self._own = self._own or _OWN.search(raw) is not None
            self._texts += 1
        else:
            self._noise += 1

    def check(self) -> None:
        """Raise InputFileError, at the file's end, if the rule holds."""
        if self._texts > self._noise and not self._beyond_ascii:
            looks = "Windows-1252" if self._own else "Latin-1 or Windows-1252"
            raise InputFileError(
                file=self._name,
                line=self._line,
                problem=f"the file looks like {looks}, not {self._encoding}",
                fix='Save it as UTF-8, or declare encoding="cp1252" in the contract',
            )


def reads_as_text(raw: str) -> bool:
    """Check whether text with undecodable bytes makes sense once they are read as Windows-1252."""
    text = _SIGNS.sub(" ", raw.translate(_READ))
    return _WORD.sub(_if_not_spelled, text).isascii()


def _if_not_spelled(found: re.Match[str]) -> str:
    """Give nothing for a word that is spelled as words are, else the word."""
    word = found[0]
    spelled = _SPELLED.fullmatch(word) and any(char.isascii() for char in word)
    return "" if spelled else word
