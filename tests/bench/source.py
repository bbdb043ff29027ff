"""The rows that are measured: invented, the same on every machine, 1 % of them changed later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict

import duckdb

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.contracts.tables import Table
from include.core.aws.objects import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

VALUES: Final = (
    Column(name="cases", type="bigint"),
    Column(name="deaths", type="integer"),
    Column(name="rate", type="double precision"),
    Column(name="note", type="text"),
)
COLUMNS: Final = (
    Column(name="region", type="text", nullable=False),
    Column(name="day", type="date", nullable=False),
    *VALUES,
)
KEY: Final = ("region", "day")
CONTRACT: Final = CsvContract(columns=COLUMNS, key=KEY)
VERSIONS: Final = ("base", "changed")
BAD_ROWS: Final = 100

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


class Version(TypedDict):
    """What is known of a version.

    Attributes:
        sha256: of its Parquet file.
        differs: rows that are not the base's.
    """

    sha256: str
    differs: int


class Made(TypedDict):
    """What is known of the files of one size.

    Attributes:
        versions: by name.
        files: SHA-256 of a published file, by name.
        bad: rows that are bad in the damaged file.
    """

    versions: dict[str, Version]
    files: dict[str, str]
    bad: int


def table(name: str) -> Table:
    """The table that rows are loaded into, under one of its names."""
    return Table(schema="public", name=name, columns=COLUMNS, key=KEY)


def parquet(folder: Path, version: str) -> Path:
    """A snapshot as the cleaning leaves it."""
    return folder / f"{version}.parquet"


def csv(folder: Path, version: str) -> Path:
    """The same rows as Postgres reads them: no header, null is the bare empty cell."""
    return folder / f"{version}.csv"


def published(folder: Path, name: str) -> Path:
    """Rows as a source would publish them: a header, quotes where they are needed.

    Arguments:
        folder: of one size.
        name: a version; or "shuffled", the rows of the base in another order; or "damaged", the
            base with BAD_ROWS bad rows, or a tenth of its rows if that is less.
    """
    return folder / f"{name}.published.csv"


def exported(folder: Path, version: str) -> Path:
    """Rows as an export of a table has them, gzipped."""
    return folder / f"{version}.exported.csv.gz"


def make(folder: Path, rows: int) -> Made:
    """Write all files of one size.

    Arguments:
        folder: is made.
        rows: rows of a file.
    """
    folder.mkdir(parents=True)
    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as connection:
        versions = {
            version: _make_version(connection, folder, version, rows) for version in VERSIONS
        }
        shuffled = f"copy (from base order by hash(region, day)) to '{{}}' ({_FILE})"
        connection.execute(shuffled.format(published(folder, "shuffled")))
    bad = min(BAD_ROWS, rows // 10)
    _damage(published(folder, "base"), published(folder, "damaged"), every=rows // bad, bad=bad)
    files = {name: sha256_of(published(folder, name)) for name in (*VERSIONS, "shuffled")}
    return Made(versions=versions, files=files, bad=bad)


def _make_version(
    connection: duckdb.DuckDBPyConnection, folder: Path, version: str, rows: int
) -> Version:
    values = {"rows": rows, "changed": version == "changed"}
    connection.execute(f"create table {version} as {_ROWS}", values)
    for path, options in (
        (parquet(folder, version), _PARQUET),
        (csv(folder, version), _CSV),
        (published(folder, version), _FILE),
    ):
        connection.execute(f"copy {version} to '{path}' ({options})")
    # The key is the order, so the n-th row of one version is the n-th of the other.
    differs = connection.execute(
        f"select count(*) from {version} positional join base as old "
        f"where {version}.cases <> old.cases"
    ).fetchone()
    sha256 = sha256_of(parquet(folder, version))
    return Version(sha256=sha256, differs=differs[0] if differs else 0)


def _damage(clean: Path, damaged: Path, *, every: int, bad: int) -> None:
    """Copy a file with bad rows in even steps: in turn a number that is none, and a cell more."""
    with clean.open(encoding="utf-8") as lines, damaged.open("w", encoding="utf-8") as file:
        file.write(next(lines))
        for number, line in enumerate(lines):
            step, rest = divmod(number, every)
            if rest or step >= bad:
                file.write(line)
            elif step % 2:
                file.write(f"{line[:-1]},more\n")
            else:
                region, day, _, others = line.split(",", 3)
                file.write(f"{region},{day},n/a,{others}")
