"""A file becomes a dataset that reads it: its files appear together, and take no other's place."""

from __future__ import annotations

import csv
import gzip
import io
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.contracts.github import GitHubDataset
from include.core.csv.rows import read_rows
from infra.common.paths import REPOSITORY
from infra.local.add_dataset import __main__ as command
from infra.local.add_dataset.draft import draft
from infra.local.add_dataset.excerpt import MOST_BYTES, excerpt
from infra.local.add_dataset.sample import GITHUB, Origin, own_file
from infra.local.add_dataset.sql_words import WORDS, in_sql
from infra.local.stand_ins.github import GitHubStandIn
from infra.local.try_file.trying import workspace
from tests.support.examples import examples
from tests.support.pipeline_runs import write_version
from tests.unit.infra_local.add_dataset.tables import TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.try_file.trying import Workspace

SALES = "date,region,amount\n2024-01-01,N,1.50\n2024-01-01,S,2.5\n2024-01-02,N,3\n"
FOLDERS = ("include/datasets", "include/sql/migrations", "include/sql/github_csv_to_postgres")
WRITTEN = (
    "include/datasets/sales.py",
    "include/sql/github_csv_to_postgres/clean_sales.sql",
    "include/sql/migrations/0003_create_sales.sql",
    "tests/unit/datasets/sales.csv",
    "tests/unit/datasets/test_sales.py",
)


@dataclass
class Desk:
    """A tree of code that has two migrations, and a folder of files of somebody's own."""

    tree: Path
    files: Path
    made: dict[str, int] = field(default_factory=dict)

    def file(self, content: str | bytes, name: str = "sales.csv") -> Path:
        path = self.files / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return path

    def call(self, *words: str, github: Origin = GITHUB) -> int:
        root = ["--root", str(self.tree / ".local")]
        return command.main([*words, *root], tree=self.tree, github=github)

    def add(self, content: str | bytes, name: str = "sales", *, file: str = "sales.csv") -> int:
        return self.call("--name", name, "--file", str(self.file(content, file)))

    def content(self) -> dict[str, bytes]:
        """Every file of the tree."""
        paths = sorted(path for path in self.tree.rglob("*") if path.is_file())
        return {str(path.relative_to(self.tree)): path.read_bytes() for path in paths}

    def text(self, name: str) -> str:
        return (self.tree / name).read_text()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    tree = tmp_path / "tree"
    for folder in FOLDERS:
        (tree / folder).mkdir(parents=True)
    for number, name in (("0001", "ops"), ("0002", "others")):
        path = tree / "include/sql/migrations" / f"{number}_create_{name}.sql"
        path.write_text(f"create table data.{name} (n integer);")
    (tree / "dags").mkdir()
    (tree / "dags/migrate_warehouse.py").write_text("")
    (tree / "tests/unit").mkdir(parents=True)
    (tree / "tests/unit/test_documents.py").write_text("")
    (tmp_path / "files").mkdir()
    return Desk(tree, tmp_path / "files")


@pytest.fixture(scope="module")
def work() -> Iterator[Workspace]:
    with workspace() as opened:
        yield opened


def declared(desk: Desk, name: str = "sales") -> GitHubDataset:
    module = ModuleType(name)
    exec(desk.text(f"include/datasets/{name}.py"), module.__dict__)  # noqa: S102 -- what was just written
    dataset = module.DATASET
    assert isinstance(dataset, GitHubDataset)
    return dataset


