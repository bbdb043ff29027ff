"""CSV files as typed DuckDB tables with one row a key."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import hypothesis
import pytest
from hypothesis import strategies as st

from include.contracts.columns import Column
from include.core.snapshot.load_csv import CsvFile, load_csv
from include.core.statements import quote_identifier
from include.errors import InputFileError
from tests.support.csv_files import A_AND_B, contract
from tests.support.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.core.csv.faults import Counts, Reject

KEYED = (Column(name="k", type="text"), Column(name="v", type="text"))


class Loaded:
    def __init__(
        self, folder: Path, content: bytes | str, columns: Iterable[Column], **settings: Any
    ) -> None:
        path = folder / "in.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        scratch = folder / "scratch"
        scratch.mkdir(exist_ok=True)
        self.rejects: list[Reject] = []
        connection = duckdb.connect()
        self.counts: Counts = load_csv(
            connection,
            "odd \"name'",
            CsvFile(
                path=path,
                name=settings.pop("name", "in.csv"),
                contract=contract(columns, **settings),
            ),
            folder=scratch,
            on_reject=self.rejects.append,
        )
        relation = quote_identifier("odd \"name'")
        self.rows = connection.sql(f"select * from {relation} order by _sluice_line").fetchall()
        described = connection.sql(f"describe {relation}").fetchall()
        self.types = {name: kind for name, kind, *_ in described}
        self.tables = connection.sql("show tables").fetchall()
        assert list(scratch.iterdir()) == []
        assert self.counts.read == self.counts.kept + self.counts.filtered + self.counts.rejected
        assert self.counts.rejected == len(self.rejects)
        assert self.counts.kept - self.counts.duplicate == len(self.rows)

    @property
    def codes(self) -> list[tuple[int, str]]:
        return [(reject.line, reject.code) for reject in self.rejects]


def test_table_has_the_contract_s_types_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    columns = (
        Column(name="t", type="text"),
        Column(name="s", type="smallint"),
        Column(name="i", type="integer"),
        Column(name="b", type="bigint"),
        Column(name="n", type="numeric"),
        Column(name="p", type="numeric", precision=(9, 2)),
        Column(name="w", type="numeric", precision=(60, 2)),
        Column(name="f", type="double precision", non_finite="keep"),
        Column(name="o", type="boolean"),
        Column(name="d", type="date"),
        Column(name="z", type="timestamptz"),
    )
    head = ",".join(column.name for column in columns)
    loaded = Loaded(
        tmp_path,
        f"{head}\nx,1,2,3,1e30,1.5,7,-inf,yes,2024-02-29,2021-03-04T05:06:07.5+01:00\n"
        + "," * 10
        + "\n",
        columns,
        key=("t",),
        null_tokens=("",),
    )
    assert loaded.types == {
        "_sluice_line": "BIGINT", "t": "VARCHAR", "s": "SMALLINT", "i": "INTEGER", "b": "BIGINT",
        "n": "VARCHAR", "p": "DECIMAL(9,2)", "w": "VARCHAR", "f": "DOUBLE", "o": "BOOLEAN",
        "d": "DATE", "z": "TIMESTAMP WITH TIME ZONE",
    }  # fmt: skip
    assert [str(value) for value in loaded.rows[0][:11]] == [
        "2", "x", "1", "2", "3", "1" + "0" * 30, "1.50", "7", "-inf", "True", "2024-02-29",
    ]  # fmt: skip
    assert loaded.rows[0][11].timestamp() == 1614830767.5
    assert loaded.codes == [(3, "null")]
    assert len(loaded.tables) == 1


def test_null_and_the_empty_text_stay_different(tmp_path: Path) -> None:
    loaded = Loaded(tmp_path, 'a,b\n,1\n"",2\nNULL,3\n', A_AND_B, null_tokens=("NULL",))
    assert [row[1] for row in loaded.rows] == ["", "", None]
    loaded = Loaded(tmp_path, 'a,b\n,1\n"",2\nNULL,3\n', A_AND_B)
    assert [row[1] for row in loaded.rows] == [None, "", "NULL"]


@pytest.mark.parametrize(
    "text",
    ["😀", "\u202ertl", "zero\u200bwidth", "e\u0301", "007", "=cmd|x", "\\.", "\\N", " x ", "a,b",
     'say "hi"', "a\nb", "a\r\nb", "a\rb", '"', "'", "\\", "#x", "x\ty", "NULL", "\u2028"],
)  # fmt: skip
def test_text_arrives_unchanged(tmp_path: Path, text: str) -> None:
    quoted = '"' + text.replace('"', '""') + '"'
    loaded = Loaded(tmp_path, f"a,b\n{quoted},plain\nx,{quoted}\n{quoted},{quoted}\n", A_AND_B)
    assert [row[1:] for row in loaded.rows] == [(text, "plain"), ("x", text), (text, text)]


@hypothesis.given(
    values=st.lists(st.text(st.sampled_from('ab,"\n\r;é😀\\ '), max_size=7), min_size=1),
    copies=st.sampled_from([1, 1000]),
)
@hypothesis.settings(max_examples=examples(12))
def test_any_text_arrives_unchanged(values: list[str], copies: int) -> None:
    body = "".join('"' + value.replace('"', '""') + '",x\n' for value in values)
    columns = (Column(name="a", type="text", line_ends=True), A_AND_B[1])
    with tempfile.TemporaryDirectory() as folder:
        loaded = Loaded(Path(folder), "a,b\n" + body * copies, columns)
    assert [row[1] for row in loaded.rows] == values * copies


def test_field_of_1_mb_arrives_and_several_in_one_row_too(tmp_path: Path) -> None:
    long = "é" * 524_288
    loaded = Loaded(tmp_path, f'a,b\n{long},"{long}"\nx,y\n', A_AND_B)
    assert loaded.rows == [(2, long, long), (3, "x", "y")]


def test_same_row_twice_stays_once_and_the_rest_are_duplicates(tmp_path: Path) -> None:
    loaded = Loaded(tmp_path, 'k,v\na,1\nb,\n"a",1\na,1\nb,\nc,3\n', KEYED, key=("k",))
    assert loaded.rows == [(2, "a", "1"), (3, "b", None), (7, "c", "3")]
    assert (loaded.counts.duplicate, loaded.counts.kept, loaded.counts.rejected) == (3, 6, 0)


def test_same_key_with_other_values_rejects_all_of_them(tmp_path: Path) -> None:
    loaded = Loaded(tmp_path, 'k,v\na,1\nb,1\n"a","2\n2"\na,1\nc,\nc,""\nbad\n', KEYED, key=("k",))
    assert loaded.rows == [(3, "b", "1")]
    assert loaded.codes == [
        (9, "too_few_columns"),
        (2, "key_conflict"),
        (4, "key_conflict"),
        (5, "continued"),
        *((line, "key_conflict") for line in (6, 7, 8)),
    ]
    assert [reject.raw for reject in loaded.rejects[1:]] == [
        "a,1",
        '"a","2\n2"',
        '2"',
        "a,1",
        "c,",
        'c,""',
    ]
    assert {reject.column for reject in loaded.rejects[1:]} == {"k", None}
    assert (loaded.counts.kept, loaded.counts.duplicate) == (1, 0)


def test_raw_text_of_conflicts_is_found_in_a_gzip_file_with_preamble_and_crlf(
    tmp_path: Path,
) -> None:
    content = gzip.compress(b"made by x\r\nk,v\r\n\r\na,1\r\na,2\r\nb,1\r\n")
    loaded = Loaded(tmp_path, content, KEYED, key=("k",), preamble_lines=1, name="x.csv.gz")
    assert [(reject.line, reject.raw) for reject in loaded.rejects] == [(4, "a,1"), (5, "a,2")]


def test_null_in_a_key_column_is_rejected(tmp_path: Path) -> None:
    loaded = Loaded(tmp_path, 'k,v\n,1\n"",2\nx,3\n', KEYED, key=("k",))
    assert [(r.line, r.column, r.code) for r in loaded.rejects] == [(2, "k", "null")]
    assert loaded.rows == [(3, "", "2"), (4, "x", "3")]


@pytest.mark.parametrize(
    ("first", "second"),
    [("a", "a "), ("a", "A"), ("a", " a"), ("é", "e\u0301"), ("1", "01"), ("ß", "ss")],
    ids=["trailing space", "case", "leading space", "NFC and NFD", "leading zero", "sharp s"],
)
def test_keys_that_differ_in_any_byte_stay_distinct(
    tmp_path: Path, first: str, second: str
) -> None:
    loaded = Loaded(tmp_path, f"k,v\n{first},1\n{second},2\n", KEYED, key=("k",))
    assert [row[1] for row in loaded.rows] == [first, second]


@pytest.mark.parametrize(
    ("first", "second"), [("a|b,c", "a,b|c"), ("ab,c", "a,bc"), ('"a,b",c', 'a,"b,c"')]
)
def test_composite_keys_that_collide_when_joined_stay_distinct(
    tmp_path: Path, first: str, second: str
) -> None:
    columns = (*A_AND_B, Column(name="v", type="integer"))
    loaded = Loaded(tmp_path, f"a,b,v\n{first},1\n{second},2\n", columns, key=("a", "b"))
    assert [row[3] for row in loaded.rows] == [1, 2]


def test_keys_that_are_equal_as_values_are_equal(tmp_path: Path) -> None:
    columns = (Column(name="k", type="date", formats=("%Y-%m-%d", "%m/%d/%Y")), KEYED[1])
    loaded = Loaded(tmp_path, "k,v\n2021-03-04,1\n3/4/2021,1\n", columns, key=("k",))
    assert (loaded.counts.duplicate, len(loaded.rows)) == (1, 1)


def test_rejects_filters_and_blank_lines_are_counted(tmp_path: Path) -> None:
    columns = (KEYED[0], Column(name="v", type="integer"))
    loaded = Loaded(tmp_path, b"k,v\na,1\n\na,x\nb,\xff\na,\xff\na\n", columns, only=(("k", "a"),))
    counts = loaded.counts
    assert (counts.read, counts.kept, counts.filtered, counts.rejected, counts.blank) == (
        5,
        1,
        1,
        3,
        1,
    )
    assert loaded.codes == [(4, "not_an_integer"), (6, "bad_encoding"), (7, "too_few_columns")]


def test_added_columns_arrive_as_text_under_any_harmless_name(tmp_path: Path) -> None:
    loaded = Loaded(tmp_path, "k,v,Zip (US),select,O'Brien\n1,2,007,x,y\n", KEYED,
                    key=("k",), unknown_columns="add")  # fmt: skip
    assert loaded.rows == [(2, "1", "2", "007", "x", "y")]
    assert list(loaded.types)[-3:] == ["Zip (US)", "select", "O'Brien"]


@pytest.mark.parametrize(
    "name",
    ["Country/Region", "Zip (US)", "ΑΒΓ", "हिन्दी", "7_day_avg", "% change", "Amount (€)", "x" * 63],
)
def test_name_that_postgres_takes_is_taken(tmp_path: Path, name: str) -> None:
    loaded = Loaded(tmp_path, f"k,v,{name}\n1,2,3\n", KEYED, unknown_columns="add")
    assert list(loaded.types) == ["_sluice_line", "k", "v", name]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("x" * 64, r"has a name of 64 bytes, and Postgres keeps 63"),
        ("é" * 32, r"has a name of 64 bytes, and Postgres keeps 63"),
        ("a;b", r"the column a;b holds ; \(U\+003B\)"),
        ('a"b', r"holds \" \(U\+0022\)"),
        ("a\\b", r"holds \\ \(U\+005C\)"),
        ("a`b", r"holds ` \(U\+0060\)"),
        ("a\u200bb", r"the column a<U\+200B>b holds U\+200B,"),
        ("\u202ea", r"begins with U\+202E,"),
        ("=a", r"begins with = \(U\+003D\)"),
        ("a--b", r"holds --, which begins or ends a comment"),
        ("a/*b", r"holds /\*, which begins"),
        ("_sluice_line", r"the column _sluice_line begins with _sluice_, which is reserved"),
        ("_SLUICE_x", r"begins with _sluice_, which is reserved"),
    ],
)
def test_name_that_postgres_does_not_take_is_an_error_that_shows_why(
    tmp_path: Path, name: str, problem: str
) -> None:
    quoted = name.replace('"', '""')
    with pytest.raises(InputFileError, match=problem):
        Loaded(tmp_path, f'k,v,"{quoted}"\n1,2,3\n', KEYED, unknown_columns="add")


def test_columns_named_like_those_of_statements_here_are_taken(tmp_path: Path) -> None:
    names = ("first_line", "_line", "is_first", "is_conflict", "candidates", "repeated_keys",
             "distinct_rows", "copies", "rowid", "filename", "key", "line")  # fmt: skip
    columns = [Column(name=name, type="text") for name in names]
    head, row = ",".join(names), ",".join("abcdefghijkl")
    text = f"{head}\n{row}\n{row}\nx{row[1:-1]}1\nx{row[1:-1]}2\n"
    loaded = Loaded(tmp_path, text, columns, key=names[:3])
    assert loaded.rows == [(2, *"abcdefghijkl")]
    assert loaded.codes == [(4, "key_conflict"), (5, "key_conflict")]
    assert loaded.counts.duplicate == 1


def test_more_columns_than_postgres_takes_are_an_error(tmp_path: Path) -> None:
    head = ",".join(f"c{number}" for number in range(1599))
    with pytest.raises(InputFileError, match="1601 columns, and Postgres takes 1600"):
        Loaded(tmp_path, f"k,v,{head}\n", KEYED, unknown_columns="add")


def test_header_alone_makes_an_empty_table(tmp_path: Path) -> None:
    loaded = Loaded(tmp_path, "k,v\n", KEYED, key=("k",))
    assert (loaded.rows, loaded.counts.read) == ([], 0)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="0 bytes"),
        pytest.param(b"x,y\n1,2\n", id="no header"),
        pytest.param(b"k;v\n1;2\n", id="other delimiter"),
        pytest.param(b'k,v\n1,"2\n', id="unterminated quote"),
        pytest.param(b"k,v\n1,2,\n", id="trailing delimiters"),
        pytest.param(b"k,v\n1,caf\xe9\n", id="Latin-1"),
        pytest.param("k,v\n".encode("utf-16"), id="UTF-16"),
        pytest.param(b"k,v\n1,2\n\nx,y,z\n1,2,3\n", id="two tables"),
    ],
)
def test_fault_of_the_whole_file_is_an_error_and_leaves_no_temporary_file(
    tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(InputFileError, match=r"in\.csv"):
        Loaded(tmp_path, content, KEYED, key=("k",))
    assert list((tmp_path / "scratch").iterdir()) == []


_PEAK = """
import pathlib, resource, sys, duckdb
from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.core.snapshot.load_csv import CsvFile, load_csv
folder, rows = pathlib.Path(sys.argv[1]), int(sys.argv[2])
path = folder / f"{rows}.csv"
with path.open("w") as file:
    file.write("day,fips,cases\\n")
    file.writelines(f"2020-01-{i % 28 + 1:02},{i // 28:06},{i}\\n" for i in range(rows))
