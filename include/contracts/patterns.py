r"""The regular expressions that a column may declare: those that all readers read alike.

Python's `re` reads cells, and DuckDB's RE2 (https://github.com/google/re2/wiki/Syntax) reads
snapshots. What only one of them knows, or both read differently, is refused: lookaround,
backreferences, named groups, flags, possessive repeats, \s, \b, character names such as
[:alpha:]. \d and \w are ASCII, a point is any character but a line feed, and the whole text
must match, with or without ^ and $ at its ends.
"""

from __future__ import annotations

import re
from typing import Final

_PUNCTUATION: Final = re.escape("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_ESCAPE: Final = rf"\\(?:[dDwWtnrf]|[{_PUNCTUATION}])"
# In sets, Python warns of --, &&, || and ~~, which a later version may read as set operations.
_TOKEN: Final = re.compile(
    rf"(?P<set>\[\^?(?:(?!--|&&|\|\||~~)[^\[\]\\]|{_ESCAPE})+\])"
    rf"|(?P<open>\((?:\?:|(?!\?)))"
    rf"|(?P<close>\))"
    rf"|(?P<repeat>(?:[*+?]|\{{(?P<least>[0-9]+)(?P<more>,(?P<most>[0-9]*))?\}})\??)"
    rf"|(?P<either>\|)"
    rf"|(?P<end>\$\Z)"
    rf"|(?P<one>{_ESCAPE}|[^\\\[\](){{}}*+?^$|])"
)
_MOST_REPEATS: Final = 1000
"""RE2 refuses more, those of repeats within repeats multiplied."""


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern for `fullmatch`.

    Raises:
        ValueError: the pattern is none, or not one that all readers read alike.
    """
    _check(pattern)
    try:
        return re.compile(pattern, re.ASCII)
    except re.error as error:
        raise ValueError(str(error)) from None


def _check(pattern: str) -> None:
    """Walk the tokens; a repeat may not apply to a group that repeats without end.

    Python takes time that doubles with each character for patterns such as (a+)+.
    """
    place = int(pattern.startswith("^"))
    groups: list[_Group] = [_Group()]
    last: _Group | None = None  # what a repeat at this place applies to
    while place < len(pattern):
        found = _TOKEN.match(pattern, place)
        if found is None:
            raise ValueError(f"character {place + 1}, {pattern[place]!r}, begins nothing known")
        kind = found.lastgroup
        if kind == "open":
            groups.append(_Group())
            last = None
        elif kind == "close":
            if len(groups) == 1:
                raise ValueError(f"character {place + 1} closes no group")
            last = groups.pop()
            groups[-1].take(last)
        elif found["repeat"]:
            if last is None:
                raise ValueError(f"character {place + 1} repeats nothing")
            groups[-1].take(last.repeated(found))
            last = None
        else:
            last = None if kind in {"either", "end"} else _Group()
        place = found.end()


class _Group:
    """What a part of a pattern repeats: how often at most, and whether without end."""

    def __init__(self, times: int = 1, *, endless: bool = False) -> None:
        self.times, self.endless = times, endless

    def take(self, part: _Group) -> None:
        self.times, self.endless = max(self.times, part.times), self.endless or part.endless

    def repeated(self, repeat: re.Match[str]) -> _Group:
        text = repeat["repeat"]
        most: int | None = None  # without end
        if text[0] == "?":
            most = 1
        elif text[0] == "{" and (repeat["most"] or not repeat["more"]):
            most = int(repeat["most"] or repeat["least"])
        if self.endless and most != 1:
            raise ValueError("a repeat holds one without end, which may take for ever")
        times = self.times * max(most or 1, int(repeat["least"] or 0))
        if times > _MOST_REPEATS:
            raise ValueError(f"it repeats more than {_MOST_REPEATS} times")
        return _Group(times, endless=most is None)
