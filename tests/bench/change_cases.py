"""Ways to get operations into a keyed table. Each is timed from connecting to the commit."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg2
from psycopg2.extras import Json

from include.contracts.columns import Column
from include.contracts.exports import TableExport
from include.contracts.files import CsvContract
from include.core.aws.objects import ObjectStore
from include.core.exports.row_text import digest_name
from include.core.runs.ledger import RunOfSink
from include.core.runs.run import Run
from include.pipelines import kinesis_to_postgres as pipeline
from include.settings import Settings
from tests.support.folder_client import FolderClient

if TYPE_CHECKING:
    from psycopg2.extensions import connection

EXPORT: Final = TableExport(
    name="sales",
    title="Sales",
    description="Rows of the benchmark.",
    owner="bench",
    tables="sales",
    contract=CsvContract(
        columns=(
            Column(name="region", type="text", nullable=False),
            Column(name="day", type="date", nullable=False),
            Column(name="cases", type="bigint"),
            Column(name="deaths", type="integer"),
            Column(name="note", type="text"),
        ),
        key=("region", "day"),
    ),
)
STREAM, SHARD = "bench", "shardId-000000000000"
NAME: Final = {"tenant": "bench", "table": "sales"}
_FLOOR: Final = """
create table keyed_operations (
    sequence bigint, operation text, region text, day date, cases bigint, deaths integer, note text,
    primary key (region, day)
)
"""
_KNOW: Final = """
insert into ops.export_table (tenant, table_name, target)
values ('bench', 'sales', 'exports.bench__sales')
on conflict do nothing
"""
_PUBLISH: Final = """
insert into ops.export
    (tenant, table_name, version, state, publication, published_at, snapshot)
values ('bench', 'sales', %(version)s, 'published', %(version)s, now(), %(snapshot)s)
"""
# A GetRecords has 10,000 records at most, and 10 MB.
_ANSWER_RECORDS: Final = 10_000
_RUN: Final = Run(dag_id="kinesis_to_postgres", run_id="bench")


def copy_operations(*, uri: str, file: str) -> tuple[float, dict[str, int]]:
    """The floor: COPY of the operations alone, into an empty table that has the rows' key."""
    with closing(psycopg2.connect(uri)) as opened, opened, opened.cursor() as cursor:
        cursor.execute("drop table if exists keyed_operations")
        cursor.execute(_FLOOR)
    began = time.perf_counter()
    with (
        closing(psycopg2.connect(uri)) as opened,
        opened,
        opened.cursor() as cursor,
        Path(file).open("rb") as rows,
    ):
        cursor.copy_expert("copy keyed_operations from stdin (format csv)", rows)
        copied = cursor.rowcount
    return time.perf_counter() - began, {"copied": copied}


def changes_taken(*, uri: str, file: str, version: str) -> tuple[float, dict[str, int]]:
    """Records of a version from a stream that answers at once, into what is kept of it."""
    snapshot = Json({"digest": digest_name(EXPORT.contract.columns)})
    with closing(psycopg2.connect(uri)) as opened, opened, opened.cursor() as cursor:
        if version == "v1":
            _forget(cursor)
        cursor.execute(_KNOW)
        cursor.execute(_PUBLISH, {"version": version, "snapshot": snapshot})
    lines = Path(file).read_bytes().splitlines()
    began = time.perf_counter()
    tables = pipeline.find_tables(lambda: _connect(uri))
    (read,) = pipeline.read_shard(SHARD, tables=tables, resources=_reading(uri, lines, version))
    return time.perf_counter() - began, {"staged": read["staged"], "ends": read["ends"]}


