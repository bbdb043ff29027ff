"""Rows of a CSV file as JSON objects: one line of text each, as a queue or a lake takes it.

https://datatracker.ietf.org/doc/html/rfc8259; no blanks between tokens, names in the order of
the columns. Text is UTF-8 as it is; control characters, and the characters that SQS does not
accept although Unicode has them, are escapes:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from heapq import merge
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Final

from include.core.csv.faults import CONTINUED
from include.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from include.contracts.columns import Column
    from include.core.csv.batch import TypedBlock
    from include.core.csv.faults import Counts, Reject
    from include.core.csv.rows import CsvRows

    Encode = Callable[[list[str | None]], list[str]]

_NULL: Final = "null"
_UNSENDABLE: Final = re.compile("[\ud800-\udfff\ufffe\uffff]")
_QUOTED: Final = frozenset({"date", "timestamptz"})


@dataclass(frozen=True, slots=True)
class JsonBlock:
    """Rows that were read together.

    Attributes:
        numbers: of each row, its 1-based place among the file's data rows. Rejected rows have
            one too, so that it is the same in every reading; rows that the contract filters out
            have none.
        lines: the 1-based physical line where each row begins.
        texts: each row as JSON.
        rejects: in the order of their lines.
    """

    numbers: Sequence[int]
    lines: Sequence[int]
    texts: list[str]
    rejects: list[Reject]


class JsonRows:
    """The rows of one file, to be iterated once, a block at a time.

    Arguments:
        rows: the file as read_rows opened it.

    Attributes:
        counts: grows while rows are read.

    Raises:
        RuleError: no column is read, or one keeps numbers that are not finite: JSON has none.
    """

    def __init__(self, rows: CsvRows) -> None:
        endless = [column.name for column in rows.columns if column.non_finite == "keep"]
        if endless:
            raise RuleError(
                f"JSON has no NaN and no infinity, which {', '.join(endless)} may hold: let the "
                "contract reject them, or make them null"
            )
        if not rows.columns:
            raise RuleError("The contract reads no column: there is nothing to make JSON of")
        self._rows = rows
        self._encoders = [_encoder(column) for column in rows.columns]
        names = [encode_basestring(column.name).replace("%", "%%") for column in rows.columns]
        self._template = "{" + ",".join(f"{name}:%s" for name in names) + "}"
        self.counts: Counts = rows.counts

    def blocks(self) -> Iterator[JsonBlock]:
        """Yield the rows, some thousands at a time.

        Raises:
            InputFileError: as iterating CsvRows does; some faults show only at the end.
        """
        before = 0
        for block in self._rows.blocks():
            numbers = _numbers(block, before)
            before += len(block.lines) + len(_rejected_at(block))
            yield JsonBlock(numbers, block.lines, self._texts(block), block.rejects)

    def _texts(self, block: TypedBlock) -> list[str]:
        if not block.lines:
            return []
        columns = [
            encode(values) for encode, values in zip(self._encoders, block.columns, strict=True)
        ]
        texts = list(map(self._template.__mod__, zip(*columns, strict=True)))
        return [text if text.isascii() else _UNSENDABLE.sub(_escape, text) for text in texts]


def _numbers(block: TypedBlock, before: int) -> Sequence[int]:
    """Number the kept rows of a block among all of its rows, which lie in order of their lines."""
    if not block.rejects:
        return range(before + 1, before + 1 + len(block.lines))
    rejected = _rejected_at(block)
    lines = merge(block.lines, rejected)
    among = set(rejected)
    return [number for number, line in enumerate(lines, before + 1) if line not in among]


def _rejected_at(block: TypedBlock) -> list[int]:
    """The lines where rejected rows begin: a further line of one is no row of its own."""
    return [reject.line for reject in block.rejects if reject.code != CONTINUED]


def _encoder(column: Column) -> Encode:
    """Choose what turns canonical values of a column into JSON."""
    if column.type == "text":
        return _texts
    if column.type in _QUOTED:
        return _quoted
    return _as_they_are


def _texts(values: list[str | None]) -> list[str]:
    return [_NULL if value is None else encode_basestring(value) for value in values]


def _quoted(values: list[str | None]) -> list[str]:
    return [_NULL if value is None else f'"{value}"' for value in values]


def _as_they_are(values: list[str | None]) -> list[str]:
    """Numbers and booleans: their canonical text is JSON, digit for digit."""
    return [_NULL if value is None else value for value in values]


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
