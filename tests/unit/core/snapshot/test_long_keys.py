"""Rows whose key the index of a table would not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from include.contracts.columns import Column
from include.contracts.tables import Table
from include.core.snapshot.load_csv import CsvFile, load_csv
from include.core.snapshot.long_keys import entry_bytes, reject_long_keys
from include.core.snapshot.rules import check_table
from include.errors import RuleError
from tests.support.csv_files import contract

if TYPE_CHECKING:
    from pathlib import Path

    from include.core.csv.faults import Reject

COLUMNS = (
    Column(name="day", type="date"),
    Column(name="code", type="text"),
    Column(name="note", type="text"),
)


@pytest.mark.parametrize(
    ("types", "texts", "size"),
    [
        (["text"], [2692], 2704),
        (["text"], [2693], 2712),
        (["text"], [0], 16),
        (["date", "text"], [2688], 2704),
        (["date", "text"], [2689], 2712),
        (["text", "date"], [2685], 2704),
        (["text", "text"], [126, 2564], 2704),
        (["numeric"], [10], 24),
    ],
)
def test_size_of_an_index_entry(types: list[str], texts: list[int], size: int) -> None:
    assert entry_bytes(types, texts) == size


def test_row_with_a_key_too_long_is_rejected_with_its_line_and_column(tmp_path: Path) -> None:
    fits, too_long, other = "é" * 1344, "x" * 2689, "x" * 4000
    path = tmp_path / "in.csv"
    path.write_text(
        "day,code,note\n"
        f"2020-01-01,{too_long},a\n"
        f"2020-01-02,{fits},{other}\n"
        f'2020-01-03,"{other}","two\nlines"\n'
    )
    rejects: list[Reject] = []
    connection = duckdb.connect()
    file = CsvFile(path=path, name="in.csv", contract=contract(COLUMNS, key=("day", "code")))
    counts = load_csv(connection, "rows", file, folder=tmp_path, on_reject=rejects.append)
    key = ("code", "day", "absent")
    reject_long_keys(connection, "rows", file, key=key, counts=counts, on_reject=rejects.append)
    assert [(each.line, each.column, each.code) for each in rejects if each.column] == [
        (2, "code", "key_too_long"), (4, "code", "key_too_long"),
    ]  # fmt: skip
    assert connection.execute("select code from rows").fetchall() == [(fits,)]
    assert (counts.kept, counts.rejected) == (1, len(rejects))
    assert counts.read == counts.kept + counts.rejected


def test_key_that_cleaning_makes_too_long_is_an_error_before_anything_is_loaded() -> None:
    table = Table(schema="public", name="t", columns=COLUMNS, key=("day", "code"))
    connection = duckdb.connect()
    connection.execute(
        "create table cleaned as select date '2020-01-01' as day, repeat('x', length) as code,"
        " 'n' as note from (values (2688), (2689)) as lengths (length)"
    )
    with pytest.raises(RuleError, match=r"1 keys \(day, code\) are longer than the 2704 bytes"):
        check_table(connection, table)