def changes_applied(*, uri: str, folder: str) -> tuple[float, dict[str, int]]:
    """What is kept of a version, into its target; the target is there."""
    (table,) = pipeline.find_tables(lambda: _connect(uri))
    now = datetime.now(timezone.utc)
    resources = pipeline.SettleResources(
        connect=lambda: _connect(uri),
        owner=lambda: _connect(uri),
        declared=lambda _tenant, _table: EXPORT,
        stream=_reading(uri, [], "").stream,
        lake=ObjectStore(client=FolderClient(), bucket=str(Path(folder, "lake"))),  # it is empty
        folder=Path(folder),
        memory=Settings.duckdb_memory,
        ui_url="",
    )
    run = RunOfSink(**_RUN.parameters, sink="", as_of=now, started_at=now)
    began = time.perf_counter()
    pipeline.apply_table(table, run=run, resources=resources)
    seconds = time.perf_counter() - began
    with closing(psycopg2.connect(uri)) as opened, opened, opened.cursor() as cursor:
        cursor.execute("select inserted, updated, deleted from ops.run where run_id = 'bench'")
        ((inserted, updated, deleted),) = cursor.fetchall()
        cursor.execute("delete from ops.run where run_id = 'bench'")
    return seconds, {"inserted": inserted, "updated": updated, "deleted": deleted}


class _Client:
    """A stream of one shard that has its records in memory."""

    def __init__(self, lines: list[bytes], version: str) -> None:
        now = datetime.now(timezone.utc)
        self._records = [
            {
                "SequenceNumber": f"{version}{number:09}",
                "Data": line,
                "ApproximateArrivalTimestamp": now,
            }
            for number, line in enumerate(lines, 1)
        ]

    def get_shard_iterator(self, **_: Any) -> dict[str, Any]:
        return {"ShardIterator": "0"}

    def get_records(self, *, ShardIterator: str) -> dict[str, Any]:  # noqa: N803 -- boto3's name
        start = int(ShardIterator)
        following = start + _ANSWER_RECORDS
        return {
            "Records": self._records[start:following],
            "NextShardIterator": str(following),
            "MillisBehindLatest": 0 if following >= len(self._records) else 1000,
        }


def _reading(uri: str, lines: list[bytes], version: str) -> pipeline.ReadResources:
    return pipeline.ReadResources(
        run=_RUN,
        connect=lambda: _connect(uri),
        stream=pipeline.Stream(client=_Client(lines, version), name=STREAM),
    )


def _connect(uri: str) -> connection:
    return psycopg2.connect(uri)


def _forget(cursor: Any) -> None:
    cursor.execute("drop table if exists exports.bench__sales")
    cursor.execute("delete from ops.sink where sink = 'exports.bench__sales'")
    cursor.execute("truncate ops.export, ops.export_table, ops.stream_shard cascade")


def make_operations(folder: Path, rows: int) -> dict[str, dict[str, int]]:
    """Write two versions as records and as CSV: a first one, and one that changes every row.

    Of the second a tenth of the operations inserts and a tenth deletes.
    """
    made = {}
    before: dict[int, dict[str, Any]] = {}
    for version, base, cut in (("v1", None, 0), ("v2", "v1", rows // 10)):
        after = {number: _row(number, version) for number in range(cut, rows + cut)}
        counts = _write(folder, version, base, before, after)
        made[version], before = counts, after
    return made


def _write(
    folder: Path,
    version: str,
    base: str | None,
    before: dict[int, dict[str, Any]],
    after: dict[int, dict[str, Any]],
) -> dict[str, int]:
    from tests.support.published_changes import Table, changes_of  # noqa: PLC0415 -- not measured

    table = Table(EXPORT, NAME["tenant"], NAME["table"])
    changes = changes_of(
        table, version, before=[*before.values()], after=[*after.values()], base=base
    )
    for record in (*changes.records, changes.end):
        record["publication"] = version
    with (folder / f"{version}.jsonl").open("w") as lines:
        lines.writelines(json.dumps(record) + "\n" for record in (*changes.records, changes.end))
    with (folder / f"{version}.csv").open("w") as lines:
        for record in changes.records:
            row = record["after"] or record["before"]
            cells = [record["sequence"], record["operation"], *row.values()]
            lines.write(",".join(map(str, cells)) + "\n")
    names = {"inserted": "inserts", "updated": "updates", "deleted": "deletes"}
    return {name: changes.end[count] for name, count in names.items()}


def _row(number: int, version: str) -> dict[str, Any]:
    return {
        "region": f"region {number // 300}",
        "day": f"2020-{number % 12 + 1:02}-{number // 12 % 25 + 1:02}",
        "cases": number * 7 + len(version) + int(version[1:]),
        "deaths": number % 1000,
        "note": f"note of {number} in {version}",
    }
