"""Reads a shard from its checkpoint: keeps operations until their version is whole."""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final, cast

from include.core.failpoints import failpoint
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.pipelines.kinesis_to_postgres.records import Publication
from include.pipelines.kinesis_to_postgres.stage import (
    OvertakenError,
    Taken,
    find_position,
    listed,
    take_over,
)
from include.pipelines.kinesis_to_postgres.stream import ExpiredError

if TYPE_CHECKING:
    from include.pipelines.kinesis_to_postgres.stage import Position
    from include.pipelines.kinesis_to_postgres.stream import Records, Shard
    from include.pipelines.kinesis_to_postgres.task_values import (
        ReadResources,
        ReadShard,
        TableTask,
    )

# Records that arrive so long after a reader has begun are none that it awaits: those were put
# before. Clocks of different machines may differ by less.
_LATER: Final = timedelta(minutes=1)

log = logging.getLogger(__name__)


def read_shard(
    shard_id: str, *, tables: list[TableTask], resources: ReadResources
) -> list[ReadShard]:
    """Read a shard from its checkpoint on, and where it is closed, its children too.

    It is read to the end records of all versions that are awaited; to its newest record where there
    are none, or where one does not come; or to its end. Several readers of one
    shard do no harm: each batch is taken over once.

    Arguments:
        shard_id: which shard; all of its parents have been read to their ends.
        tables: that will be applied, with the versions that are awaited of them.
        resources: what the task works with.

    Returns:
        What became of the records: of the shard, and of each child that was read.

    Raises:
        SourceUnavailableError, SourceRefusedError: as Kinesis says.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    awaited = [
        Publication(table["tenant"], table["table"], each["version"], each["publication"])
        for table in tables
        for each in table["awaited"]
    ]
    found: list[ReadShard] = []
    left = deque([shard_id])
    while left:
        reader = _Reader(left.popleft(), awaited, resources)
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

    def __init__(self, shard_id: str, awaited: list[Publication], resources: ReadResources) -> None:
        self.children: tuple[Shard, ...] = ()
        self._resources = resources
        self._taken = Taken()
        self._position: Position = find_position(resources, shard_id)
        self._wanted = listed(awaited)
        self._later = datetime.now(timezone.utc) + _LATER
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
        # While there is more to come, only an end can be what was awaited last.
        if (found.behind == 0 or self._taken.ends) and not self._awaited():
            return True
        if found.records or found.behind:
            self._quiet_since = None
            return found.newest is not None and found.newest > self._later
        now = time.monotonic()
        self._quiet_since = self._quiet_since or now
        if now - self._quiet_since >= self._resources.tip_seconds:
            return True
        time.sleep(self._resources.poll_seconds)
        return False

    def _awaited(self) -> int:
        """How many versions are awaited whose end this shard has not shown."""
        values = {
            "stream": self._resources.stream.name,
            "shard_id": self._position.shard_id,
            "publications": self._wanted,
        }
        with transaction(self._resources.connect, doing="find what is awaited") as cursor:
            cursor.execute(read_statement("kinesis_to_postgres/stage_batch.awaited"), values)
            ((count,),) = cursor.fetchall()
        return int(count)
