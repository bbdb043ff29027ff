"""What a row can be rejected for: the stable codes, their reasons, and the tally of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from include.core.csv.text import lines_of

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTINUED: Final = "continued"
"""The code of each further line of a rejected row that spans lines."""

REASONS: Final = {
    # the row's structure
    "too_few_columns": "the row has fewer cells than the header",
    "too_many_columns": "the row has more cells than the header",
    "blank_line": "the line is blank, which in a table of one column may be a lost value",
    "unescaped_quote": "a quote is inside a cell without being escaped",
    "row_too_long": "the row is longer than the contract's field limit allows",
    "header_repeated": "the row repeats the header",
    CONTINUED: "the line goes on with a rejected row",
    # its text
    "bad_encoding": "the cell holds bytes that the declared encoding does not have",
    "nul": "the cell holds a NUL character",
    "field_too_long": "the cell is longer than the contract allows",
    # its values
    "null": "the cell is null and the column must have a value",
    "not_an_integer": "the cell is no whole number in plain digits",
    "whole_number_with_point": "the whole number is written with a decimal point, as 1.0 is, "
    "which a column takes that declares zero_fraction",
    "not_a_number": "the cell is no number in plain digits, with the separators of its column",
    "not_finite": "the number is not finite or too large for the type",
    "out_of_range": "the number is outside the range of the column's type",
    "too_precise": "the value has more digits after the point than the column's type keeps",
    "not_a_boolean": "the cell is neither true nor false",
    "not_a_date": "the cell is no date in a format that the contract names",
    "not_a_timestamp": "the cell is no point in time in a format that the contract names",
    "no_zone": "the time has no offset and the contract names no zone",
    "ambiguous_time": "the time happens twice in its zone, when clocks go back",
    "nonexistent_time": "the time is skipped in its zone, when clocks go forward",
    # what its column asks of a value
    "text_too_long": "the text has more characters than max_length allows",
    "text_too_short": "the text has fewer characters than min_length asks",
    "pattern_mismatch": "the whole text does not match the pattern of its column",
    "below_minimum": "the value is less than the minimum of its column",
    "above_maximum": "the value is greater than the maximum of its column",
    "not_in_enum": "the value is none of those that its column allows",
    # its key
    "key_conflict": "other rows have the same key with other values",
}
"""The code of each reject that reading a file gives, and its reason, which holds no value.

Sinks that reject further rows have tables of their own."""


class Fault(Exception):  # noqa: N818 # never leaves its pipeline: it becomes a Reject
    """One row, or one cell of it, breaks the contract or is nothing that its sink takes.

    Arguments:
        code: a key of reasons.
        expected: what the contract asks for instead; it follows the reason.
        reasons: the table of codes, that of reading a file unless a sink rejects the row.
    """

    def __init__(
        self, code: str, expected: str = "", *, reasons: Mapping[str, str] = REASONS
    ) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reasons[code] + (f": {expected}" if expected else "")


RAW_LIMIT: Final = 65_536  # bytes of UTF-8
_CUT: Final = " … (cut)"
# undecodable bytes are lone surrogates, see text.py
_UNPRINTABLE: Final = (
    {code: f"\\u{code:04x}" for code in range(0xD800, 0xE000)}
    | {0xDC00 + byte: f"\\x{byte:02x}" for byte in range(256)}
    | {0: "\\x00"}
)


@dataclass(frozen=True)
class Reject:
    """One row that was not taken, or a further line of one.

    Attributes:
        line: 1-based physical line where the row begins, or goes on.
        column: the SQL name of the column at fault; None when the whole row is.
        code: the stable name of its fault.
        reason: for people; holds no value.
        raw: the row as it is in the file, from `printable`.
    """

    line: int
    column: str | None
    code: str
    reason: str
    raw: str

    @classmethod
    def of(cls, line: int, fault: Fault, raw: str, *, column: str | None = None) -> Reject:
        """Build the reject of a row that takes one line."""
        return cls(line, column, fault.code, fault.reason, printable(raw))

    @classmethod
    def each_line(
        cls, line: int, fault: Fault, raw: str, *, column: str | None = None
    ) -> list[Reject]:
        """Build the rejects of a row: one for it, and one for each further line that it spans.

        Blank lines are left out, as they are between rows.
        """
        rejects = [cls.of(line, fault, raw, column=column)]
        if "\n" in raw or "\r" in raw:
            reason = f"the line goes on with the rejected row of line {line}"
            rejects += (
                cls(number, None, CONTINUED, reason, printable(text))
                for number, text in enumerate(lines_of(raw)[1:], line + 1)
                if text
            )
        return rejects


@dataclass(kw_only=True)
class Counts:
    """Rows of one file; read == kept + filtered + rejected at every moment.

    A row whose quoted cells hold line ends is one row while it is wanted. Rejected, it counts as
    many as it has lines that are not blank. So each such line of a file is counted, or lies in a
    cell of a row that is kept or filtered.

    Attributes:
        read: rows of the file, without the header and blank lines.
        kept: typed rows that came out.
        filtered: rows that the contract's `only` does not want.
        rejected: rows, or lines of rows, that broke the contract.
        duplicate: how many of those kept repeat another one exactly.
        blank: blank lines, counted beside.
        plain: how many of those read needed no care: DuckDB has read them, and our reader the
            others. It says how a file was read, not what is in it, and takes no part in comparing.
    """

    read: int = 0
    kept: int = 0
    filtered: int = 0
    rejected: int = 0
    duplicate: int = 0
    blank: int = 0
    plain: int = field(default=0, compare=False)

    def reject_kept(self, rejects: list[Reject]) -> None:
        """Count a row that was kept as the rejects that it became."""
        self.kept -= 1
        self.rejected += len(rejects)
        self.read += len(rejects) - 1


def printable(raw: str) -> str:
    r"""Write raw text with undecodable bytes as \xNN and NUL as \x00, cut at 64 KiB of UTF-8."""
    text = raw[: RAW_LIMIT + 1].translate(_UNPRINTABLE)
    encoded = text.encode()
    if len(encoded) <= RAW_LIMIT:
        return text
    return encoded[: RAW_LIMIT - len(_CUT.encode())].decode(errors="ignore") + _CUT
