"""What DuckDB raises, as errors that quote no row."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from include.core.snapshot.database import connect_duckdb
from include.errors import RuleError, WorkInterruptedError

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

# Half a minute of one core.
LONG = "select sum(sin(range)) from range(1000000000)"


class TimeLimitError(BaseException):
    """As Airflow raises one in the handler of a signal."""


def test_time_limit_during_a_statement_is_named_and_may_pass(tmp_path: Path) -> None:
    def raise_limit(_: int, __: FrameType | None) -> None:
        raise TimeLimitError

    before = signal.signal(signal.SIGALRM, raise_limit)
    signal.setitimer(signal.ITIMER_REAL, 0.3, 0.3)
    try:
        with pytest.raises(WorkInterruptedError, match="time limit or a signal"):
            _run_long(tmp_path)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _run_long(folder: Path) -> None:
    with connect_duckdb(folder, memory="128MB") as connection:
        # Another thread would not be stopped before its part of the statement is done.
        connection.execute("set threads = 1")
        connection.execute(LONG).fetchall()


def test_other_errors_of_python_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="mine"), connect_duckdb(tmp_path, memory="128MB"):
        raise RuntimeError("mine")


def test_refused_statement_quotes_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(RuleError) as caught,
        connect_duckdb(tmp_path, memory="128MB") as connection,
    ):
        connection.execute("select cast('secret' as integer)")
    assert "secret" not in str(caught.value)
