"""Runs of kinesis_to_postgres task by task, in this process or in one that dies."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg2
from psycopg2 import sql

from include.core.aws.objects import ObjectStore, sha256_of
from include.core.exports.snapshots import snapshot_key
from include.core.runs.ledger import RunOfSink
from include.core.runs.outbox import announce_end
from include.core.runs.run import Run
from include.core.scratch import scratch_folder
from include.datasets import export_of, table_exports
from include.pipelines import kinesis_to_postgres as pipeline
from tests.support.clients import client
from tests.support.worker_processes import WAIT_SECONDS, die_at, once

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from psycopg2.extensions import connection

    from include.contracts.exports import TableExport
    from include.core.exports.names import ExportName
    from tests.support.published_changes import Row, Table

DAG_ID = "kinesis_to_postgres"


def declared(tenant: str, table: str) -> TableExport | None:
    """What declares the table of a tenant."""
    return export_of(table_exports(), tenant, table)


@dataclass(frozen=True, kw_only=True)
class StreamPlace:
    """Where a stream is read and applied; other processes can have it.

    Attributes:
        loader_uri, owner_uri: libpq URIs of a warehouse that is up to date.
        aws: URL of the emulator.
        stream: name of the stream.
        lake: name of a bucket.
        folder: for temporary files and failpoints.
        kinesis: URL of Kinesis, when it is not the emulator's.
        tip_seconds, retry_seconds: as ReadResources and Stream have them.
        dataset_of: the declaration of a tenant's table.
        found: what came of each shard that was read in this process.
    """

    loader_uri: str
    owner_uri: str
    aws: str
    stream: str
    lake: str
    folder: Path
    kinesis: str | None = None
    tip_seconds: float = 0.3
    retry_seconds: float = 5
    dataset_of: Callable[[str, str], TableExport | None] = declared
    found: list[pipeline.ReadShard] = field(default_factory=list)

    @property
    def failpoints(self) -> Path:
        return self.folder / "failpoints"

    def connect(self) -> connection:
        return psycopg2.connect(self.loader_uri)

    def own(self) -> connection:
        return psycopg2.connect(self.owner_uri)

    @property
    def reading(self) -> pipeline.ReadResources:
        return self.reading_of("run")

    def reading_of(self, run_id: str) -> pipeline.ReadResources:
        return pipeline.ReadResources(
            run=Run(dag_id=DAG_ID, run_id=run_id),
            connect=self.connect,
            stream=pipeline.Stream(
                client=client("kinesis", self.kinesis or self.aws),
                name=self.stream,
                retry_seconds=self.retry_seconds,
            ),
            tip_seconds=self.tip_seconds,
            poll_seconds=0.02,
        )

    def run(self, run_id: str = "run", *, barrier: Barrier | None = None) -> list[str]:
        """All tasks of a run; returns the targets that were looked after."""
        tables = self.read(run_id, barrier=barrier)
        return [self.apply(table, run_id) for table in tables]

    def read(
        self, run_id: str = "run", *, barrier: Barrier | None = None
    ) -> list[pipeline.TableTask]:
        """The tasks before apply; returns the tables whose turn it is, the same to a rerun."""
        reading = self.reading_of(run_id)
        kept = self.folder / "kept" / run_id
        tables = once(kept, lambda: pipeline.find_tables(self.connect))
        shards = pipeline.find_shards(reading)
        if barrier:
            barrier.wait(WAIT_SECONDS)
        self.found.extend(
            each
            for shard in shards
            for each in pipeline.read_shard(shard, tables=tables, resources=reading)
        )
        found: list[pipeline.TableTask] = tables
        return found

    def announce(self, run_id: str = "run") -> list[str]:
        """The last task; returns the bodies of the notices that were sent."""
        sent: list[str] = []
        run = Run(dag_id=DAG_ID, run_id=run_id)
        announce_end(self.connect, run, publish=lambda notice: sent.append(notice.body))
        return sent

    def rebuild(self, table: Table, run_id: str = "run") -> str:
        """A run that was asked to rebuild a target."""
        return self.apply(pipeline.rebuild_task(table.tenant, table.name), run_id)

    def apply(self, table: pipeline.TableTask, run_id: str = "run") -> str:
        """The task of one table."""
        now = datetime.now(timezone.utc)
        run = RunOfSink(dag_id=DAG_ID, run_id=run_id, sink="", as_of=now, started_at=now)
        with scratch_folder(run_id, table["tenant"], table["table"], root=self.folder) as folder:
            resources = pipeline.SettleResources(
                connect=self.connect,
                owner=self.own,
                declared=self.dataset_of,
                stream=self.reading.stream,
                lake=self.lake_store,
                folder=folder,
                memory="128MB",
                ui_url="http://localhost:8080",
            )
            return pipeline.apply_table(table, run=run, resources=resources)

    def die_at(self, failpoint: str, run_id: str = "run") -> None:
        """A run in a process of its own that must die at a failpoint."""
        die_at(failpoint, partial(self.run, run_id), failpoints=self.failpoints)

    def keep(self, table: Table, version: str, rows: list[Row]) -> dict[str, Any]:
        """Put the rows of an export into the lake, as its publisher does."""
        path = self.folder / "snapshot.parquet"
        described = ", ".join(
            f'"{each.name}" {each.type}' for each in table.export.contract.columns
        )
        with duckdb.connect() as opened:
            opened.execute(f"create table export ({described})")
            for row in rows:
                marks = ", ".join("?" for _ in table.columns)
                values = [row.get(name) for name in table.columns]
                opened.execute(f"insert into export values ({marks})", values)
            opened.execute(f"copy export to '{path}' (format parquet)")
        name: ExportName = {"tenant": table.tenant, "table": table.name, "version": version}
        key = snapshot_key(name, sha256=sha256_of(path))
        sha256 = self.lake_store.put_file(key, path)
        return {"key": key, "sha256": sha256, "rows": len(rows)}

    @property
    def lake_store(self) -> ObjectStore:
        return ObjectStore(client=client("s3", self.aws), bucket=self.lake)

    def rows(self, table: Table, connection: connection | None = None) -> list[Row]:
        """What the target has, in order of key; without rows that are softly deleted."""
        columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
        target = sql.Identifier(*table.sink.split(".", 1))
        statement = sql.SQL("select {} from {}").format(columns, target)
        if table.export.deletes == "soft":
            statement += sql.SQL(" where deleted_at is null")
        if connection is None:
            rows = self.query(statement)
        else:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                rows = cursor.fetchall()
        found = [dict(zip(table.columns, row, strict=True)) for row in rows]
        return sorted(found, key=table.key_of)

    def query(self, statement: Any, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement of the loader, in a transaction of its own."""
        with closing(self.connect()) as opened, opened:
            cursor = opened.cursor()
            cursor.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []
