"""Files of exports: declared as tables, and tried as their pipeline would read them."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contracts import TableExport
from include.core.guess.exports import EXAMPLE, declare_export
from include.core.guess.infer import infer
from include.core.runs.quarantine import read_rejected
from include.datasets import test_table
from infra.common.paths import REPOSITORY
from infra.local.try_file import __main__ as command
from infra.local.try_file.looking import look
from infra.local.try_file.trying import Workspace, tried, workspace
from tests.support.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = st.text(st.sampled_from("abzÄ \",;'|"), max_size=6)
SOME_KEY = st.tuples(st.integers(0, 3), st.integers(0, 3))


@pytest.fixture(scope="module")
def work() -> Iterator[Workspace]:
    with workspace() as work:
        yield work


def declared_by(folder: Path, module: str) -> TableExport:
    """The dataset of a module, imported from a folder like that of the datasets."""
    place = folder / "declared.py"
    place.write_text(module, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("declared", place)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    dataset = loaded.DATASET
    assert isinstance(dataset, TableExport)
    return dataset


def rows_of(dataset: TableExport, path: Path, work: Workspace) -> list[list[Any]]:
    """The rows as the pipeline takes them; none of the file's is rejected or a duplicate."""
    with tried(dataset, path, work) as outcome:
        assert outcome.causes == ()
        assert outcome.trial is not None
        assert list(read_rejected(outcome.trial.rejects)) == []
        assert outcome.trial.kept == outcome.trial.counts.read
        return [list(json.loads(text).values()) for text in outcome.trial.rows()]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[Any]], int]:
    """Rows with a key of one column or two at their front, and how many it has."""
    keys = draw(st.lists(SOME_KEY, min_size=2, max_size=9, unique=True))
    width = draw(st.sampled_from((1, 2)))
    days = st.dates().map(str)
    firsts = [[place] if width == 1 else list(key) for place, key in enumerate(keys)]
    return [[*first, draw(WORDS), draw(st.none() | days)] for first in firsts], width


@settings(max_examples=examples(8))
@given(
    table=tables(),
    delimiter=st.sampled_from(",;"),
    header=st.booleans(),
    name=st.sampled_from(("t.csv", "t.gz")),
)
def test_declared_export_reads_the_file_without_a_reject_and_with_the_same_rows(
    work: Workspace, table: tuple[list[list[Any]], int], delimiter: str, *, header: bool, name: str
) -> None:
    rows, width = table
    content = io.StringIO()
    writer = csv.writer(content, delimiter=delimiter, lineterminator="\n")
    writer.writerows([["Shop", "Nr", "Said", "On"][2 - width :]] if header else [])
    writer.writerows(rows)
    body = content.getvalue().encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(gzip.compress(body) if name.endswith(".gz") else body)
        dataset = declared_by(Path(folder), look(path, work, export=True).declaration)
        found = rows_of(dataset, path, work)
    assert (dataset.contract.header, dataset.fits("any", "t")) == (header, True)
    assert [texts_of(row) for row in found] == [texts_of(row) for row in rows]


def texts_of(row: list[Any]) -> list[str]:
    return ["" if cell is None else str(cell) for cell in row]


@pytest.mark.parametrize(
    ("content", "key", "remark"),
    [
        ("shop,nr,n\n1,1,5\n1,2,5\n2,1,5\n", ("shop", "nr"), False),
        ("id,name\n1,a\n1,a\n2,b\n", ("id",), False),
        ("a,b,c\n1,1,1\n1,1,2\n1,2,1\n2,1,1\n", ("a", "b", "c"), False),
        ("name,nr\na,1\n", ("nr",), True),
        ("name,nr\n,\n", ("nr",), True),
    ],
)
def test_key_is_what_no_two_rows_share_or_a_guess_that_says_so(
    work: Workspace, tmp_path: Path, content: str, key: tuple[str, ...], *, remark: bool
) -> None:
    (tmp_path / "t.csv").write_text(content)
    module = look(tmp_path / "t.csv", work, export=True).declaration
    assert declared_by(tmp_path, module).contract.key == key
    assert ("# The key is a guess: " in module) == remark


def test_of_a_head_only_what_the_rest_can_hardly_break_is_declared(
    work: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("id,zip\n1,01234\n2,99999\n")
    inferred = infer(tmp_path / "t.csv", connection=work.connection, folder=work.folder)
    for head in (True, False):
        module = declare_export(inferred, table="t", file="t.csv", name="t", head=head)
        zips = declared_by(tmp_path, module).contract.columns[1]
        assert (zips.type, zips.pattern, zips.nullable) == ("text", None, head)


def test_example_is_a_declaration(tmp_path: Path) -> None:
    assert declared_by(tmp_path, EXAMPLE).contract.key == ("id",)


def test_file_is_tried_against_a_declared_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "all.gz"
    path.write_bytes(gzip.compress(b"1;a;b;c\n2;x;;\n2;x;;\n3;q\n"))
    arguments = ["--file", str(path), "--dataset", "test_table"]
    assert command.main(arguments) == 1
    out = capsys.readouterr().out
    for count in ("read      4", "kept      2", "duplicate 1", "rejected  1"):
        assert count in out
    path.write_bytes(gzip.compress(b"1;a;b;c\n2;x;;\n"))
    rows = tmp_path / "rows.jsonl"
    assert command.main([*arguments, "--rows", str(rows)]) == 0
    first = rows.read_text(encoding="utf-8").splitlines()[0]
    assert json.loads(first) == {"pk": "1", "c1": "a", "c2": "b", "c3": "c"}


def test_conflicting_keys_and_too_long_ones_are_rejected(work: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text(f"1;a;b;c\n1;x;;\n{'k' * 3000};;;\n2;;;\n")
    with tried(test_table.DATASET, path, work) as outcome:
        assert outcome.trial is not None
        codes = [reject.code for reject in read_rejected(outcome.trial.rejects)]
    assert sorted(codes) == ["key_conflict", "key_conflict", "key_too_long"]
    assert outcome.trial.kept == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as", "table"], "AS=upload|export"),
        (["--as", "export", "--dataset", "test_table"], "Leave one out"),
    ],
)
def test_as_is_upload_or_export_and_only_without_a_dataset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    (tmp_path / "t.csv").write_text("id\n1\n")
    assert command.main(["--file", str(tmp_path / "t.csv"), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_declaration_is_laid_out_as_the_formatter_does(work: Workspace, tmp_path: Path) -> None:
    long = "x" * 90
    (tmp_path / "t.csv").write_text(
        f'id,"it\'s","a ""b""",{long},day\n1,NA,N/A,3,01.02.2020\n2,1,2,null,13.02.2020\n'
    )
    module = look(tmp_path / "t.csv", work, export=True).declaration
    ruff = [sys.executable, "-m", "ruff", "format", "--no-cache", "-"]
    formatted = subprocess.run(
        ruff, cwd=REPOSITORY, input=module, capture_output=True, check=True, encoding="utf-8"
    ).stdout
    assert formatted == module
