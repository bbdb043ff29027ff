"""What a column of texts may be: the CSV reader itself checks each candidate on every value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.contracts.values import FALSE_WORDS, TRUE_WORDS
from include.core.csv.syntax import Syntax
from include.core.csv.values import ColumnReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NULL_WORDS: Final = frozenset(
    ("", "NA", "N/A", "n/a", "#N/A", "NULL", "Null", "null", "None", "NaN", "nan", "\\N", "-", "?")
)
"""What files write for null; the empty text is a cell that is quoted and empty."""

_BOOLEANS: Final = (
    ("true", "false"),
    ("t", "f"),
    ("yes", "no"),
    ("y", "n"),
    ("on", "off"),
    ("ja", "nein"),
    ("wahr", "falsch"),
    ("oui", "non"),
    ("vrai", "faux"),
)

# The last two are the no-break spaces of French numbers.
_GROUPS: Final = (None, ",", ".", "'", " ", "\u00a0", "\u202f")
_DATES: Final = (
    (),
    ("%d.%m.%Y",),
    ("%m/%d/%Y",),
    ("%d/%m/%Y",),
    ("%Y/%m/%d",),
    ("%m-%d-%Y",),
    ("%d-%m-%Y",),
    ("%d-%b-%Y",),
    ("%d %b %Y",),
)
_CLOCKS: Final = (" %H:%M:%S", " %H:%M")

# As JSON writes numbers: https://www.rfc-editor.org/rfc/rfc8259#section-6
_EXPONENT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SYNTAX: Final = Syntax(delimiter=",", escape=None)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to declare a column.

    Attributes:
        column: its type and formats; its name does not matter.
        shape: what each value must look like beside what the type itself accepts, so that no
            text loses a leading zero or a plus sign.
    """

    column: Column
    shape: re.Pattern[str] | None = None


def candidates() -> Iterator[Candidate]:
    """Give all candidates, the likeliest first."""
    for pair in _BOOLEANS:
        yield Candidate(
            column=Column(name="c", type="boolean"),
            shape=re.compile("|".join(pair), re.IGNORECASE),
        )
    for zeros in (False, True):
        yield Candidate(
            column=Column(name="c", type="bigint", zero_fraction=zeros),
            shape=re.compile(r"(?!-0)-?(?:0|[1-9][0-9]*)" + (r"(?:\.0+)?" if zeros else "")),
        )
    yield from _numbers("numeric", ".", (None,))
    for kind in ("bigint", "numeric"):
        for point in ".,":
            yield from _numbers(kind, point, _GROUPS)
    yield Candidate(column=Column(name="c", type="double precision"), shape=_EXPONENT)
    yield from (Candidate(column=Column(name="c", type="date", formats=each)) for each in _DATES)
    for zone in (None, "UTC"):
        yield Candidate(column=Column(name="c", type="timestamptz", zone=zone))
    for day in _DATES[1:]:
        for clock in _CLOCKS:
            yield Candidate(
                column=Column(name="c", type="timestamptz", formats=(day[0] + clock,), zone="UTC")
            )


def _numbers(
    kind: Literal["bigint", "numeric"], point: str, groups: Iterable[str | None]
) -> Iterator[Candidate]:
    """Numbers with each separator of groups; a whole number without any is a plain one."""
    for group in groups:
        if group == point or (kind == "bigint" and group is None):
            continue
        grouped = f"|[1-9][0-9]{{0,2}}(?:{re.escape(group)}[0-9]{{3}})+" if group else ""
        fraction = "" if kind == "bigint" else f"(?:{re.escape(point)}[0-9]+)?"
        yield Candidate(
            column=Column(name="c", type=kind, decimal_char=point, group_char=group),
            shape=re.compile(f"-?(?:0|[1-9][0-9]*{grouped}){fraction}"),
        )