names = {"day": "date", "fips": "text", "cases": "bigint"}
columns = tuple(Column(name=name, type=kind) for name, kind in names.items())
contract = CsvContract(columns=columns, key=("day", "fips"))
db = duckdb.connect()
db.execute("set memory_limit = '128MB'")
db.execute("set threads = 1")
db.execute("set enable_progress_bar = false")
db.execute("set temp_directory = '" + str(folder / "spill") + "'")
file = CsvFile(path=path, name="t.csv", contract=contract)
counts = load_csv(db, "t", file, folder=folder, on_reject=print)
assert counts.kept == rows
# On Linux ru_maxrss of a child begins with what its parent had.
status = pathlib.Path("/proc/self/status")
peak = [int(line.split()[1]) for line in status.open() if line.startswith("VmHWM")] \\
    if status.exists() else [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024]
print(peak[0] // 1024)
"""


def test_memory_stays_under_duckdb_s_limit_and_a_margin_for_files_of_any_size(
    tmp_path: Path,
) -> None:
    peaks = {
        rows: int(
            subprocess.run(
                [sys.executable, "-c", _PEAK, str(tmp_path), str(rows)],
                check=True, capture_output=True, text=True,
            ).stdout
        )
        for rows in (100_000, 1_500_000)
    }  # fmt: skip
    assert peaks[1_500_000] < 128 + 150, peaks
