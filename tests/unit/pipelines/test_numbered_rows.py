from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from hypothesis import strategies as st

from include.contracts.columns import Column
from include.core.csv.faults import CONTINUED, Reject
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.load_csv import CsvFile, load_rows
from include.errors import RuleError
from include.pipelines.csv_upload_to_sqs.numbered_rows import NumberedRows, Span, read_part
from tests.support.csv_files import contract
from tests.support.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

# What SQS takes: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
# API_SendMessage.html
SENDABLE = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")

Row = tuple[int, int, str]


def read(path: Path, content: bytes | str, columns: tuple[Column, ...] = (), **rules: Any) -> Any:
    """Number, line and JSON of each row, and the lines of rejected ones."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with numbered(path, columns, **rules) as (rows, rejects, connection):
        lines = connection.execute("select rowid + 1, line from numbered").fetchall()
        by_number = dict(lines)
        taken = [(number, by_number[number], text) for number, text in rows.read()]
    return taken, sorted(reject.line for reject in rejects)


@contextmanager
def numbered(
    path: Path, columns: tuple[Column, ...] = (), **rules: Any
) -> Iterator[tuple[NumberedRows, list[Reject], Any]]:
    settings = {"unknown_columns": "add", **rules}
    file = CsvFile(path=path, name=path.name, contract=contract(columns, **settings))
    rejects: list[Reject] = []
    with (
        tempfile.TemporaryDirectory() as scratch,
        connect_duckdb(Path(scratch), memory="128MB") as connection,
    ):
        folder = Path(scratch)
        rows = file.open()
        load_rows(connection, "t", file, rows, folder=folder, on_reject=rejects.append)
        refused = [reject.line for reject in rejects if reject.code != CONTINUED]
        made = NumberedRows.of(connection, "t", rows.columns, rejected=refused)
        assert rows.counts.kept == len(list(made.read()))
        yield made, rejects, connection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


def text_of(path: Path, column: Column, cell: str) -> str:
    (row,), _ = read(path, f"k,{column.name}\n1,{cell}\n", (column,), unknown_columns="ignore")
    text: str = row[2]
    return text


def test_row_is_an_object_by_column_names_in_order_without_blanks(path: Path) -> None:
    taken, _ = read(path, "ID,Town\n1,Ghent\n", (Column(name="id", type="text", header="ID"),))
    assert taken == [(1, 2, '{"id":"1","Town":"Ghent"}')]


@pytest.mark.parametrize(
    ("column_type", "cell", "expected"),
    [
        ("text", "007", '"007"'),
        ("text", "", "null"),
        ("smallint", "-5", "-5"),
        ("integer", "+007", "7"),
        ("bigint", "9223372036854775807", "9223372036854775807"),
        ("bigint", "", "null"),
        ("numeric", "123456789012345678901234567890.10", "123456789012345678901234567890.1"),
        ("numeric", ".5", "0.5"),
        ("numeric", "-0.0", "0"),
        ("numeric", "1e3", "1000"),
        ("double precision", "0.1", "0.1"),
        ("double precision", "1e16", "1e+16"),
        ("double precision", "5e-324", "5e-324"),
        ("boolean", "YES", "true"),
        ("boolean", "0", "false"),
        ("boolean", "", "null"),
        ("date", "2024-02-29", '"2024-02-29"'),
        ("date", "", "null"),
        ("timestamptz", "2024-01-01T00:00:00+02:00", '"2023-12-31T22:00:00+00:00"'),
    ],
)
def test_value_is_written_as_its_type_digit_for_digit(
    path: Path, column_type: Any, cell: str, expected: str
) -> None:
    text = text_of(path, Column(name="v", type=column_type), cell)
    assert text == f'{{"v":{expected}}}'
    json.loads(text, parse_float=Decimal)


@pytest.mark.parametrize("column_type", ["numeric", "double precision"])
def test_numbers_that_are_not_finite_are_rejected_nulled_or_refused(
    path: Path, column_type: Any
) -> None:
    column = Column(name="v", type=column_type)
    assert read(path, "v\nNaN\n1\n", (column,))[1] == [2]
    assert text_of(path, Column(name="v", type=column_type, non_finite="null"), "inf") == (
        '{"v":null}'
    )
    with pytest.raises(RuleError, match="v"):
        text_of(path, Column(name="v", type=column_type, non_finite="keep"), "NaN")


def test_contract_that_reads_no_column_is_refused(path: Path) -> None:
    with pytest.raises(RuleError, match="no column"):
        read(path, "a\n1\n", unknown_columns="ignore")


def test_every_character_survives_and_is_one_that_a_queue_takes(path: Path) -> None:
    points = [*range(1, 0xD800), *range(0xE000, 0x110000)]
    cells = ["".join(map(chr, points[at : at + 5000])) for at in range(0, len(points), 5000)]
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["text"], *([cell] for cell in cells)])
    column = Column(name="text", type="text", line_ends=True)
    taken, rejected = read(path, file.getvalue(), (column,))
    assert not rejected
    assert [json.loads(text)["text"] for _, _, text in taken] == cells
    assert all(SENDABLE.fullmatch(text) for _, _, text in taken)


def test_text_beyond_ascii_is_not_escaped(path: Path) -> None:
    taken, _ = read(path, "Größe\n😀 € \u2028\n")
    assert taken[0][2] == '{"Größe":"😀 € \u2028"}'


def test_half_a_character_is_no_text_and_its_row_is_rejected(path: Path) -> None:
    path.write_bytes(b"a,b\n+2D0-x,1\ny,2\n")
    with numbered(path, encoding="utf-7") as (rows, (reject,), _):
        assert [*rows.read()] == [(2, '{"a":"y","b":"2"}')]
    assert (reject.line, reject.code, reject.raw) == (2, "bad_encoding", "\\ud83dx,1")


def test_filtered_rows_have_no_number(path: Path) -> None:
    column = Column(name="k", type="text")
    taken, _ = read(path, "k,v\na,1\nb,2\na,3\n", (column,), only=(("k", "a"),))
    assert [row[:2] for row in taken] == [(1, 2), (2, 4)]


def test_names_may_hold_signs_of_formats(path: Path) -> None:
    taken, _ = read(path, "share %,%s,100%%\n1,2,3\n")
    assert json.loads(taken[0][2]) == {"share %": "1", "%s": "2", "100%%": "3"}


def test_rejected_rows_and_rows_of_many_lines_keep_numbers_and_lines_in_step(path: Path) -> None:
    content = 'a,b\n1,"x\ny"\n\nbad\n2,\n3,"\n"\n1,2,3\n4,d\n'
    taken, rejected = read(path, content)
    assert [row[:2] for row in taken] == [(1, 2), (3, 6), (4, 7), (6, 10)]
    assert rejected == [5, 9]


def test_numbers_are_the_same_with_any_rows_rejected(path: Path) -> None:
    content = "a,b\n" + "".join(f"{n},{'x' if n % 7 else 'bad'}{n}\n" for n in range(1, 50_001))
    every, _ = read(path, content)
    column = Column(name="b", type="text")
    some, rejected = read(
        path, content.replace("bad", "bad,"), (Column(name="a", type="integer"), column)
    )
    assert [row[0] for row in every] == list(range(1, 50_001))
    assert [row[:2] for row in some] == [row[:2] for row in every if row[0] % 7]
    assert len(rejected) == 50_000 // 7


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_rows_come_out_for_files_of_any_length(path: Path, count: int) -> None:
    taken, _ = read(path, "a\n" + "".join(f"{n}\n" for n in range(count)))
    assert [json.loads(text)["a"] for _, _, text in taken] == [str(n) for n in range(count)]


def test_names_may_be_anything_that_a_header_holds(path: Path) -> None:
    names = [
        "ID",
        "x" * 200,
        "_sluice_line",
        'say "%s" \\ {x}',
        "select",
        "",
        "a'b",
        "\ufffe",
    ]
    file = io.StringIO(newline="")
    csv.writer(file).writerows([names, range(len(names))])
    taken, _ = read(path, file.getvalue())
    assert [*json.loads(taken[0][2]).values()] == [*map(str, range(len(names)))]
    assert [*json.loads(taken[0][2])] == [*(name or "column_6" for name in names)]


def test_rows_that_are_too_large_keep_the_numbers_of_the_others(path: Path) -> None:
    path.write_text("a,b\n" + "".join(f"{'é' * (number % 5)},\n" for number in range(1, 21)))
    with numbered(path, null_tokens=()) as (rows, _, _):
        # {"a":"","b":""} has 15 bytes, and numbers from 10 have two digits.
        lines = rows.leave_out(most_bytes=15 + 2 * 3 + 2)
        assert [*lines] == [line for line in range(2, 22) if (line - 1) % 5 == 4]
        assert [number for number, _ in rows.read()] == [n for n in range(1, 21) if n % 5 != 4]
        assert rows.spans(6) == [Span(1, 7, 6), Span(8, 15, 6), Span(16, 20, 4)]


@hypothesis.given(
    rows=st.lists(st.sampled_from(["1", "2", "bad", '"x\ny"', ""]), max_size=40),
    size=st.integers(1, 9),
)
@hypothesis.settings(max_examples=examples(12))
def test_parts_together_are_all_rows_whatever_their_size(rows: list[str], size: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "f.csv"
        path.write_text("".join(f"{cell},k\n" for cell in ["a", *rows]))
        columns = (Column(name="a", type="integer"), Column(name="k", type="text"))
        with numbered(path, columns) as (made, _, _):
            every, parts = [*made.read()], []
            for span in made.spans(size):
                made.write(span, folder / "part")
                with read_part(folder / "part", folder=folder, memory="128MB") as part:
                    parts.append([*part])
                assert (span.first, span.last) == (parts[-1][0][0], parts[-1][-1][0])
                assert span.rows == len(parts[-1])
    assert [row for part in parts for row in part] == every
    assert [len(part) for part in parts[:-1]] == [size] * (len(parts) - 1)
