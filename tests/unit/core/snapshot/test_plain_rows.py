"""Two ways of reading rows: DuckDB's for plain ones, the careful reader's. Results are the same."""

from __future__ import annotations

import datetime as dt
import tempfile
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import duckdb
import hypothesis
import pytest
from hypothesis import strategies as st

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.core.csv import compressed
from include.core.csv.rows import CsvRows
from include.core.snapshot import load_csv as module
from include.core.snapshot import plain_rows
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.load_csv import CsvFile, load_csv
from include.errors import InputFileError
from tests.support.csv_files import A_AND_B
from tests.support.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.core.csv.batch import TypedBlock
    from include.core.csv.records import Block

UTC = dt.timezone.utc
# What a cell of each type may be: values in many spellings, and what is nearly one.
CELLS = {
    "text": ["a", "b c", " a", "a ", "\u00e9", "\u3000a", "NA", "x" * 9, "A1", "#", "\\", "'",
             "\x0b"],
    "smallint": ["1", "0", "-1", "007", "+1", "-0", "32767", "32768", "-32769", "1.0", "1.", "1.5",
                 "1e3", " 1", "1 ", "1,5", "1.000", "\u0661", "9" * 19, "9" * 18, "-", ""],
    "integer": ["1", "2147483648", "-2147483648", "1.0", "00", "--1", "1_000", "0x1"],
    "bigint": ["9223372036854775807", "9223372036854775808", "999999999999999999", "1"],
    "numeric": ["1", "1.50", "-0.00", "0.10", "-0", "007", ".5", "5.", "1e3", "NaN", "1.005",
                "9" * 28, "0." + "1" * 28, "123456.78", "12345678.9", "1,5", "1.234,5", "-1.2"],
    "double precision": ["1", "-0.0", "0", "1.5e3", "1E-7", "1e99", "1e400", "nan", "inf", "1.",
                         "0.1", "123456789012345678", "1e-320", "+1", "00.50", "1,5", "-"],
    "boolean": ["true", "TRUE", "True", "tRuE", "t", "F", "0", "1", "yes", "no", "Y", "off", "si"],
    "date": ["2020-01-31", "2020-02-30", "0001-01-01", "0000-01-01", "2020-1-1", "20200131",
             "31/01/2020", "1/2/2020", "9999-12-31", "2020-01-31 ", "-001-01-01", "32/01/2020"],
    "timestamptz": ["2020-01-31T10:00:00Z", "2020-01-31 10:00:00+02:00", "2020-01-31T24:00:00Z",
                    "2020-01-31T10:00:60Z", "2020-01-31T10:00Z", "2020-01-31",
                    "2020-01-31T10:00:00",
                    "0001-01-01T00:00:00+01:00", "2020-01-31T10:00:00.123456789Z",
                    "2020-01-31T10:00:00.1-05:30", "2020-02-30T10:00:00Z",
                    "2020-01-31T10:00:00+15:00",
                    "9999-12-31T23:59:59-01:00"],
}  # fmt: skip
TYPES = st.sampled_from(sorted(CELLS))
BOUNDS: dict[str, tuple[Any, Any]] = {
    "smallint": (0, 5), "integer": (-5, 2**31 - 1), "bigint": (0, 10**17),
    "numeric": (Decimal("-1.2"), 2), "double precision": (0.0, 1e5),
    "date": (dt.date(2000, 1, 1), dt.date(2020, 1, 31)),
    "timestamptz": (dt.datetime(2000, 1, 1, tzinfo=UTC),
                    dt.datetime(2020, 1, 31, 10, tzinfo=UTC)),
}  # fmt: skip
SPOILS = [
    '"',
    '""',
    ",",
    ";",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\0",
    "\x01",
    "\ufeff",
    "\udcff",
    "é",
    " ",
    "x",
]


