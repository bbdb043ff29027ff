"""Records of the stream, read and told apart: operations, ends of versions, and foreign ones."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from include.core.runs.quarantine import QuarantineRow

if TYPE_CHECKING:
    from collections.abc import Sequence

# Text that a quarantine row keeps of a record.
_RAW_CHARACTERS: Final = 65_536
# Of a number that this module itself looks at.
_MOST_DIGITS: Final = 20
_TEXTS: Final = ("tenant", "table", "version", "publication")
_COUNTS: Final = ("operations", "inserts", "updates", "deletes", "rows")
_NAMES: Final = (*_TEXTS, "operation")
# The field of an operation that has what is written.
_WRITTEN: Final = {"INSERT": "after", "UPDATE": "after", "DELETE": "key"}
_DUMP: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), check_circular=False
).encode


class Ended(NamedTuple):
    """The end of a version, and the place of its record in the answer."""

    place: int
    record: dict[str, Any]


class Publication(NamedTuple):
    """A delta of which there are records."""

    tenant: str
    table_name: str
    version: str
    publication: str


class Operation(NamedTuple):
    """An operation that the stage takes: row_values is JSON, place that of its record."""

    place: int
    sequence: int
    operation: str
    row_values: str


@dataclass
class Batch:
    """The records of one answer.

    Attributes:
        shard_id: the shard that they are from.
        records: as they came.
        operations: by their publication.
        ends: end records by theirs.
        foreign: what is no record of ours, for the quarantine.
    """

    shard_id: str
    records: Sequence[dict[str, Any]]
    operations: dict[Publication, list[Operation]] = field(default_factory=dict)
    ends: dict[Publication, list[Ended]] = field(default_factory=dict)
    foreign: list[QuarantineRow] = field(default_factory=list)
    _seen: dict[tuple[Any, ...], Publication] = field(default_factory=dict)

    @property
    def publications(self) -> list[Publication]:
        """All that there are records of, in order."""
        return sorted({*self.operations, *self.ends})

    def add(self, place: int) -> None:
        """Put a record where it belongs."""
        try:
            value = _read(self.records[place]["Data"])
            publication = self._publication_of(value)
            if value["operation"] == "END":
                self.ends.setdefault(publication, []).append(Ended(place, _end_of(value)))
            else:
                operation = _operation_of(place, value)
                self.operations.setdefault(publication, []).append(operation)
        except ForeignError as error:
            self.set_aside(place, error)

    def _publication_of(self, value: dict[str, Any]) -> Publication:
        """The publication of a record; most are of one that was seen before."""
        named = tuple(map(value.get, _NAMES))
        try:
            return self._seen[named]
        except (KeyError, TypeError):
            publication = _publication_of(value)
        return self._seen.setdefault(named, publication)

    def set_aside(self, place: int, error: ForeignError) -> None:
        """Give a record to the quarantine: file is the shard, version the number there."""
        record = self.records[place]
        raw = record["Data"][:_RAW_CHARACTERS].decode(errors="backslashreplace")
        row = QuarantineRow(
            file=self.shard_id,
            version=record["SequenceNumber"],
            line=None,
            column_name=None,
            code=error.code,
            reason=error.reason,
            raw=raw.replace("\0", "\\x00")[:_RAW_CHARACTERS],
        )
        self.foreign.append(row)

    def disown(self, publication: Publication, error: ForeignError) -> None:
        """Set all records of a publication aside."""
        for record in (*self.operations.pop(publication, ()), *self.ends.pop(publication, ())):
            self.set_aside(record.place, error)


class ForeignError(Exception):
    """A record that is none of ours.

    Arguments:
        code: a stable short name of the reason.
        reason: one sentence without a value.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def read_batch(records: Sequence[dict[str, Any]], *, shard_id: str) -> Batch:
    """Tell the records of an answer apart."""
    batch = Batch(shard_id, records)
    for place in range(len(records)):
        batch.add(place)
    return batch


def _read(data: bytes) -> dict[str, Any]:
    try:
        value = _LOAD(data.decode())
    except (ValueError, RecursionError):
        raise ForeignError("not_json", "the record is no JSON") from None
    if not isinstance(value, dict):
        raise ForeignError("not_object", "the record is no JSON object")
    return value


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) < _MOST_DIGITS else digits


# Numbers keep their digits: a numeric may have more than a double, or than Python reads, and jsonb
# has no negative zero. A decoder that is made once takes half the time.
_LOAD: Final = json.JSONDecoder(parse_float=str, parse_int=_whole).decode


def _publication_of(value: dict[str, Any]) -> Publication:
    found = [text for name in _TEXTS if isinstance(text := value.get(name), str)]
    if len(found) < len(_TEXTS) or not all(map(_is_storable, found)):
        names = ", ".join(_TEXTS)
        raise ForeignError("no_change", f"the record has not all of {names} as text")
    if value.get("operation") not in (*_WRITTEN, "END"):
        raise ForeignError("no_change", "the record has none of the operations that there are")
    return Publication(*found)


def _operation_of(place: int, value: dict[str, Any]) -> Operation:
    operation, sequence = value["operation"], value.get("sequence")
    if type(sequence) is not int or not 0 < sequence < 1 << 63:
        raise ForeignError("no_sequence", "the record has no sequence from 1")
    written = value.get(_WRITTEN[operation])
    if not isinstance(written, dict) or not written:
        field_name = _WRITTEN[operation]
        raise ForeignError("no_row", f"the record of this operation has no object {field_name}")
    text = _DUMP(written)
    if not _is_storable(text, as_json=True):
        raise ForeignError("not_storable", "Postgres stores no NUL and no half of a surrogate pair")
    return Operation(place, sequence, operation, text)


def _end_of(value: dict[str, Any]) -> dict[str, Any]:
    counts = [value.get(name) for name in _COUNTS]
    if not all(type(count) is int and 0 <= count < 1 << 63 for count in counts):
        raise ForeignError("no_counts", f"the end record has not all of {', '.join(_COUNTS)}")
    base = value.get("base")
    if not isinstance(value.get("checksum"), str) or not isinstance(base, str | None):
        raise ForeignError("no_counts", "the end record has no checksum, or no base as text")
    return value


def _is_storable(text: str, *, as_json: bool = False) -> bool:
    """Whether Postgres takes it as text: neither NUL nor surrogates."""
    if as_json and "\\u0000" in text:
        # What follows an even number of backslashes is an escape.
        text = text.replace("\\\\", "")
        if "\\u0000" in text:
            return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
