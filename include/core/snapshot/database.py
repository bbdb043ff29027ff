"""A DuckDB database for one snapshot, whose errors quote no rows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import duckdb

from include.errors import RuleError, WorkerExhaustedError, WorkInterruptedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# All that DuckDB says where a signal's handler raises during a statement.
_INTERRUPTED: Final = "Query interrupted"


@contextmanager
def connect_duckdb(folder: Path, *, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB database in a file, so that what does not fit into memory goes to disk.

    Arguments:
        folder: where the file and what spills are.
        memory: memory limit, such as "512MB".

    Raises:
        WorkerExhaustedError, WorkInterruptedError, RuleError: as safe_errors says.
    """
    settings: dict[str, Any] = {"memory_limit": memory, "temp_directory": str(folder / "spill")}
    with safe_errors(), duckdb.connect(folder / "snapshot.duckdb", config=settings) as connection:
        # Times become text and dates in UTC wherever the worker is.
        connection.execute("set timezone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        yield connection


@contextmanager
def safe_errors() -> Iterator[None]:
    """Replace what DuckDB raises by errors without its own words, which can quote rows.

    Raises:
        WorkerExhaustedError: no disk or memory is left.
        WorkInterruptedError: what a signal has raised meanwhile, DuckDB does not pass on.
        RuleError: DuckDB refused a statement.
    """
    try:
        yield
    except RuntimeError as error:
        if str(error) != _INTERRUPTED:
            raise
        raise WorkInterruptedError("A time limit or a signal has cut the work off") from None
    # A full disk raises IOException; both may pass on a worker with more room.
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise WorkerExhaustedError(f"DuckDB has no room: {type(error).__name__}") from None
    except duckdb.Error as error:
        raise RuleError(f"DuckDB refused the cleaning: {type(error).__name__}") from None