SEPARATORS: list[dict[str, Any]] = [
    {}, {}, {"decimal_char": ",", "group_char": "."}, {"group_char": ","}, {"decimal_char": ","},
]  # fmt: skip
WHOLE: list[list[dict[str, Any]]] = [SEPARATORS, [{}, {"zero_fraction": True}]]
FINITE = [{}, {"non_finite": "null"}, {"non_finite": "keep"}]
# Of each list one is taken.
RULES: dict[str, list[list[dict[str, Any]]]] = {
    "text": [[{}, {"pattern": "[A-Za-z]+.?"}, {"min_length": 2}, {"max_length": 2},
              {"enum": ("a", "NA", "")}]],
    "smallint": WHOLE, "integer": WHOLE, "bigint": WHOLE,
    "numeric": [SEPARATORS, FINITE,
                [{}, {}, *({"precision": each} for each in ((9, 2), (4, 0), (2, 2), (50, 2)))]],
    "double precision": [SEPARATORS, FINITE],
    "boolean": [[{}, {"true_values": ("si",)}, {"true_values": ("0", "TRUE")},
                 {"false_values": ("1",)}]],
    "date": [[{}, *({"formats": each} for each in (
        ("%d/%m/%Y",), ("%d/%m/%Y", "%Y-%m-%d"), ("%Y%m%d",), ("%d %b %Y",)))]],
    "timestamptz": [[{}, {"zone": "Europe/Berlin"}]],
}  # fmt: skip


@st.composite
def columns(draw: st.DrawFn, name: str) -> Column:
    kind: Any = draw(TYPES)
    rules: dict[str, Any] = {
        "nullable": draw(st.booleans()),
        "trim": draw(st.integers(0, 3)) == 0,
        "required": draw(st.integers(0, 4)) > 0,
    }
    for choices in RULES[kind]:
        rules |= draw(st.sampled_from(choices))
    if kind in BOUNDS:
        least, most = BOUNDS[kind]
        bounds = [{}, {"minimum": least}, {"maximum": most}, {"enum": (most,)}]
        rules |= draw(st.sampled_from(bounds))
    try:
        return Column(name=name, type=kind, **rules)
    except ValueError:  # rules that exclude each other
        return Column(name=name, type=kind)


@st.composite
def files(draw: st.DrawFn) -> tuple[CsvContract, bytes]:
    """A contract, and a file with rows that may be of it."""
    names = "abc"[: draw(st.integers(2, 3))]
    declared = tuple(draw(columns(name)) for name in names)
    delimiter = draw(st.sampled_from(",;"))
    contract = CsvContract(
        columns=declared,
        key=draw(st.sampled_from([(), (), ("a",), ("a", "b")])),
        only=draw(st.sampled_from([(), (), (("a", "a"),), (("b", "1"),), (("b", ""),)])),
        delimiter=delimiter,
        null_tokens=draw(
            st.sampled_from([("",), (), ("", "NA"), ("NA", '"NA"'), ('""',), ("", '""')])
        ),
        escape=draw(st.sampled_from([None, None, None, "\\"])),
        max_field_bytes=draw(st.sampled_from([1_048_576, 1_048_576, 8])),
        encoding=draw(st.sampled_from(["utf-8", "utf-8", "latin-1"])),
        unknown_columns=draw(st.sampled_from(["ignore", "add"])),
    )
    head = [*names, *(["extra"] if draw(st.booleans()) else [])]
    kinds = [*(column.type for column in declared), "text"][: len(head)]
    if not declared[-1].required and draw(st.booleans()):
        head, kinds = head[1:], kinds[1:]
    often_quoted = draw(st.booleans())
    cell = [st.sampled_from([*CELLS[kind], "", *CELLS[kind][:2] * 5]) for kind in kinds]
    rows = draw(st.lists(st.tuples(*cell), min_size=1, max_size=12))
    lines = [head, *rows]
    if draw(st.integers(0, 9)) == 0:
        lines.insert(draw(st.integers(1, len(lines))), head)
    text = "".join(
        delimiter.join(_written(draw, each, delimiter, often_quoted=often_quoted) for each in line)
        + draw(st.sampled_from(["\n", "\n", "\n", "\r\n"]))
        for line in lines
    )
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        place = draw(st.integers(0, len(text)))
        text = (
            text[:place] + draw(st.sampled_from(SPOILS)) + text[place + draw(st.integers(0, 1)) :]
        )
    return contract, text.encode("utf-8", "surrogateescape")


def _written(draw: st.DrawFn, cell: str, delimiter: str, *, often_quoted: bool) -> str:
    if delimiter in cell or (often_quoted and draw(st.booleans())):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def outcome(contract: CsvContract, content: bytes) -> Any:
    """All that comes out of a file: rows, rejects, counts, or why it is refused."""
    rejects: list[Any] = []
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        path = Path(folder) / "in.csv"
        path.write_bytes(content)
        file = CsvFile(path=path, name="in.csv", contract=contract)
        try:
            counts = load_csv(connection, "t", file, folder=Path(folder), on_reject=rejects.append)
        except InputFileError as error:
            return str(error)
        values = connection.execute("select columns(*)::varchar from t order by _sluice_line")
        return values.fetchall(), sorted(rejects, key=lambda each: each.line), counts


