from __future__ import annotations

import csv
import io
import json
import re
import tracemalloc
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts.columns import Column
from include.core.csv.json_rows import JsonRows
from include.core.csv.rows import read_rows
from include.errors import RuleError
from tests.support.csv_files import contract

if TYPE_CHECKING:
    from pathlib import Path

# What SQS takes: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
# API_SendMessage.html
SENDABLE = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")

Row = tuple[int, int, str]


def read(path: Path, content: bytes | str, columns: tuple[Column, ...] = (), **rules: Any) -> Any:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    settings = {"unknown_columns": "add", **rules}
    rows = JsonRows(read_rows(path, name=path.name, contract=contract(columns, **settings)))
    taken: list[Row] = []
    rejected: list[int] = []
    for block in rows.blocks():
        taken.extend(zip(block.numbers, block.lines, block.texts, strict=True))
        rejected.extend(reject.line for reject in block.rejects)
    assert rows.counts.kept == len(taken)
    return taken, rejected


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


def test_lone_surrogate_of_an_encoding_that_has_them_is_an_escape(path: Path) -> None:
    taken, _ = read(path, b"a\n+2D0-x\n", encoding="utf-7")
    assert taken == [(1, 2, '{"a":"\\ud83dx"}')]


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


def test_memory_does_not_grow_with_the_file(path: Path) -> None:
    def peak(count: int) -> int:
        with path.open("w") as file:
            file.write("id,town\n")
            file.writelines(f"{n},Town {n}\n" for n in range(count))
        tracemalloc.start()
        rows = JsonRows(read_rows(path, name="f.csv", contract=contract((), unknown_columns="add")))
        assert sum(len(block.texts) for block in rows.blocks()) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(300_000) < 1.3 * peak(100_000)
