"""Records of the changes stream as plain Python works them out of whole tables and puts them.

Nothing here is of the project but the shape of a record: two states of a table are compared, and
the operations go to the stream, with their end behind them in every open shard.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extras import Json

from include.core.exports.row_text import digest_name
from include.datasets import order_lines, test_table
from tests.support.clients import client

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from include.contracts.exports import TableExport

Row = dict[str, Any]
MOST_RECORDS = 500

REGISTER = """
    insert into ops.export_table (tenant, table_name, target) values (%s, %s, %s)
    on conflict (tenant, table_name) do nothing
"""
BEGIN = """
    insert into ops.export (tenant, table_name, version, state, publication)
    values (%s, %s, %s, 'complete', %s)
    on conflict (tenant, table_name, version) do update
    set state = excluded.state, publication = excluded.publication
"""
COMMIT = """
    update ops.export
    set state = 'published', published_at = clock_timestamp(), delta = %s, counts = %s,
        snapshot = %s
    where tenant = %s and table_name = %s and version = %s
"""
ADVANCE = """
    update ops.export_table set published_version = %s, published_snapshot = %s
    where tenant = %s and table_name = %s
"""


@dataclass(frozen=True)
class Table:
    """A table of a tenant."""

    export: TableExport
    tenant: str
    name: str

    @property
    def columns(self) -> list[str]:
        return [column.name for column in self.export.contract.columns]

    @property
    def sink(self) -> str:
        return f"{self.export.target_schema}.{self.tenant}__{self.name}"

    def key_of(self, row: Row) -> str:
        return json.dumps({name: row[name] for name in self.export.contract.key})


THINGS = Table(test_table.DATASET, "acme", "test_table")
LINES = Table(order_lines.DATASET, "acme", "order_lines")


def things(*keys: int, c1: str | None = "x") -> list[Row]:
    """Rows of THINGS."""
    return [{"pk": f"k{key:06}", "c1": c1, "c2": 'say "é"; ok', "c3": None} for key in keys]


def line(order: int, number: int, **values: Any) -> Row:
    """A row of LINES."""
    row: Row = {"order_id": order, "line": number, "product": "pen", "quantity": 1}
    return row | {"price": None, "ordered_on": None, "changed_at": None, "gift": None} | values


@dataclass
class Changes:
    """A version's operations, and its end."""

    records: list[dict[str, Any]]
    end: dict[str, Any]


def changes_of(
    table: Table, version: str, *, before: Sequence[Row], after: Sequence[Row], base: str | None
) -> Changes:
    """Compare two states of a table."""
    old = {table.key_of(row): row for row in before}
    new = {table.key_of(row): row for row in after}
    name = {"tenant": table.tenant, "table": table.name, "version": version}
    found = [
        (key, "INSERT" if key not in old else "DELETE" if key not in new else "UPDATE")
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    ]
    body = json.dumps([[key, kind, new.get(key)] for key, kind in found])
    name["publication"] = hashlib.sha256(f"{base}/{version}/{body}".encode()).hexdigest()
    records = [
        {
            **name,
            "sequence": number,
            "operation": kind,
            "key": json.loads(key),
            "before": old.get(key),
            "after": new.get(key),
            "idempotency_key": f"{name['publication']}:{number}",
        }
        for number, (key, kind) in enumerate(found, 1)
    ]
    kinds = [kind for _, kind in found]
    end = {
        **name,
        "operation": "END",
        "base": base,
        "operations": len(found),
        "inserts": kinds.count("INSERT"),
        "updates": kinds.count("UPDATE"),
        "deletes": kinds.count("DELETE"),
        "rows": len(new),
        "checksum": checksum(table, after),
    }
    return Changes(records, end)


def checksum(table: Table, rows: Iterable[Row]) -> str:
    """The sum over all rows of the first 60 bits of the digest of their text."""
    total = 0
    for row in rows:
        text = "".join(_cell(row.get(name)) for name in table.columns)
        total += int(hashlib.sha256(text.encode()).hexdigest()[:15], 16)
    return str(total)