def by_care(contract: CsvContract, content: bytes) -> Any:
    with mock.patch.object(module, "are_readable", return_value=False):
        return outcome(contract, content)


@contextmanager
def in_pieces_of(size: int) -> Iterator[None]:
    """Have files read in pieces of about so many bytes, of which some are plain and some not."""
    with (
        mock.patch.object(compressed, "CHUNK_BYTES", size),
        mock.patch("include.core.csv.opening.HEAD_BYTES", size),
    ):
        yield


@hypothesis.given(
    file=files(), chunk=st.sampled_from([16, 48, 65536]), first=st.sampled_from([2, 5, 16_384])
)
@hypothesis.settings(max_examples=examples(60))
def test_both_ways_give_the_same(file: tuple[CsvContract, bytes], chunk: int, first: int) -> None:
    with in_pieces_of(chunk), mock.patch.object(plain_rows, "_FIRST_ROWS", first):
        assert outcome(*file) == by_care(*file)


def of_types(*types: Any, **rules: Any) -> tuple[Column, ...]:
    return tuple(
        Column(name=name, type=kind, **rules) for name, kind in zip("ab", types, strict=True)
    )


# What one of the two readers alone would take otherwise, were it not left to care.
DOUBTFUL: dict[str, tuple[dict[str, Any], str | bytes]] = {
    "carriage return alone": ({}, "a,b\nx\r,1\ry,2\n"),
    "carriage return in a cell": ({}, 'a,b\n"x\ry",2\nz,3\n'),
    "filler": ({}, "a,b\n\x01,\nx,2\n"),
    "NUL": ({}, "a,b\nx\0,1\ny,2\n"),
    "byte-order mark": ({}, "a,b\ny,2\n\ufeffx,1\n"),
    "byte that its encoding lacks": ({}, b"a,b\nx\xff,1\ny,2\n"),
    "escaped quote": ({"escape": "\\"}, 'a,b\n"x\\",1\n2",3\n'),
    "escaped escape": ({"escape": "\\"}, 'a,b\n"x\\\\y",1\n'),
    "line end in a cell": ({}, 'a,b\n"x\ny",1\nz,2\n'),
    "row within a cell": (
        {"columns": (Column(name="a", type="text", line_ends=True), A_AND_B[1])},
        'a,b\n"x\np,qqqqqqqqqq\ny",1\nz,2\n',
    ),
    "quote in a bare cell": ({}, 'a,b\nx"y"z,1\n'),
    "doubled quote": ({}, 'a,b\n"x""y",1\n'),
    "text after a quoted cell": ({}, 'a,b\n"x"y,1\n"x" ,2\n'),
    "text before a quoted cell": ({}, 'a,b\nx"y",1\n "x",2\n'),
    "quote alone": ({}, 'a,b\n",1\n'),
    "one cell too many and one too few": ({}, "a,b\nx,1,\ny\nz,2\n"),
    "blank lines": ({}, "a,b\n\nx,1\n\n\ny,2\n"),
    "second table after a blank line": (
        {"columns": of_types("integer", "integer")},
        "a,b\n1,2\n\nx,y\n",
    ),
    "delimiter too many, but not in all rows": ({}, "a,b\nx,1,\ny,2\n"),
    "header and row of another width, apart": ({}, "a,b\np,q,r\nxxxxxxx,1111\n1,2,3\n"),
    "cell above the limit": ({"max_field_bytes": 8}, "a,b\nxxxxxxxxx,1\ny,2\n"),
    "header again": ({}, "a,b\nx,1\na,b\na,2\n"),
    "header again, unwanted": ({"only": (("a", "x"),)}, "a,b\nx,1\na,b\na,2\n"),
    "null token in quotes": ({"null_tokens": ("NA",)}, 'a,b\n"NA",1\nNA,2\n'),
    "quoted null token": ({"null_tokens": ('"NA"',)}, 'a,b\n"NA",1\nNA,2\n'),
    "null token": ({"null_tokens": ("NA",)}, "a,b\nNA,1\n,2\n"),
    "quoted empty cell": ({}, 'a,b\n"",1\n,2\n'),
    "quoted empty cell is null": ({"null_tokens": ('""',)}, 'a,b\n"",1\n,2\n'),
    "no null token": ({"null_tokens": ()}, 'a,b\n"",1\n,2\n'),
    "null in a key": ({"key": ("a",)}, "a,b\n,1\nx,2\n"),
    "same key twice": ({"key": ("a",)}, "a,b\nx,1\nx,1\ny,2\ny,3\n"),
    "blank to trim": ({"columns": of_types("text", "text", trim=True)}, "a,b\n x,\u3000\n"),
    "minus zero": ({"columns": of_types("double precision", "numeric")}, "a,b\n-0.0,-0.00\n"),
    "first day": ({"columns": of_types("date", "text")}, "a,b\n0000-01-01,1\n0001-01-01,2\n"),
    "column that the file lacks": (
        {"columns": (*A_AND_B, Column(name="c", type="date", required=False, nullable=False))},
        "b,a\n1,x\n",
    ),
    "wanted cell in quotes": ({"only": (("a", "x"),)}, 'a,b\n"x",1\nx,2\ny,3\n'),
    "delimiter in a cell": ({"delimiter": ";"}, 'a;b\n"x;y";1\nx,y;2\n'),
    "Windows-1252": ({}, b"a,b\ncaf\xe9,1\nz\xfcrich,2\n"),
    "Windows-1252 beside valid text": ({}, "a,b\né,1\n".encode() + b"caf\xe9,2\n"),
}


