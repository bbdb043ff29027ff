"""Two exports of a table, from their files to the operations between them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import duckdb

from include.datasets.test_table import DATASET
from include.pipelines.table_export_to_kinesis.delta import compute_delta
from include.pipelines.table_export_to_kinesis.snapshot import LocalFile, make_snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from include.pipelines.table_export_to_kinesis.snapshot import MadeSnapshot

MEMORY = "64MB"


def snapshot(folder: Path, name: str, *texts: str) -> tuple[Path, MadeSnapshot]:
    work = folder / name
    work.mkdir()
    files = []
    for number, text in enumerate(texts):
        path = work / f"{number}.gz"
        path.write_bytes(gzip.compress(text.encode()))
        files.append(LocalFile(path, f"exports/t/test_table/{name}/{number}.gz", "v"))
    to = folder / f"{name}.parquet"
    made = make_snapshot(
        DATASET, files, to=to, rejects=work / "rejects.jsonl", folder=work, memory=MEMORY
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
