"""The checksum of a table is the same in DuckDB and in Postgres, whatever its rows hold."""

from __future__ import annotations

import tempfile
from contextlib import closing
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.contracts import Column, CsvContract, TableExport
from include.core.exports.row_text import checksum_of_table
from include.core.snapshot.files import open_rows
from include.pipelines.table_export_to_kinesis.loading import LocalFile
from include.pipelines.table_export_to_kinesis.snapshot import make_snapshot
from tests.support.cells import quoted
from tests.support.examples import examples

if TYPE_CHECKING:
    from include.core.warehouse.connection import Connect
    from include.pipelines.table_export_to_kinesis.snapshot import MadeSnapshot

EXPORT = TableExport(
    name="all_types",
    title="",
    description="",
    owner="tests",
    tables="all_types",
    target_schema="pg_temp",
    contract=CsvContract(
        columns=(
            Column(name="id", type="integer", nullable=False),
            Column(name="text", type="text"),
            Column(name="small", type="smallint"),
            Column(name="big", type="bigint"),
            Column(name="any number", type="numeric"),
            Column(name="money", type="numeric", precision=(20, 4)),
            Column(name="double", type="double precision"),
            Column(name="flag", type="boolean"),
            Column(name="day", type="date"),
            Column(name="moment", type="timestamptz"),
        ),
        key=("id",),
        null_tokens=("",),
    ),
)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone(timedelta(hours=1, minutes=30)))
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
CELLS = {
    "text": TEXTS,
    "small": st.integers(-(2**15), 2**15 - 1),
    "big": st.integers(-(2**63), 2**63 - 1),
    "any number": st.decimals(-(10**30), 10**30, places=9),
    "money": st.decimals(Decimal(-(10**15)), Decimal(10**15), places=4),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "flag": st.sampled_from(["true", "false"]),
    "day": st.dates(),
    "moment": st.integers(-(6 * 10**16), 25 * 10**16).map(
        lambda us: (EPOCH + timedelta(microseconds=us)).isoformat()
    ),
}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | cells for name, cells in CELLS.items()}),
    min_size=3,
    max_size=30,
)


def written(rows: list[dict[str, Any]], path: Path) -> None:
    """Rows as a CSV file; null is the bare empty cell."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(column.name for column in EXPORT.contract.columns) + "\n")
        for number, row in enumerate(rows):
            file.write(",".join([str(number), *(quoted(row[name]) for name in CELLS)]) + "\n")


def snapshot_of(export: TableExport, folder: Path) -> MadeSnapshot:
    """The snapshot of export.csv in a folder, as snapshot.parquet."""
    return make_snapshot(
        export,
        [LocalFile(path=folder / "export.csv", key="export.csv", version_id="v")],
        to=folder / "snapshot.parquet",
        rejects=folder / "rejects.jsonl",
        folder=folder,
        memory="128MB",
    )


@settings(
    max_examples=examples(4),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS)
def test_checksum_of_a_snapshot_is_that_of_the_table_that_holds_its_rows(
    warehouse: Connect, rows: list[dict[str, Any]]
) -> None:
    table = EXPORT.target("some", "all_types")
    columns = ", ".join(
        f'"{column.name}" {column.type}{column.precision or ""}' for column in table.columns
    )
    with tempfile.TemporaryDirectory() as scratch, closing(warehouse()) as opened:
        folder = Path(scratch)
        written(rows, folder / "export.csv")
        made = snapshot_of(EXPORT, folder)
        assert (made.rows, made.rejected) == (len(rows), 0)
        cursor = opened.cursor()
        cursor.execute("set timezone = 'Asia/Tokyo'")
        cursor.execute(f'create temporary table "{table.name}" ({columns})')
        snapshot = folder / "snapshot.parquet"
        with open_rows(table, snapshot, folder=folder, memory="128MB") as file:
            cursor.copy_expert(f"copy \"{table.name}\" from stdin with (format csv, null '')", file)
        found = checksum_of_table(cursor, table, EXPORT.contract.columns)
        assert found == (made.rows, made.checksum)


def test_null_and_the_empty_text_and_moved_ends_of_columns_have_other_checksums() -> None:
    columns = (
        Column(name="id", type="integer", nullable=False),
        Column(name="a", type="text"),
        Column(name="b", type="text"),
    )
    contract = CsvContract(columns=columns, key=("id",))
    export = TableExport(
        name="texts", title="", description="", owner="tests", tables="t", contract=contract
    )
    checksums = set()
    for row in ("1,ab,c\n", "1,a,bc\n", "1,,abc\n", '1,"",abc\n', "1,abc,\n", '1,abc,""\n'):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            (folder / "export.csv").write_text("id,a,b\n" + row)
            checksums.add(snapshot_of(export, folder).checksum)
    assert len(checksums) == 6
