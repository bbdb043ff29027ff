"""What the tasks of this pipeline return and take, and what they work with.

The TypedDicts are XComs, and stay as they are while runs of an older version may be under way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from include.contracts.exports import TableExport
    from include.core.aws.objects import ObjectStore
    from include.core.runs.run import Run
    from include.core.warehouse.connection import Connect
    from include.pipelines.kinesis_to_postgres.stream import Stream

    Declared = Callable[[str, str], TableExport | None]


@dataclass(frozen=True, kw_only=True)
class ReadResources:
    """What reading the stream works with.

    Attributes:
        run: which run reads.
        connect: opens a connection of the loader.
        stream: what is read.
        tip_seconds: how long a shard whose newest record has been read is asked for what is still
            awaited: a record can be read a moment after it was taken.
        poll_seconds: pause after an answer without records; a shard answers five times a second.
    """

    run: Run
    connect: Connect
    stream: Stream
    tip_seconds: float = 10.0
    poll_seconds: float = 0.25

    @property
    def sink(self) -> str:
        """The name that the ledger knows the stream by."""
        return f"kinesis:{self.stream.name}"


@dataclass(frozen=True, kw_only=True)
class SettleResources:
    """What applying works with.

    Attributes:
        connect: opens a connection of the loader.
        owner: opens one of who owns the tables; only to create or extend a target.
        declared: what declares the table of a tenant, if anything does.
        stream: asked how long it keeps records, where some are lost.
        lake: where snapshots of exports are.
        folder: for a local copy of a snapshot.
        memory: DuckDB's memory limit, such as "512MB".
        ui_url: base address of the Airflow UI, for links.
    """

    connect: Connect
    owner: Connect
    declared: Declared
    stream: Stream
    lake: ObjectStore
    folder: Path
    memory: str
    ui_url: str


class Awaited(TypedDict):
    """A version that was published before the stream was read, and is in it."""

    version: str
    publication: str


class TableTask(TypedDict):
    """A table whose turn it is.

    Attributes:
        tenant, table: which.
        awaited: versions that its target lacks, all of which are in the stream.
        rebuild: make the target anew from its newest export instead.
    """

    tenant: str
    table: str
    awaited: list[Awaited]
    rebuild: bool


class ReadShard(TypedDict):
    """What became of the records of a shard.

    Attributes:
        shard_id: which.
        closed: it was read to its end, and there is one.
        records: how many were read.
        staged: operations that were kept until their version is whole.
        repeated: operations that were kept already, or whose version is settled.
        ends: end records.
        foreign: records that were set aside.
    """

    shard_id: str
    closed: bool
    records: int
    staged: int
    repeated: int
    ends: int
    foreign: int
