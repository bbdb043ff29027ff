"""A batch of records and the checkpoint behind them, taken over in one transaction."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from psycopg2.extras import Json

from include.core.failpoints import failpoint
from include.core.runs.quarantine import add_rows, waiting_versions
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.pipelines.kinesis_to_postgres.records import ForeignError, Publication, read_batch

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from include.pipelines.kinesis_to_postgres.records import Batch
    from include.pipelines.kinesis_to_postgres.task_values import ReadResources

_UNKNOWN: Final = ForeignError(
    "unknown_export", "nobody has registered an export of this tenant, table and version"
)


@dataclass(kw_only=True)
class Taken:
    """What became of records; see ReadShard."""

    records: int = 0
    staged: int = 0
    repeated: int = 0
    ends: int = 0
    foreign: int = 0


class OvertakenError(Exception):
    """Another reader has moved the checkpoint: what was read is taken over already."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """A reader's place in a shard.

    Attributes:
        shard_id: which shard.
        sequence_number: the last record that was taken over; None before the first.
        closed: all of a closed shard has been.
    """

    shard_id: str
    sequence_number: str | None = None
    closed: bool = False


def find_position(resources: ReadResources, shard_id: str) -> Position:
    """How far a shard has been read."""
    named = {"stream": resources.stream.name, "shard_id": shard_id}
    with transaction(resources.connect, doing="find how far the stream was read") as cursor:
        cursor.execute(_statement("keep_checkpoint.begin"), named)
        cursor.execute(_statement("keep_checkpoint.find"), named)
        ((number, closed),) = cursor.fetchall()
    return Position(shard_id=shard_id, sequence_number=number, closed=closed)


def take_over(
    resources: ReadResources,
    records: list[dict[str, Any]],
    *,
    before: Position,
    after: Position,
    taken: Taken,
) -> None:
    """Keep what an answer had, and move the checkpoint behind it.

    Arguments:
        resources: what the task works with.
        records: of the answer.
        before: where the reader was.
        after: where it is now.
        taken: what this adds its counts to, once they are committed.

    Raises:
        OvertakenError: another reader has been here.
    """
    batch = read_batch(records, shard_id=before.shard_id)
    with transaction(resources.connect, doing="take over records of the stream") as cursor:
        _move(cursor, resources, before=before, after=after)
        failpoint("read_shard.moved")
        numbers = _numbers(cursor, batch)
        ends = _keep_ends(cursor, resources, batch, numbers)
        staged = _stage(cursor, batch, numbers)
        failpoint("read_shard.staged")
        foreign = _set_aside(cursor, resources, batch)
        failpoint("read_shard.set_aside")
    failpoint("read_shard.committed")
    taken.records += len(records)
    taken.staged += staged
    taken.ends += ends
    taken.foreign += foreign
    taken.repeated += len(records) - staged - ends - foreign


def _move(cursor: cursor, resources: ReadResources, *, before: Position, after: Position) -> None:
    """Move the checkpoint, first of all: a second reader waits here, and then steps back."""
    values = {
        "stream": resources.stream.name,
        "shard_id": before.shard_id,
        "before": before.sequence_number,
        "sequence_number": after.sequence_number,
        "closed": after.closed,
    }
    cursor.execute(_statement("keep_checkpoint.move"), values)
    if cursor.rowcount != 1:
        raise OvertakenError


def _numbers(cursor: cursor, batch: Batch) -> dict[Publication, int]:
    """The numbers of the publications whose records are kept; foreign ones leave the batch."""
    asked = {"publications": listed(batch.publications)}
    cursor.execute(_statement("stage_batch.judge"), asked)
    fates = {Publication(*names): fate for *names, fate in cursor.fetchall()}
    for publication in [each for each, fate in fates.items() if fate == "foreign"]:
        batch.disown(publication, _UNKNOWN)
    wanted = sorted(each for each, fate in fates.items() if fate == "stage")
    cursor.execute(_statement("stage_batch.number"), {"publications": listed(wanted)})
    numbers = {}
    for publication in wanted:
        cursor.execute(_statement("stage_batch.find"), publication._asdict())
        # None where it was applied this moment.
        if row := cursor.fetchone():
            numbers[publication] = row[0]
    return numbers


def _keep_ends(
    cursor: cursor, resources: ReadResources, batch: Batch, numbers: dict[Publication, int]
) -> int:
    shard = {"stream": resources.stream.name, "shard_id": batch.shard_id}
    kept = 0
    for publication, number in numbers.items():
        for ended in batch.ends.get(publication, ()):
            values = {**shard, "publication_id": number, "record": Json(ended.record)}
            cursor.execute(_statement("stage_batch.end"), values)
            kept += cursor.rowcount
    return kept


def _stage(cursor: cursor, batch: Batch, numbers: dict[Publication, int]) -> int:
    lines = io.StringIO(newline="")
    write = csv.writer(lines).writerow
    for publication, number in numbers.items():
        for _, *operation in batch.operations.get(publication, ()):
            write((number, *operation))
    if not lines.tell():
        return 0
    lines.seek(0)
    cursor.execute(_statement("stage_batch.create"))
    cursor.copy_expert(_statement("stage_batch.copy"), lines)
    cursor.execute(_statement("stage_batch.keep"))
    return cursor.rowcount


def _set_aside(cursor: cursor, resources: ReadResources, batch: Batch) -> int:
    """Put foreign records into the quarantine; those there that are none any more leave it."""
    waiting = waiting_versions(cursor, resources.sink, batch.shard_id)
    if not (waiting or batch.foreign):
        return 0
    numbers = [record["SequenceNumber"] for record in batch.records]
    read = [(batch.shard_id, number) for number in numbers if number in waiting]
    return add_rows(cursor, resources.run, resources.sink, batch.foreign, read=read)


def listed(publications: list[Publication]) -> str:
    """Publications as statements take them."""
    return json.dumps([publication._asdict() for publication in publications])


def _statement(name: str) -> str:
    return read_statement(f"kinesis_to_postgres/{name}")
