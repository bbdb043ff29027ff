"""Two exports of a table, from their files to the operations between them."""

from __future__ import annotations

import gzip
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contracts import Column
from include.datasets.test_table import DATASET
from include.errors import RuleError
from include.pipelines.table_export_to_kinesis.delta import compute_delta
from include.pipelines.table_export_to_kinesis.loading import LocalFile
from include.pipelines.table_export_to_kinesis.snapshot import make_snapshot
from tests.support.cells import quoted
from tests.support.examples import examples

if TYPE_CHECKING:
    from include.contracts import TableExport
    from include.pipelines.table_export_to_kinesis.snapshot import MadeSnapshot

MEMORY = "64MB"


def snapshot(
    folder: Path, name: str, *texts: str, dataset: TableExport = DATASET
) -> tuple[Path, MadeSnapshot]:
    work = folder / name
    work.mkdir()
    files = []
    for number, text in enumerate(texts):
        path = work / f"{number}.gz"
        path.write_bytes(gzip.compress(text.encode()))
        files.append(LocalFile(path, f"exports/t/test_table/{name}/{number}.gz", "v"))
    to = folder / f"{name}.parquet"
    made = make_snapshot(
        dataset, files, to=to, rejects=work / "rejects.jsonl", folder=work, memory=MEMORY
    )
    return to, made


def test_what_changed_is_found_and_the_first_export_is_all_inserts(tmp_path: Path) -> None:
    old, _ = snapshot(tmp_path, "1", "1;a;b;c\n2;a;;c\n3;a;b;c\n")
    new, made = snapshot(tmp_path, "2", '1;a;b;c\n2;a;"";c\n4;x;y;z\n')
    assert (made.rows, made.read, made.rejected, made.duplicate) == (3, 3, 0, 0)
    for number, (base, counts) in enumerate([(None, (3, 0, 0, 0)), (old, (1, 1, 1, 1))]):
        folder = tmp_path / f"delta{number}"
        folder.mkdir()
        delta = compute_delta(DATASET, base, new, folder=folder, memory=MEMORY)
        assert (delta.inserts, delta.updates, delta.deletes, delta.unchanged) == counts
    assert delta.gone == [{"pk": "3"}]
    found = duckdb.connect().execute(
        "select _sluice_operation, pk, _sluice_before_c2, _sluice_after_c2 "
        "from read_parquet($paths) order by pk",
        {"paths": [str(part.path) for part in delta.parts]},
    )
    assert found.fetchall() == [
        ("UPDATE", "2", None, ""),
        ("DELETE", "3", "b", None),
        ("INSERT", "4", None, "y"),
    ]


def test_keys_are_settled_over_all_files_of_an_export(tmp_path: Path) -> None:
    _, made = snapshot(tmp_path, "1", "1;a;b;c\n2;a;b;c\n", "1;a;b;c\n2;x;b;c\n3;a;b;c\n")
    assert (made.rows, made.read, made.rejected, made.duplicate) == (2, 5, 2, 1)
    assert made.rejects_by_code == {"key_conflict": 2}


def declared(*columns: Column, key: tuple[str, ...] = ("pk",), part_rows: int = 3) -> TableExport:
    return replace(
        DATASET,
        contract=replace(DATASET.contract, columns=columns, key=key),
        part_rows=part_rows,
    )


PK, C1, C2 = DATASET.contract.columns[:3]


def test_column_that_the_declaration_gains_or_loses_is_a_change_of_values(tmp_path: Path) -> None:
    wide, narrow = declared(PK, C1, C2), declared(PK, C1)
    old, _ = snapshot(tmp_path, "1", "1;a;b\n2;a;\n", dataset=wide)
    new, _ = snapshot(tmp_path, "2", "1;a\n2;a\n", dataset=narrow)
    lost = compute_delta(narrow, old, new, folder=tmp_path, memory=MEMORY)
    assert (lost.inserts, lost.updates, lost.deletes) == (0, 0, 0)
    won = compute_delta(wide, new, old, folder=tmp_path, memory=MEMORY)
    assert (won.inserts, won.updates, won.deletes) == (0, 1, 0)


@pytest.mark.parametrize("keys", ["x", "1;a\n01"], ids=["no number", "two that become one"])
def test_base_whose_keys_are_none_in_the_types_of_today_is_refused(
    tmp_path: Path, keys: str
) -> None:
    old, _ = snapshot(tmp_path, "1", f"{keys};a\n", dataset=declared(PK, C1))
    number = declared(Column(name="pk", type="bigint", nullable=False), C1)
    new, _ = snapshot(tmp_path, "2", "1;a\n", dataset=number)
    with pytest.raises(RuleError, match="declare the types that they had"):
        compute_delta(number, old, new, folder=tmp_path, memory=MEMORY)


TWO_KEYS = declared(PK, replace(C1, nullable=False), C2, key=("pk", "c1"))
CELLS = st.text(st.sampled_from("ab;\"é'\n ,"), max_size=3)
TABLES = st.dictionaries(st.tuples(CELLS, CELLS), st.none() | CELLS, max_size=12)


def written(table: dict[tuple[str, str], str | None]) -> str:
    """Rows as CSV: each text quoted, null as the bare empty cell."""
    return "".join(";".join(map(quoted, (*key, value))) + "\n" for key, value in table.items())


@settings(max_examples=examples(8), deadline=None)
@given(before=TABLES, after=TABLES)
def test_operations_turn_any_table_into_any_other(
    before: dict[tuple[str, str], str | None], after: dict[tuple[str, str], str | None]
) -> None:
    lines = replace(
        TWO_KEYS,
        contract=replace(
            TWO_KEYS.contract,
            columns=tuple(replace(column, line_ends=True) for column in TWO_KEYS.contract.columns),
        ),
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        old, _ = snapshot(folder, "1", written(before), dataset=lines)
        new, _ = snapshot(folder, "2", written(after), dataset=lines)
        delta = compute_delta(lines, old, new, folder=folder, memory=MEMORY)
        found = [
            row
            for part in delta.parts
            for row in duckdb.connect()
            .execute(
                "select _sluice_sequence, _sluice_operation, pk, c1, _sluice_before_c2, "
                "_sluice_after_c2 from read_parquet($path) order by _sluice_sequence",
                {"path": str(part.path)},
            )
            .fetchall()
        ]
    assert [row[0] for row in found] == list(range(1, len(found) + 1))
    table = dict(before)
    for _, operation, *key, was, now in found:
        place = (key[0], key[1])
        assert (place in table) == (operation != "INSERT")
        assert operation == "INSERT" or table[place] == was
        if operation == "DELETE":
            del table[place]
        else:
            table[place] = now
    assert table == after
    unchanged = sum(key in before and before[key] == value for key, value in after.items())
    assert delta.unchanged == unchanged
    assert len({(row[2], row[3]) for row in found}) == len(found)