def test_every_file_that_a_dataset_takes_is_written_and_named(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    before = desk.content()
    assert desk.add(SALES) == command.WRITTEN
    kept = ".local/github/_local/sales/sales.csv/2023-11-14T221320Z.csv"
    after = desk.content()
    assert set(after) - set(before) == {*WRITTEN, kept}
    assert {name: after[name] for name in before} == before
    assert after[kept] == after["tests/unit/datasets/sales.csv"] == SALES.encode()
    said = capsys.readouterr().out
    assert [name for name in (*WRITTEN, kept, "make run DAG=sales") if name not in said] == []
    assert "the key: date and region, no two rows share them together" in said


def test_dataset_declares_what_its_file_shows(desk: Desk) -> None:
    desk.add(SALES)
    dataset = declared(desk)
    (source,) = dataset.sources
    assert (source.owner, source.repository, source.path) == ("_local", "sales", "sales.csv")
    assert [(each.name, each.type) for each in dataset.table.columns] == [
        ("date", "date"),
        ("region", "text"),
        ("amount", "numeric"),
    ]
    assert (dataset.table.sink, dataset.table.key) == ("data.sales", ("date", "region"))
    assert source.contract.key == ("date", "region")
    assert desk.text("include/sql/migrations/0003_create_sales.sql").count(" not null") == 3


def test_each_guess_has_its_reason_beside_it(desk: Desk) -> None:
    desk.add("ID;Zip;Seen;Paid\n" + "".join(f"{n};{n:05};2{n:03}-01-31;{n},5\n" for n in range(30)))
    lines = [line.strip() for line in desk.text("include/datasets/sales.py").splitlines()]
    reasons = {
        lines[place + 1].split('"')[1]: line
        for place, line in enumerate(lines)
        if lines[place + 1 : place + 2] and lines[place + 1].startswith("Column(name=")
    }
    assert reasons == {
        "id": "# Whole numbers; none is missing.",
        "zip": "# Digits of one shape: a number would lose the zeros in front; none is missing.",
        "seen": "# Days written as ISO 8601 has them; none is missing.",
        "paid": "# Numbers, a comma before the fraction; none is missing.",
    }
    for guess in ('schedule="', "key=(", 'delimiter=";"', "max_bytes=", "rejects=", "shrink="):
        place = next(place for place, line in enumerate(lines) if line.startswith(guess))
        assert lines[place - 1].startswith("# "), guess


@dataclass(frozen=True)
class Keyed:
    """Rows below a header, and the key that they show."""

    rows: str
    key: tuple[str, ...]
    blank: tuple[str, ...] = ()


@pytest.mark.parametrize(
    "case",
    [
        Keyed("id,n\n1,1\n2,1\n", ("id",)),
        Keyed("n,day\n1,2020-01-01\n2,2020-01-02\n", ("n",)),
        Keyed("x,n,day\na,5,2020-01-01\na,6,2020-01-02\n", ("day",)),
        Keyed("t,n,country\nb,5,DE\nb,6,FR\n", ("country",)),
        Keyed("t,n,year\nb,5,2020\nb,5,2021\n", ("year",)),
        Keyed("t,n\nb,5\nb,6\n", ("n",)),
        Keyed("day,a,b,n\n1,x,,7\n1,x,p,8\n1,y,,9\n", ("a", "b"), ("b",)),
        Keyed("id,n\n1,1\n1,1\n2,1\n", ("id",)),
        Keyed("id,n\n7,1\n", ("id",)),
        Keyed("n\n1.5\n1.5\n2\n", ("row_digest", "row_copy")),
        Keyed("row_copy\n1.5\n2\n2\n", ("row_digest", "row_copy_of_content")),
        Keyed('a,b\nx,""\nx,\n', ("row_digest", "row_copy")),
        Keyed(f"id,n\n{'k' * 3000},1\nb,2\n", ("row_digest", "row_copy")),
    ],
    ids=lambda case: ascii(case.rows[:30]),
)
def test_key_is_what_identifies_a_row(desk: Desk, work: Workspace, case: Keyed) -> None:
    path = desk.file(case.rows)
    made = draft("sales", own_file(path, name="sales", keep=desk.files), work)
    assert set(made.dataset.table.key) == set(case.key)
    for name in case.blank:
        assert f"coalesce({name}, '') as {name}" in made.cleaning


def test_text_of_a_key_that_is_missing_becomes_empty_and_no_row_is_lost(
    desk: Desk, work: Workspace
) -> None:
    path = desk.file("day,place,n\n2020-01-01,,7\n2020-01-01,p,8\n2020-01-02,,9\n")
    made = draft("sales", own_file(path, name="sales", keep=desk.files), work)
    assert made.key
    assert (made.key.columns, made.key.blank) == (("day", "place"), ("place",))
    counts = made.read(path, work)
    assert (counts.read, counts.kept, counts.rejected) == (3, 3, 0)
    assert work.connection.execute("select count(*) from cleaned where place = ''").fetchone() == (
        2,
    )


@settings(max_examples=examples(12))
@given(TABLES)
def test_dataset_of_any_table_reads_its_own_sample_and_every_row_is_counted(
    work: Workspace, table: Table
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("some.csv.gz" if table.compressed else "some.csv")
        path.write_bytes(table.content)
        made = draft("sales", own_file(path, name="sales", keep=Path(folder)), work)
        counts = made.read(path, work)
        rows = work.connection.execute("select count(*) from cleaned").fetchone()
    assert (counts.read, counts.rejected) == (table.rows, 0)
    assert counts.kept == table.rows
    assert rows == (table.rows - counts.duplicate,)
    assert len(made.dataset.table.columns) - (0 if made.key else 2) == table.width


def test_rows_without_a_key_are_told_apart_by_their_content(desk: Desk, work: Workspace) -> None:
    path = desk.file("a,b\n1.5,\n,1.5\n1.5,\n")
    made = draft("sales", own_file(path, name="sales", keep=desk.files), work)
    assert made.dataset.vanished == "delete"
    made.read(path, work)
    found = work.connection.execute(
        "select count(distinct row_digest), max(row_copy), count(*) from cleaned"
    ).fetchone()
    assert found == (2, 2, 3)


@pytest.mark.parametrize(
    ("encoding", "end"),
    [(each, "\n") for each in ("utf-8-sig", "cp1252", "utf-16", "utf-16-be")]
    + [("utf-8", end) for end in ("\n", "\r\n", "\r")],
    ids=ascii,
)
def test_sample_beside_the_test_is_the_beginning_of_a_large_file_cut_between_rows(
    tmp_path: Path, encoding: str, end: str
) -> None:
    rows = [f'{n},"Straße{end}{n}"' for n in range(9_000)]
    path = tmp_path / "large.csv"
    path.write_bytes(end.join(["id,street", *rows, ""]).encode(encoding))
    columns = (Column(name="id", type="bigint"), Column(name="street", type="text"))
    contract = CsvContract(columns=columns, encoding=encoding.removesuffix("-sig"))
    head = excerpt(path, contract)
    assert path.read_bytes().startswith(head)
    assert MOST_BYTES - 100 < len(head) <= MOST_BYTES
    (tmp_path / "head.csv").write_bytes(head)
    kept = [*read_rows(tmp_path / "head.csv", name="head.csv", contract=contract)]
    assert kept[-1][1] == (str(len(kept) - 1), f"Straße{end}{len(kept) - 1}")


@pytest.mark.parametrize("rows", [1, 2])
def test_one_row_at_least_is_in_the_sample(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "large.csv"
    path.write_text("id,text\n" + f"1,{'x' * MOST_BYTES}\n" * rows)
    columns = (Column(name="id", type="bigint"), Column(name="text", type="text"))
    head = excerpt(path, CsvContract(columns=columns))
    assert head.count(b"\n") == 2


def test_compressed_file_is_kept_as_it_is_and_its_sample_is_plain(desk: Desk) -> None:
    content = gzip.compress(SALES.encode())
    assert desk.add(content, file="sales.csv.gz") == command.WRITTEN
    assert desk.content()["tests/unit/datasets/sales.csv"] == SALES.encode()
    (kept,) = (desk.tree / ".local/github/_local/sales/sales.csv.gz").iterdir()
    assert kept.read_bytes() == content
    assert declared(desk).sources[0].path == "sales.csv.gz"


def test_second_call_writes_nothing_and_says_so(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.add(SALES)
    before = desk.content()
    assert desk.add(SALES) == command.WRITTEN
    assert desk.content() == before
    assert "everything is there already, as it would be written" in capsys.readouterr().out


def test_second_call_shows_what_differs_and_overwrites_nothing(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.add(SALES)
    module = desk.tree / WRITTEN[0]
    module.write_text(module.read_text().replace('title="Sales"', 'title="What we sold"'))
    before = desk.content()
    capsys.readouterr()
    assert desk.add(SALES.replace("3\n", "4\n")) == command.DIFFERS
    assert desk.content() == before
    shown = capsys.readouterr().out.splitlines()
    assert '-    title="What we sold",' in shown
    assert '+    title="Sales",' in shown
    # Rows of the sample are nobody's to read in a log.
    assert [line for line in shown if "2024-01" in line] == []
    assert any(line.startswith("tests/unit/datasets/sales.csv has other content") for line in shown)


def test_file_that_is_missing_is_written_again_beside_those_that_are_there(desk: Desk) -> None:
    desk.add(SALES)
    before = desk.content()
    shutil.rmtree(desk.tree / ".local")
    (desk.tree / WRITTEN[1]).unlink()
    assert desk.add(SALES) == command.WRITTEN
    assert desk.content() == before


@pytest.mark.parametrize("failing", range(6))
def test_either_all_files_are_written_or_none(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    before = desk.content()
    link, calls = os.link, iter(range(100))

    def fail(source: Path, target: Path) -> None:
        if next(calls) == failing:
            raise OSError(28, "No space left on device")
        link(source, target)

    monkeypatch.setattr(os, "link", fail)
    assert desk.add(SALES) == command.UNFIT
    assert desk.content() == before


def test_file_that_appears_meanwhile_is_not_overwritten(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, link = desk.tree / WRITTEN[0], os.link

    def late(source: Path, to: Path) -> None:
        if Path(to) == target:
            target.write_text("somebody else's")
        link(source, to)

    monkeypatch.setattr(os, "link", late)
    assert desk.add(SALES) == command.UNFIT
    assert target.read_text() == "somebody else's"
    assert [name for name in WRITTEN[1:] if (desk.tree / name).exists()] == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Sales", "is no name of a dataset"),
        ("../sales", "is no name of a dataset"),
        ("sales;drop", "is no name of a dataset"),
        ("2024", "is no name of a dataset"),
        ("s" * 41, "is no name of a dataset"),
        ("class", "is a word of Python, of SQL or of the loader"),
        ("order", "is a word of Python, of SQL or of the loader"),
        ("cleaned", "is a word of Python, of SQL or of the loader"),
        ("migrate_warehouse", "is taken by a DAG"),
        ("others", "is taken by a table of include/sql/migrations/0002_create_others.sql"),
        ("documents", "is taken by tests/unit/test_documents.py"),
        ("", "name the dataset, and one file"),
    ],
)
def test_name_that_is_unsafe_reserved_or_taken_is_refused(
    desk: Desk, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    # Its name is the migration's that there would be for it.
    (desk.tree / "include/sql/migrations/0002_create_others.sql").rename(
        desk.tree / "include/sql/migrations/0002_make_others.sql"
    )
    before = desk.content()
    assert desk.add(SALES, name) == command.MISUSED
    assert said.replace("_create_", "_make_") in capsys.readouterr().err
    assert desk.content() == before


def test_name_of_a_dataset_of_another_file_is_taken(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.add(SALES)
    before = desk.content()
    assert desk.add(SALES, file="other.csv") == command.MISUSED
    shutil.copy(REPOSITORY / "include/datasets/covid_us_daily.py", desk.tree / "include/datasets")
    assert desk.add(SALES, "covid_us_daily") == command.MISUSED
    assert capsys.readouterr().err.count("is taken by a dataset of another file") == 2
    (desk.tree / "include/datasets/covid_us_daily.py").unlink()
    assert desk.content() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the file is empty"),
        ("<!DOCTYPE html><html><title>Sorry</title></html>", "the file is an HTML page"),
        ("id,name\n", "no row shows what its columns are"),
        ("a,a\n1,2\n", "a"),
        (b"PK\x03\x04" + b"\0" * 100, "ZIP archive"),
    ],
)
def test_file_that_is_no_table_is_refused_and_nothing_is_written(
    desk: Desk, capsys: pytest.CaptureFixture[str], content: str | bytes, said: str
) -> None:
    before = desk.content()
    assert desk.add(content) == command.UNFIT
    error = capsys.readouterr().err
    assert said in error
    assert error.endswith("Nothing is written\n")
    assert desk.content() == before


def test_bad_rows_are_allowed_by_their_number_and_counted_by_the_test(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.add(SALES + "2024-01-03,S\n") == command.WRITTEN
    assert declared(desk).rejects.rows == 1
    assert "(counts.duplicate, counts.rejected) == (0, 1)" in desk.text(WRITTEN[-1])
    assert "1 rows that are rejected however they are declared" in capsys.readouterr().out


def test_column_that_few_values_keep_from_a_type_is_pointed_at(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"2024-01-{day:02},0{day:02},{day}\n" for day in range(1, 31))
    assert desk.add(f"day,code,n\n{rows}2024-13-45,031,none at all\n") == command.WRITTEN
    said = capsys.readouterr().out.splitlines()
    doubts = [line.strip() for line in said if "text because of few" in line]
    of_others = "Declare them so, and the others are rejected"
    assert doubts == [
        f"day: text because of few: 30 of its 31 values are days. {of_others}",
        f"n: text because of few: 30 of its 31 values are numbers. {of_others}",
    ]
    assert "# Text because of few: 30 of its 31 values are days." in desk.text(WRITTEN[0])


@pytest.mark.parametrize(
    "words",
    [
        ["--name", "sales"],
        ["--name", "sales", "--file", "a.csv", "--github", "a/b/c.csv"],
        ["--name", "sales", "--file", "nowhere.csv"],
        ["--name", "sales", "--file", "."],
        ["--name", "sales", "--github", "owner/repository"],
        ["--name", "sales", "--github", "_local/sales/sales.csv"],
        ["--name", "sales", "--github", "a/../b.csv"],
        ["--name", "sales", "--github", "a/b/../../c.csv"],
    ],
)
def test_wrong_actionline_is_refused(desk: Desk, words: list[str]) -> None:
    before = desk.content()
    assert desk.call(*words) == command.MISUSED
    assert desk.content() == before


def test_file_of_a_repository_is_declared_by_where_it_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = desk.files / "served"
    write_version(served, "ann/shop/data/sales.csv", "2024-01-01T000000Z", "id\n1\n2\n")
    write_version(served, "ann/shop/data/sales.csv", "2024-02-01T000000Z", SALES)
    monkeypatch.setenv("SLUICE_GITHUB_ROOT", str(served))
    assert desk.call("--name", "sales", "--github", "ann/shop/data/sales.csv") == command.WRITTEN
    (source,) = declared(desk).sources
    assert (source.owner, source.repository, source.path) == ("ann", "shop", "data/sales.csv")
    assert [column.name for column in source.contract.columns] == ["date", "region", "amount"]
    assert "Nobody has this account" not in desk.text(WRITTEN[0])
    # The stand-in has the file already.
    assert not (desk.tree / ".local").exists()
    assert desk.call("--name", "sales", "--github", "ann/shop/data/sales.csv") == command.WRITTEN


def test_file_that_no_repository_has_is_an_error_that_names_live(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    before = desk.content()
    assert desk.call("--name", "sales", "--github", "ann/shop/sales.csv") == command.UNFIT
    assert "LIVE=1 asks GitHub" in capsys.readouterr().err
    assert desk.content() == before


def test_file_of_github_itself_is_kept_where_the_stand_in_lacks_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, served = desk.files / "real", desk.files / "served"
    for path in ("ann/shop/sales.csv", "ann/shop/known.csv"):
        write_version(real, path, "2024-02-01T000000Z", SALES)
    write_version(served, "ann/shop/known.csv", "2020-01-01T000000Z", SALES)
    monkeypatch.setenv("SLUICE_GITHUB_ROOT", str(served))
    with GitHubStandIn(real) as github:
        for name in ("sales", "known"):
            place = f"ann/shop/{name}.csv"
            words = ("--name", name, "--github", place, "--live")
            assert desk.call(*words, github=Origin.of_stand_in(github.url)) == command.WRITTEN
    kept = [name for name in desk.content() if name.startswith(".local")]
    assert kept == [".local/github/ann/shop/sales.csv/2024-02-01T000000Z.csv"]


def test_what_is_written_is_formatted_linted_and_typed_as_the_project_is(desk: Desk) -> None:
    names = ["ID", "a long name " * 4, "with a sign (%)", "Straße", "2020", "order", "row_copy"]
    row = ["1", "NA", "x", "01/02/2020", "2020-01-31 00:00:00", "01234", "é"]
    content = io.StringIO()
    rows: list[list[Any]] = [[n, n, *row[2:-1], "é" * n] for n in range(30)]
    csv.writer(content).writerows([names, row, *rows])
    assert desk.add(content.getvalue(), file=f"{'a rather long name ' * 3}.csv") == command.WRITTEN
    assert desk.add("n\n1.5\n1.5\n", "content") == command.WRITTEN
    for path in desk.tree.rglob("*.py"):
        name = path.relative_to(desk.tree)
        if name.stem in ("sales", "content", "test_sales", "test_content"):
            # Ruff knows our modules by their files, and these are not in the tree.
            ours = 'lint.isort.known-first-party = ["include", "infra"]'
            as_it_is = ["--config", ours, "--stdin-filename", str(name), "-"]
            for action in (["format", "--diff"], ["check"]):
                ruff = [sys.executable, "-m", "ruff", *action, *as_it_is]
                subprocess.run(ruff, input=path.read_bytes(), check=True, cwd=REPOSITORY)


def test_words_of_both_databases_are_quoted(warehouse_uri: str) -> None:
    import duckdb  # noqa: PLC0415 -- one test needs it
    import psycopg2  # noqa: PLC0415

    with duckdb.connect() as opened:
        opened.execute("select keyword_name, keyword_category from duckdb_keywords()")
        listed = opened.fetchall()
    theirs = {word for word, category in listed if category != "unreserved"}
    connection = psycopg2.connect(warehouse_uri)
    with connection.cursor() as cursor:
        cursor.execute("select word from pg_get_keywords() where catcode <> 'U'")
        theirs |= {word for (word,) in cursor.fetchall()}
    connection.close()
    assert theirs - WORDS == set()
    assert (in_sql("order"), in_sql("sales")) == ('"order"', "sales")