@dataclass
class Evidence:
    """What the values of one column leave possible.

    Attributes:
        header: the column's name in the file.
        possible: candidates that every value so far fits.
        nulls: whether a bare empty cell was among them.
        words: those of NULL_WORDS that were.
        seen: whether there was any other value.
        padded: whether a value has white space around it.
        one, several: a value, and whether another one was among them.
        spellings: texts of what may be a boolean.
        shapes: what the values look like, for a pattern.
        signs: characters of numbers in which candidates differ.
    """

    header: str
    possible: list[Candidate] = field(default_factory=lambda: list(candidates()))
    nulls: bool = False
    words: set[str] = field(default_factory=set)
    seen: bool = False
    padded: bool = False
    one: str = ""
    several: bool = False
    spellings: set[str] = field(default_factory=set)
    shapes: set[str] = field(default_factory=set)
    signs: set[str] = field(default_factory=set)

    def take(self, values: Iterable[str | None]) -> None:
        """Drop the candidates that more values do not fit."""
        distinct = set(values)
        self.nulls = self.nulls or None in distinct
        distinct.discard(None)
        texts = {text for text in distinct if text is not None}
        self.words |= texts & NULL_WORDS
        texts -= NULL_WORDS
        if not texts:
            return
        self.one = self.one or next(iter(texts))
        self.several = self.several or texts != {self.one}
        self.seen = True
        if len(self.shapes) < 2:  # noqa: PLR2004 -- two shapes are no pattern
            self.shapes.update(map(_shape, texts))
        if self.possible:
            stripped = {text.strip() for text in texts}
            self.padded = self.padded or stripped != texts
            self.possible = [each for each in self.possible if _fits(each, stripped)]
        if self.possible:
            self.spellings |= stripped if self.possible[0].column.type == "boolean" else set()
            self.signs.update("".join(stripped))

    @property
    def pattern(self) -> str | None:
        """The one shape of all values, if they are codes of digits or capitals."""
        shape = next(iter(self.shapes)) if len(self.shapes) == 1 else ""
        if self.words or not self.several or not re.search(r"\[", shape) or "[a-z]" in shape:
            return None
        return shape


def _fits(candidate: Candidate, texts: set[str]) -> bool:
    shape = candidate.shape
    if shape is not None and not all(map(shape.fullmatch, texts)):
        return False
    column = candidate.column
    if column.type == "boolean":
        return True
    reader = ColumnReader(column, contract=CsvContract(columns=(column,)), syntax=_SYNTAX)
    _, faults = reader.read(sorted(texts), quoted=False, size=max(map(len, texts)))
    return not faults


_RUNS: Final = re.compile("[0-9]+|[A-Z]+|[a-z]+")
_PLAIN: Final = re.compile("[0-9A-Za-z_ /:#-]*")


def _shape(text: str) -> str:
    """Write a text's runs of digits, capitals and small letters as a pattern; "" for others."""
    if not _PLAIN.fullmatch(text):
        return ""

    def run(found: re.Match[str]) -> str:
        first, length = found[0][0], len(found[0])
        kind = "[0-9]" if first.isdigit() else "[A-Z]" if first.isupper() else "[a-z]"
        return kind if length == 1 else f"{kind}{{{length}}}"

    return _RUNS.sub(run, text)


def choose(evidence: Evidence, *, delimiter: str) -> tuple[Column | None, str | None]:
    """Choose what a column is; None for text, with a remark where the values fit two readings.

    Arguments:
        evidence: what its values leave possible.
        delimiter: of the file.
    """
    possible = evidence.possible if evidence.seen else []
    if not possible:
        return None, None
    first = possible[0].column
    if first.type == "boolean":
        return _boolean(evidence), None
    rivals = [each.column for each in possible[1:] if _differs(first, each.column, evidence.signs)]
    if rivals and first.formats:
        written = " or ".join(column.formats[0] for column in (first, *rivals))
        return None, f"days and months can be read in two ways, {written}: declare one"
    # Between commas, a point before three digits is the usual decimal point.
    if rivals and not (delimiter == "," and first.decimal_char == "."):
        return None, "numbers can be read in two ways: declare decimal_char and group_char"
    remark = None
    if first.type == "timestamptz" and first.zone:
        remark = "times without an offset: declare their zone if it is not UTC"
    return replace(first, trim=evidence.padded), remark


def _boolean(evidence: Evidence) -> Column | None:
    """Declare a boolean if both values occur, or if the words can mean nothing else."""
    lower = {spelling.lower() for spelling in evidence.spellings}
    pair = next(pair for pair in _BOOLEANS if lower <= set(pair))
    if lower != set(pair) and pair != _BOOLEANS[0]:
        return None
    column = Column(name="c", type="boolean", trim=evidence.padded)
    if lower <= {*TRUE_WORDS, *FALSE_WORDS}:
        return column
    true, false = (
        tuple(sorted(each for each in evidence.spellings if each.lower() == word)) for word in pair
    )
    return replace(column, true_values=true, false_values=false)


def _differs(first: Column, other: Column, signs: set[str]) -> bool:
    """Check whether another candidate gives values another meaning."""
    if first.formats and other.formats:
        return first.type == other.type
    return (
        first.type in ("bigint", "numeric")
        and other.type in ("bigint", "numeric")
        and first.decimal_char != other.decimal_char
        and not signs.isdisjoint((first.decimal_char, first.group_char or ""))
    )