def _cell(value: Any) -> str:
    """Texts, whole numbers and booleans only."""
    if value is None:
        return "n;"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{len(text.encode())}:{text}"


@dataclass
class Publisher:
    """Puts versions of tables to a stream, and registers them as their publisher does.

    Attributes:
        warehouse_uri: libpq URI of the owner.
        endpoint: URL of Kinesis.
        stream: its name.
        into: shards that are open; all of the stream when empty.
        states: what was published last of each table, and its version.
    """

    warehouse_uri: str
    endpoint: str
    stream: str
    into: tuple[str, ...] = ()
    states: dict[Table, tuple[str | None, list[Row]]] = field(default_factory=dict)

    def publish(self, table: Table, version: str, rows: list[Row], **known: Any) -> Changes:
        """Publish a version whole: operations, ends, and the state that says so."""
        changes = self.begin(table, version, rows)
        self.put(changes.records)
        self.put_ends(changes.end)
        self.commit(table, changes, rows, **known)
        return changes

    def begin(self, table: Table, version: str, rows: list[Row]) -> Changes:
        """Work out a version and register it."""
        base, before = self.states.get(table, (None, []))
        changes = changes_of(table, version, before=before, after=rows, base=base)
        self.query(REGISTER, table.tenant, table.name, table.sink)
        self.query(BEGIN, table.tenant, table.name, version, changes.end["publication"])
        return changes

    def commit(
        self,
        table: Table,
        changes: Changes,
        rows: list[Row],
        *,
        counts: dict[str, int] | None = None,
        snapshot: dict[str, Any] | None = None,
    ) -> None:
        """Say that a version was published whole."""
        version = changes.end["version"]
        digest = {"digest": digest_name(table.export.contract.columns)}
        known = (Json({"end": changes.end}), Json(counts), Json((snapshot or {}) | digest))
        self.query(COMMIT, *known, table.tenant, table.name, version)
        kept = None if snapshot is None else Json(snapshot)
        self.query(ADVANCE, version, kept, table.tenant, table.name)
        self.states[table] = (version, rows)

    def put(self, records: Sequence[Any]) -> None:
        """Put records, those of a key into one shard; what is bytes goes as it is."""
        starts = self._starts()
        entries = []
        for each in records:
            data = each if isinstance(each, bytes) else json.dumps(each).encode()
            key = b"" if isinstance(each, bytes) else json.dumps(each.get("key")).encode()
            place = int(hashlib.sha256(key).hexdigest(), 16) % len(starts)
            entries.append(_entry(data, starts[place]))
        self._send(entries)

    def put_ends(self, end: dict[str, Any]) -> None:
        """Put an end into every open shard."""
        self._send([_entry(json.dumps(end).encode(), start) for start in self._starts()])

    def _starts(self) -> list[str]:
        """The first hash key of each open shard."""
        shards = client("kinesis", self.endpoint).list_shards(StreamName=self.stream)["Shards"]
        return [
            shard["HashKeyRange"]["StartingHashKey"]
            for shard in shards
            if not self.into or shard["ShardId"] in self.into
        ]

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement, in a transaction of its own."""
        with closing(psycopg2.connect(self.warehouse_uri)) as opened, opened:
            cursor = opened.cursor()
            cursor.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    def _send(self, entries: list[dict[str, Any]]) -> None:
        kinesis = client("kinesis", self.endpoint)
        for start in range(0, len(entries), MOST_RECORDS):
            batch = entries[start : start + MOST_RECORDS]
            answer = kinesis.put_records(StreamName=self.stream, Records=batch)
            assert answer["FailedRecordCount"] == 0


def _entry(data: bytes, start: str) -> dict[str, Any]:
    return {"Data": data, "PartitionKey": "any", "ExplicitHashKey": start}
