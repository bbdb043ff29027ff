"""Operations as records of the stream: their JSON, their partition keys and their sizes."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from include.core.aws.batches import Limits
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.json_rows import json_of
from include.core.statements import fill, quote_text
from include.pipelines.table_export_to_kinesis.delta import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.contracts.exports import TableExport
    from include.pipelines.table_export_to_kinesis.task_values import OfDelta

# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html: records, and bytes of
# data and partition keys together.
LIMITS: Final = Limits(entries=500, total_bytes=5 * 1024 * 1024)
MAX_RECORD_BYTES: Final = 1024 * 1024
_MAX_KEY_CHARACTERS: Final = 256
_ROWS: Final = 1000


class Record(NamedTuple):
    """An operation: its sequence number, the row's key as JSON, and the record."""

    sequence: int
    key: str
    data: str

    @property
    def partition_key(self) -> str:
        """What keeps the operations of a row in one shard, in their order."""
        return partition_key(self.key)

    @property
    def size(self) -> int:
        """Bytes, as Kinesis counts them."""
        return len(self.data.encode()) + len(self.partition_key.encode())


def partition_key(key: str) -> str:
    """The partition key of a row: its key as JSON, or the SHA-256 of that if it is too long."""
    if len(key) <= _MAX_KEY_CHARACTERS:
        return key
    return hashlib.sha256(key.encode()).hexdigest()


@contextmanager
def read_records(
    dataset: TableExport, part: OfDelta, path: Path, *, folder: Path, memory: str
) -> Iterator[Iterator[Record]]:
    """Open a part of a delta: its operations as records, in order of their sequence numbers.

    Arguments:
        dataset: the declaration.
        part: of which delta it is.
        path: its file.
        folder: for DuckDB's own files.
        memory: DuckDB's memory limit.
    """
    with connect_duckdb(folder, memory=memory) as connection:
        found = connection.execute(_statement(dataset, part), {"path": str(path)})

        def records() -> Iterator[Record]:
            for rows in iter(lambda: found.fetchmany(_ROWS), []):
                yield from map(Record._make, rows)

        yield records()


def _statement(dataset: TableExport, part: OfDelta) -> str:
    columns = dataset.contract.columns
    key = key_of(dataset)
    export = part["export"]
    place = [export["tenant"], export["table"], export["version"], part["publication"]]
    names = ("tenant", "table", "version", "publication")
    head = json.dumps(dict(zip(names, place, strict=True)), separators=(",", ":"))
    sides = {
        side: json_of(columns, [f"_sluice_{side}_{column.name}" for column in columns])
        for side in ("before", "after")
    }
    return fill(
        "table_export_to_kinesis/read_records",
        head=quote_text(f'{head[:-1]},"sequence":'),
        idempotency_key=quote_text(f"{'/'.join(place)}/"),
        key=json_of(key, [column.name for column in key]),
        **sides,
    )
