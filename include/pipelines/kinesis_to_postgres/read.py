"""Reads a shard from its checkpoint: keeps operations until their version is whole."""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from include.core.failpoints import failpoint
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.pipelines.kinesis_to_postgres.stage import (
    OvertakenError,
    Taken,
    find_position,
    take_over,
)
from include.pipelines.kinesis_to_postgres.stream import ExpiredError

if TYPE_CHECKING:
    from datetime import datetime

    from include.pipelines.kinesis_to_postgres.stage import Position
    from include.pipelines.kinesis_to_postgres.stream import Records, Shard
    from include.pipelines.kinesis_to_postgres.task_values import ReadResources, ReadShard

log = logging.getLogger(__name__)


def read_shard(shard_id: str, *, until: datetime, resources: ReadResources) -> list[ReadShard]:
    """Read a shard from its checkpoint on, and where it is closed, its children too.

    It is read to the end records of all versions that are published and not applied; to its newest
    record where none is awaited, or where none comes; or to its end. Several readers of one
    shard do no harm: each batch is taken over once.

    Arguments:
        shard_id: which shard; all of its parents have been read to their ends.
        until: versions that were published before are awaited.
        resources: what the task works with.

    Returns:
        What became of the records: of the shard, and of each child that was read.

    Raises:
        SourceUnavailableError, SourceRefusedError: as Kinesis says.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    found: list[ReadShard] = []
    left = deque([shard_id])
    while left:
        reader = _Reader(left.popleft(), until, resources)
        reader.run()
        found.append(reader.report)
        log.info("Read of %(shard_id)s: %(records)s records", reader.report)
        left.extend(_ready(reader.children, resources))
    return found


def closed_shards(resources: ReadResources) -> dict[str, bool]:
    """The shards of the stream that have been read, and whether to their ends."""
    with transaction(resources.connect, doing="find what was read of the stream") as cursor:
        statement = read_statement("kinesis_to_postgres/keep_checkpoint.list")
        cursor.execute(statement, {"stream": resources.stream.name})
        return dict(cursor.fetchall())


def _ready(children: tuple[Shard, ...], resources: ReadResources) -> list[str]:
    """The children of a shard all of whose parents have been read; the last of them finds it."""
    if not children:
        return []
    closed = closed_shards(resources)
    return [
        child.shard_id
        for child in children
        if all(closed.get(parent, False) for parent in child.parents)
    ]


class _Reader:
    """One reading of one shard."""

    def __init__(self, shard_id: str, until: datetime, resources: ReadResources) -> None:
        self.children: tuple[Shard, ...] = ()
        self._resources = resources
        self._taken = Taken()
        self._position: Position = find_position(resources, shard_id)
        self._until = until
        self._quiet_since: float | None = None

    @property
    def report(self) -> ReadShard:
        position = self._position
        names = {"shard_id": position.shard_id, "closed": position.closed}
        return cast("ReadShard", {**names, **asdict(self._taken)})

    def run(self) -> None:
        if self._position.closed:
            return
        iterator = self._iterator()
        while iterator is not None:
            try:
                found = self._resources.stream.read(iterator)
                failpoint("read_shard.read")
                self._take(found)
            except (ExpiredError, OvertakenError):
                # Both go on behind the last record that has been taken over, by whomever.
                self._position = find_position(self._resources, self._position.shard_id)
                iterator = None if self._position.closed else self._iterator()
                continue
            iterator = None if self._is_enough(found) else found.following

    def _iterator(self) -> str | None:
        position = self._position
        return self._resources.stream.iterator(position.shard_id, after=position.sequence_number)

    def _take(self, found: Records) -> None:
        """Take over an answer that has news."""
        if not found.records and found.following is not None:
            return
        before = self._position
        after = replace(before, closed=found.following is None)
        if found.records:
            after = replace(after, sequence_number=found.records[-1]["SequenceNumber"])
        take_over(self._resources, found.records, before=before, after=after, taken=self._taken)
        self._position, self.children = after, found.children

    def _is_enough(self, found: Records) -> bool:
        """Whether nothing is awaited any more, or nothing comes; waits before the next call."""
        if found.following is None:
            return True
        is_newest = not found.records and found.behind == 0
        awaited = self._awaited() if is_newest or found.behind == 0 or self._taken.ends else 1
        if not awaited:
            return True
        if not is_newest:
            self._quiet_since = None
            return self._is_later(found)
        now = time.monotonic()
        self._quiet_since = self._quiet_since or now
        if now - self._quiet_since >= self._resources.tip_seconds:
            return True
        time.sleep(self._resources.poll_seconds)
        return False

    def _is_later(self, found: Records) -> bool:
        """Whether records have come that were put long after this began: none was awaited then."""
        patience = timedelta(seconds=self._resources.tip_seconds)
        return found.newest is not None and found.newest > self._until + patience

    def _awaited(self) -> int:
        """How many versions are published whose end this shard has not shown."""
        values = {
            "stream": self._resources.stream.name,
            "shard_id": self._position.shard_id,
            "before": self._until,
        }
        with transaction(self._resources.connect, doing="find what is awaited") as cursor:
            cursor.execute(read_statement("kinesis_to_postgres/stage_batch.awaited"), values)
            ((count,),) = cursor.fetchall()
        return int(count)
