"""Loads of snapshots, given as rows in plain Python, into a table of any shape."""

from __future__ import annotations

import io
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2 import sql

from include.core.warehouse.connection import transaction
from include.core.warehouse.upsert import LoadCounts, Policy, Snapshot, load_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from include.contracts.tables import Table
    from include.core.warehouse.connection import Connect

Row = tuple[Any, ...]


def cell(value: Any) -> str:
    """A value as open_rows of a snapshot writes it."""
    if value is None:
        return ""
    return '"' + value.replace('"', '""') + '"' if isinstance(value, str) else str(value)


@dataclass(frozen=True, kw_only=True)
class TableLoads:
    """A table of a dataset, and loads into it.

    Attributes:
        table: the contract.
        owner: opens connections of who owns the table.
        loader: opens those of who loads it.
    """

    table: Table
    owner: Connect
    loader: Connect

    @property
    def name(self) -> sql.Identifier:
        return sql.Identifier(self.table.schema, self.table.name)

    def create(self) -> None:
        """Make the table, empty and watched."""
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.type))
            for column in self.table.columns
        ]
        key = sql.SQL(", ").join(map(sql.Identifier, self.table.key))
        create = sql.SQL("create table {} ({}, primary key ({}))")
        with transaction(self.owner, doing="make the table") as cursor:
            cursor.execute(create.format(self.name, sql.SQL(", ").join(columns), key))
            name = self.name.as_string(cursor)
            cursor.execute("select ops.watch(%s::regclass)", (name,))

    def load(
        self,
        rows: Iterable[Row],
        as_of: datetime,
        policy: Policy,
        *,
        dry_run: bool = False,
        announced: int | None = None,
    ) -> LoadCounts:
        """Load a snapshot; its rows have the table's columns in order.

        It announces how many rows it has, or another number.
        """
        lines = sorted(",".join(map(cell, row)) + "\n" for row in rows)
        text = "".join(lines)

        @contextmanager
        def open_rows() -> Iterator[io.BytesIO]:
            yield io.BytesIO(text.encode())

        row_count = len(lines) if announced is None else announced
        snapshot = Snapshot(as_of=as_of, row_count=row_count, content_sha256=text)
        with transaction(self.loader, doing=f"load {self.table.sink}") as cursor:
            counts = load_snapshot(
                cursor,
                table=self.table,
                snapshot=snapshot,
                rows=open_rows,
                policy=policy,
                preview=dry_run,
            )
            if dry_run:
                cursor.connection.rollback()
        return counts

    def content(self) -> set[Row]:
        """The whole table."""
        return set(self.query(sql.SQL("table {}").format(self.name)))

    def query(self, statement: Any, *values: Any) -> list[Row]:
        """Rows of a statement, in a transaction of its own."""
        with closing(self.loader()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    def forget(self) -> None:
        """Empty the table, and all that is known of it."""
        self.query(sql.SQL("delete from {}").format(self.name))
        for known in ("sink", "vanished_row"):
            statement = f"delete from ops.{known} where sink = %s"
            with transaction(self.owner, doing="forget the table") as cursor:
                cursor.execute(statement, (self.table.sink,))
