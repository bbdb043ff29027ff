"""What an hour's records change in the file that readers of the lake have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.core.lake.answers import glob_of
from include.core.lake.cells import stored_type
from include.core.lake.records import in_utc
from include.core.snapshot.files import columns_of
from include.core.statements import fill, quote_identifier, quote_identifiers, read_statement

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.apis import ApiDataset


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Rows of one hour, by what becomes of them."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0


def compare_hour(
    connection: DuckDBPyConnection, dataset: ApiDataset, base: Path | None, as_of: datetime
) -> Changes:
    """Compare relation records with the file that is there, the rows of one hour, by row_key.

    Null equals null. A column that the file lacks is null in it, and one of another type has the
    value that today's type gives it.

    Arguments:
        connection: has relation records.
        dataset: whose columns and key.
        base: the published file; None where there is none.
        as_of: the hour.
    """
    bound: dict[str, object] = {"as_of": in_utc(as_of)}
    if base is None:
        statement = read_statement("lake/compare_hour.count")
        (rows,) = connection.execute(statement, bound).fetchone() or (0,)
        return Changes(inserted=rows)
    bound["globs"] = [glob_of(base)]
    found = connection.execute(_statement(connection, dataset, base), bound).fetchone()
    inserted, updated, unchanged, deleted = found or (0, 0, 0, 0)
    return Changes(inserted=inserted, updated=updated, unchanged=unchanged, deleted=deleted)


def _statement(connection: DuckDBPyConnection, dataset: ApiDataset, base: Path) -> str:
    there = columns_of(connection, glob_of(base))
    casts, differs = [], []
    for column in dataset.columns:
        name = quote_identifier(column.name)
        value = f"try_cast({name} as {stored_type(column)})" if column.name in there else "null"
        casts.append(f"{value} as {name}")
        differs.append(f"newest.{name} is distinct from base.{name}")
    return fill(
        "lake/compare_hour.compare",
        base=", ".join(casts),
        columns=quote_identifiers(column.name for column in dataset.columns),
        differs=" or ".join(differs),
        matched=" and ".join(
            f"newest.{name} = base.{name}" for name in map(quote_identifier, dataset.row_key)
        ),
    )
