"""What Postgres and DuckDB say of an error quotes rows: no log shows it."""

from __future__ import annotations

import io
import traceback
from typing import TYPE_CHECKING

import pytest
from structlog.tracebacks import ExceptionDictTransformer

from include.core.snapshot.database import connect_duckdb
from include.core.warehouse.connection import autocommit, transaction
from include.errors import RuleError, WarehouseRefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from include.core.warehouse.connection import Connect
    from include.errors import SluiceError

VALUE = "ann@example.com"
# Tables of which the value is a row, and statements to which Postgres answers with it.
REFUSED = {
    "key": f"insert into person values ('{VALUE}', 1)",
    "check": f"insert into person values ('{VALUE[::-1]}{VALUE}', -1)",
    "null": f"insert into person values ('of {VALUE}', null)",
    "type": f"select '{VALUE}'::integer",
    "function": f"do $$begin raise exception 'row %', '{VALUE}'; end$$",
}


def shown(error: SluiceError) -> str:
    """The error as Python's logging and as Airflow's, in text and in JSON, show it.

    Lines of code are left out: tests quote the value in theirs.
    """
    lines = "".join(traceback.format_exception(error)).splitlines()
    text = [line for line in lines if not line.startswith("    ")]
    # As Airflow's task logs are made: airflow.sdk._shared.logging.structlog
    render = ExceptionDictTransformer(use_rich=False, show_locals=False)
    return "\n".join([*text, str(render((type(error), error, error.__traceback__)))])


@pytest.fixture
def person(loader: Connect, warehouse: Connect) -> Connect:
    with transaction(warehouse, doing="make the table") as cursor:
        cursor.execute(
            "create table person (mail text primary key, n integer not null check (n > 0))"
        )
        cursor.execute(f"insert into person values ('{VALUE}', 1)")
    return loader


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
def test_row_that_postgres_refuses_is_in_no_log(person: Connect, statement: str) -> None:
    for opened in (transaction, autocommit):
        with (
            pytest.raises(WarehouseRefusedError) as refused,
            opened(person, doing="load person") as cursor,
        ):
            cursor.execute(statement)
        assert "Cannot load person" in shown(refused.value)
        assert VALUE not in shown(refused.value)
        assert refused.value.__cause__ is None


def test_row_that_a_copy_stops_at_is_in_no_log(person: Connect) -> None:
    with (
        pytest.raises(WarehouseRefusedError) as refused,
        transaction(person, doing="load person") as cursor,
    ):
        cursor.copy_expert("copy person from stdin (format csv)", io.BytesIO(f"x,{VALUE}".encode()))
    assert VALUE not in shown(refused.value)


@pytest.mark.parametrize(
    "statement",
    [
        f"select '{VALUE}'::integer",
        f"select error('{VALUE}')",
        f"create table person as select '{VALUE}' as mail; select n from person where '{VALUE}'",
    ],
    ids=["type", "function", "statement"],
)
def test_row_that_duckdb_refuses_is_in_no_log(tmp_path: Path, statement: str) -> None:
    with (
        pytest.raises(RuleError, match="DuckDB refused") as refused,
        connect_duckdb(tmp_path, memory="64MB") as connection,
    ):
        connection.execute(statement)
    assert VALUE not in shown(refused.value)
    assert refused.value.__cause__ is None
