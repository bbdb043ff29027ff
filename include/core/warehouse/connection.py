"""Transactions in Postgres, with errors that say whether a retry can help."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg2
from psycopg2.extras import Json

from include.core.statements import read_statement
from include.errors import SluiceError, WarehouseRefusedError, WarehouseUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg2.extensions import connection, cursor

    Connect = Callable[[], connection]

# https://www.postgresql.org/docs/18/errcodes-appendix.html: connection, resources, operator
# intervention, and single states: serialization, deadlock, lock timeout, idle in transaction.
_TRANSIENT_CLASSES = ("08", "53", "57")
_TRANSIENT_STATES = ("40001", "40P01", "55P03", "25P03", "25P04")

# A holder whose machine is gone is noticed by its silence, not by its end.
_SESSION = {
    # Milliseconds: a load of another run may be waited for, a stopped one may not.
    "lock_timeout": "600000",
    "idle_in_transaction_session_timeout": "300000",
    # Seconds, and probes: a silent connection is given up after a minute and a half.
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    # Notices of "create … if not exists" say nothing that a run needs.
    "client_min_messages": "warning",
    "timezone": "UTC",
    # As in snapshots, whatever a role prefers.
    "datestyle": "ISO, YMD",
    # The comparison joins two whole tables, and nothing else runs in this session.
    "work_mem": "128MB",
}


@contextmanager
def transaction(connect: Connect, *, doing: str) -> Iterator[cursor]:
    """A transaction on a connection of its own: committed at the end, rolled back by an error.

    Arguments:
        connect: opens a connection.
        doing: what the transaction is for, such as "load covid.us_daily"; errors say it.

    Raises:
        WarehouseUnavailableError: out of reach, or another writer holds what this one needs.
        WarehouseRefusedError: the statement is refused, now and later.
    """
    with _connected(connect, doing) as connected, connected, connected.cursor() as open_cursor:
        open_cursor.execute(read_statement("warehouse/set_session"), {"settings": Json(_SESSION)})
        yield open_cursor


@contextmanager
def autocommit(connect: Connect, *, doing: str) -> Iterator[cursor]:
    """A connection of its own on which each statement commits by itself.

    Arguments and errors are those of `transaction`.
    """
    with _connected(connect, doing) as connected, connected.cursor() as open_cursor:
        connected.autocommit = True
        yield open_cursor


@contextmanager
def _connected(connect: Connect, doing: str) -> Iterator[connection]:
    connected = None
    try:
        connected = connect()
        yield connected
    except SluiceError:
        raise
    except psycopg2.Error as error:
        # The server's own words can quote rows: neither they nor the cause leave this function.
        raise _translate(error, doing) from None
    finally:
        if connected is not None:
            connected.close()


def _translate(error: psycopg2.Error, doing: str) -> SluiceError:
    state = error.pgcode
    named = [
        value
        for value in (error.diag.table_name, error.diag.column_name, error.diag.constraint_name)
        if value
    ]
    place = f" at {', '.join(named)}" if named else ""
    what = f"{type(error).__name__} (SQLSTATE {state or 'none'}){place}"
    # psycopg2 itself refuses some statements before the server sees them; those have no state.
    if state is None and isinstance(error, psycopg2.ProgrammingError | psycopg2.DataError):
        return WarehouseRefusedError(f"Cannot {doing}: {what}")
    # No state otherwise means that the connection failed or was cut.
    if state is None or state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_STATES:
        return WarehouseUnavailableError(f"Cannot {doing}: Postgres is unavailable: {what}")
    return WarehouseRefusedError(f"Cannot {doing}: Postgres refused: {what}")
