"""The lease on an exported table: one run at a time works on it, whatever the version.

It is kept by tenant and table. One that each run asked for under a name of its own, such as its
version, would keep nobody out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from include.core.exports.names import TableName, table_parameters
from include.core.statements import read_statement
from include.core.warehouse.renewal import Renewed
from include.errors import ExportBusyError

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from include.core.runs.run import Run
    from include.core.warehouse.connection import Connect

# As long as a task may take, and longer than any pause between two renewals.
LEASE_SECONDS: Final = 1800
_TAKEN_OVER: Final = "Another run has taken the table over, or this one has ended"


class HeldTable(TableName):
    """A table that a run holds, as its tasks exchange it in JSON."""

    token: int


@dataclass(frozen=True, kw_only=True)
class Base:
    """What a delta is worked out from.

    Attributes:
        version: the last one that was published whole; None before the first.
        snapshot: where its rows are.
    """

    version: str | None
    snapshot: dict[str, Any] | None


def acquire(cursor: cursor, table: TableName, run: Run) -> tuple[HeldTable, Base] | None:
    """Take the lease on a table, and find what its next delta is worked out from.

    Arguments:
        cursor: of a transaction that commits at once.
        table: which; it has been registered.
        run: which run asks. The run that holds the lease already gets it with a new token.

    Returns:
        None while another run holds it.
    """
    values = {**table_parameters(table), **run.parameters, "lease_seconds": LEASE_SECONDS}
    cursor.execute(read_statement("table_export_to_kinesis/lease_table.acquire"), values)
    row = cursor.fetchone()
    if row is None:
        return None
    token, version, snapshot = row
    held: HeldTable = {"tenant": table["tenant"], "table": table["table"], "token": token}
    return held, Base(version=version, snapshot=snapshot)


def check(cursor: cursor, held: HeldTable) -> None:
    """Make sure that a run still holds a table, and go on holding it until the transaction ends.

    Raises:
        ExportBusyError: the run has ended, or another one has taken it over.
    """
    cursor.execute(read_statement("table_export_to_kinesis/lease_table.check"), _held(held))
    if cursor.fetchone() is None:
        raise ExportBusyError(_TAKEN_OVER)


def release(cursor: cursor, held: HeldTable) -> None:
    """Let other runs have a table, unless one has it already."""
    cursor.execute(read_statement("table_export_to_kinesis/lease_table.release"), _held(held))


def release_tables(cursor: cursor, run: Run) -> None:
    """Let go of all tables that a run holds."""
    statement = read_statement("table_export_to_kinesis/lease_table.release_run")
    cursor.execute(statement, run.parameters)


class TableLease(Renewed):
    """A run's hold of a table.

    Arguments:
        connect: opens a connection to the warehouse.
        held: what acquire came back with.

    Raises:
        ExportBusyError: another run has taken it over; so does each renewal.
    """

    def __init__(self, connect: Connect, held: HeldTable) -> None:
        self.held = held
        super().__init__(connect, doing="renew the hold of a table")

    def _renew(self, cursor: cursor) -> None:
        values = _held(self.held) | {"lease_seconds": LEASE_SECONDS}
        cursor.execute(read_statement("table_export_to_kinesis/lease_table.renew"), values)
        if cursor.rowcount != 1:
            raise ExportBusyError(_TAKEN_OVER)


def _held(held: HeldTable) -> dict[str, Any]:
    return {**table_parameters(held), "token": held["token"]}