@pytest.mark.parametrize("chunk", [12, 65536])
@pytest.mark.parametrize("case", DOUBTFUL)
def test_both_ways_give_the_same_of_what_readers_take_otherwise(case: str, chunk: int) -> None:
    settings, content = DOUBTFUL[case]
    contract = CsvContract(**{"columns": A_AND_B, **settings})
    content = content.encode() if isinstance(content, str) else content
    with in_pieces_of(chunk):
        assert outcome(contract, content) == by_care(contract, content)


def test_rows_that_need_no_care_are_loaded_by_duckdb_and_the_others_are_not() -> None:
    checked: list[int] = []
    check = CsvRows.check

    def noted(rows: CsvRows, block: Block) -> TypedBlock:
        checked.extend(block.lines)
        return check(rows, block)

    contract = CsvContract(columns=of_types("text", "integer"))
    with mock.patch.object(CsvRows, "check", noted):
        values, rejects, counts = outcome(contract, b'a,b\nx,1\n"y, z",2\nx,+3\nx,four\n')
    assert values == [("2", "x", "1"), ("3", "y, z", "2"), ("4", "x", "3")]
    assert [(each.line, each.code, each.raw) for each in rejects] == [
        (5, "not_an_integer", "x,four")
    ]
    assert (counts.read, counts.kept, counts.rejected, counts.plain) == (4, 3, 1, 2)
    assert checked == [4, 5]


@pytest.mark.parametrize(
    ("content", "plain"),
    [
        (["x,1"] * 60, 60),
        (["x,+1"] * 60, 0),
        (["x,1", "x,+1"] * 30, 30),
        (['x,"""1"""'] * 60, 0),
        (["x,1", "x,+1", "x,+1"] * 20, 5),
        (["x,1,"] * 40 + ["x,1"] * 20, 0),
    ],
)
def test_rows_are_set_aside_while_most_of_the_first_are_plain(
    content: list[str], plain: int
) -> None:
    contract = CsvContract(columns=of_types("text", "integer"))
    lines = "".join(f"{line}\n" for line in content)
    with in_pieces_of(64), mock.patch.object(plain_rows, "_FIRST_ROWS", 10):
        *_, counts = outcome(contract, f"a,b\n{lines}".encode())
    assert (counts.read, counts.plain) == (60, plain)


def test_each_of_many_rows_has_its_line(tmp_path: Path) -> None:
    """So many that several threads read them."""
    odd = {90_000: "x,+90000\n", 150_000: "x,y,z\n", 299_000: "x,+299000\n"}
    path = tmp_path / "in.csv"
    lines = (f"{number:0100},{number}\n" for number in range(2, 300_000))
    rows = (odd.get(number, line) for number, line in enumerate(lines, 2))
    path.write_text("a,b\n" + "".join(rows))
    file = CsvFile(
        path=path, name="in.csv", contract=CsvContract(columns=of_types("text", "integer"))
    )
    with connect_duckdb(tmp_path, memory="192MB") as connection:
        counts = load_csv(connection, "t", file, folder=tmp_path, on_reject=lambda _: None)
        found = connection.execute(
            "select count(*), count(distinct b), count(*) filter (b <> _sluice_line) from t"
        )
        assert found.fetchone() == (299_997, 299_997, 0)
    # The row of another width leaves those to care that are within 1 KiB of it, no more.
    assert 299_970 < counts.plain < 299_997
