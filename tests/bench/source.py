"""The rows that are measured: invented, the same on every machine, 1 % of them changed later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import duckdb

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.contracts.tables import Table
from include.core.aws.objects import sha256_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COLUMNS: Final = (
    Column(name="region", type="text", nullable=False),
    Column(name="day", type="date", nullable=False),
    Column(name="cases", type="bigint"),
    Column(name="deaths", type="integer"),
    Column(name="rate", type="double precision"),
    Column(name="note", type="text"),
)
KEY: Final = ("region", "day")
CONTRACT: Final = CsvContract(columns=COLUMNS, key=KEY)

_ROWS: Final = """
select
    'region-' || lpad((i // 1000)::varchar, 6, '0') as region,
    date '2020-01-01' + (i % 1000)::integer as day,
    (hash(i) % 1000000)::bigint + if($changed and hash(i + 1) % 100 = 0, 1, 0) as cases,
    if(i % 7 = 0, null, hash(i + 2) % 100000)::integer as deaths,
    (hash(i + 3) % 1000000) / 1000 as rate,
    if(i % 11 = 0, null, 'seen, ' || hash(i + 4) % 5000) as note
from range($rows) as numbers (i)
order by region, day
"""
_PARQUET: Final = "format parquet, compression zstd"
_CSV: Final = "format csv, header false, nullstr '', force_quote (region, note)"
_FILE: Final = "format csv, header true, nullstr ''"


def table(name: str) -> Table:
    """The table that rows are loaded into, under one of its names."""
    return Table(schema="public", name=name, columns=COLUMNS, key=KEY)


def parquet(folder: Path, version: str) -> Path:
    """A snapshot as the cleaning leaves it."""
    return folder / f"{version}.parquet"


def csv(folder: Path, version: str) -> Path:
    """The same rows as Postgres reads them: no header, null is the bare empty cell."""
    return folder / f"{version}.csv"


def upload(folder: Path) -> Path:
    """The same rows as a source would publish them: a header, quotes where they are needed."""
    return folder / "upload.csv"


def make(folder: Path, rows: int, versions: Sequence[str]) -> dict[str, Any]:
    """Write all files of one size.

    Arguments:
        folder: is made.
        rows: rows of a file.
        versions: "base", and what else is wanted.

    Returns:
        For each version: sha256 of its Parquet file, and differs, the rows that are not the base's.
    """
    folder.mkdir(parents=True)
    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as connection:
        found: dict[str, Any] = {}
        for version in versions:
            values = {"rows": rows, "changed": version == "changed"}
            connection.execute(f"create or replace table {version} as {_ROWS}", values)
            for path, options in (
                (parquet(folder, version), _PARQUET),
                (csv(folder, version), _CSV),
                (upload(folder), _FILE),
            ):
                connection.execute(f"copy {version} to '{path}' ({options})")
            # The key is the order, so the n-th row of one version is the n-th of the other.
            differs = connection.execute(
                f"select count(*) from {version} positional join base as old "
                f"where {version}.cases <> old.cases"
            ).fetchone()
            sha256 = sha256_of(parquet(folder, version))
            found[version] = {"sha256": sha256, "differs": differs[0] if differs else 0}
    return found
