"""No line of a file vanishes, with any quotes, line ends and bytes that damage it."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import hypothesis
import pytest
from hypothesis import strategies as st

from include.contracts.columns import Column
from include.core.csv import compressed
from include.core.csv.records import RecordReader
from include.core.csv.spans import Shape
from include.core.csv.syntax import Syntax
from include.core.csv.text import whole_lines
from include.errors import InputFileError
from tests.bench import stray_quotes
from tests.support.csv_files import Taken, take
from tests.support.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

# Whole rows among them, so that files are about half good; the rest lands in any place.
PARTS = [
    "1,2\n", "3,4\r\n", '"5","6"\n', '7,"8\n9"\n', "a\n", "a,b,c\n", '"a, b",c\r',
    '"', '"', '""', ",", ";", "\n", "\r", "\r\n", "\\", '\\"', "a", "é", "\0", "1",
]  # fmt: skip
DAMAGED = st.lists(st.sampled_from(PARTS), max_size=14).map("".join)
BYTES = st.lists(
    st.sampled_from([*(part.encode() for part in PARTS), b"\xff", b"\xc3"]), max_size=14
).map(b"".join)


def lines_of(content: bytes) -> list[str]:
    """The physical lines below the header, undecodable bytes aside."""
    text = content.decode(errors="replace")
    lines = re.split("\r\n|\n|\r", text)
    return lines[1:-1] if lines[-1] == "" else lines[1:]


def where_lines_are(taken: Taken) -> list[int]:
    """Each line of a kept row, which has as many more as its cells hold line ends; each reject."""
    found = [reject.line for reject in taken.rejects]
    for line, values in zip(taken.lines, taken.rows, strict=True):
        ends = sum(len(re.findall("\r\n|\n|\r", value or "")) for value in values)
        found += range(line, line + ends + 1)
    return sorted(found)


def take_or_refuse(content: bytes | str, *given: Any, **settings: Any) -> Taken | InputFileError:
    try:
        return take(content, *given, **settings)
    except InputFileError as error:
        return error


def assert_accounted(content: bytes, columns: list[Column], **settings: Any) -> Taken | None:
    """Every line is in exactly one place, or the file is refused with a line that it has."""
    lines = lines_of(content)
    taken = take_or_refuse(content, columns, null_tokens=(), **settings)
    if isinstance(taken, InputFileError):
        assert taken.line is None or 1 <= taken.line <= len(lines) + 1
        if "quoted cell" in taken.problem:
            assert taken.line is not None
            assert '"' in ["", "", *lines][taken.line]
        return None
    found = where_lines_are(taken)
    filled = [number for number, line in enumerate(lines, 2) if line]
    assert len(set(found)) == len(found)
    assert set(filled) <= set(found) <= set(range(2, len(lines) + 2))
    inner = len(found) - taken.counts.kept - taken.counts.rejected
    assert taken.counts.read == len(found) - inner
    return taken


def texts(names: str, **settings: Any) -> list[Column]:
    return [Column(name=name, type="text", **settings) for name in names]


@hypothesis.given(
    body=BYTES, end=st.sampled_from(["\n", "\r\n", "\r"]), width=st.sampled_from([1, 2, 2, 3]),
    delimiter=st.sampled_from(",,;"), escape=st.sampled_from([None, None, "\\"]),
    line_ends=st.booleans(),
)  # fmt: skip
@hypothesis.settings(max_examples=examples(100))
def test_every_line_is_kept_rejected_or_within_a_kept_cell_or_the_file_is_refused(
    body: bytes, end: str, width: int, delimiter: str, escape: str | None, *, line_ends: bool
) -> None:
    names = "abc"[:width]
    content = (delimiter.join(names) + end).encode() + body
    hypothesis.assume(not (end == "\r" and body.startswith(b"\n")))
    columns = texts(names, line_ends=line_ends)
    taken = assert_accounted(content, columns, delimiter=delimiter, escape=escape)
    if taken is None or escape:
        return
    lines = ["", *re.split("(?<=\n)|(?<=\r)(?!\n)", content.decode(errors="surrogateescape"))]
    for line, values in zip(taken.lines, taken.rows, strict=True):
        ends = sum(len(re.findall("\r\n|\n|\r", value or "")) for value in values)
        raw = "".join(lines[line : line + ends + 1]).rstrip("\r\n")
        parsed = csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter, strict=True)
        assert [list(values)] == list(parsed)


@hypothesis.given(body=DAMAGED)
@hypothesis.example(body='1,"x\n2,y\nz\nw"\n')  # just half of the lines inside
@hypothesis.settings(max_examples=examples(60))
def test_no_line_inside_a_kept_cell_would_be_a_row_where_most_lines_would(body: str) -> None:
    taken = assert_accounted(b"a,b\n" + body.encode(), texts("ab"))
    for value in (value for row in (taken.rows if taken else ()) for value in row):
        inside = [line for line in re.split("\r\n|\n|\r", value or "")[1:-1] if line]
        assert not inside or 2 * sum(line.count(",") == 1 for line in inside) < len(inside)


@hypothesis.given(body=DAMAGED, escape=st.sampled_from([None, "\\"]))
@hypothesis.settings(max_examples=examples(60))
def test_every_line_of_a_file_with_typed_and_filtered_rows_is_accounted_for(
    body: str, escape: str | None
) -> None:
    columns = [Column(name="a", type="integer"), Column(name="b", type="text")]
    content = "a,b\n" + body
    every = take_or_refuse(content, columns, escape=escape)
    some = take_or_refuse(content, columns, escape=escape, only=(("b", "2"),))
    if isinstance(every, InputFileError) or isinstance(some, InputFileError):
        return
    assert some.counts.read - some.counts.filtered == some.counts.kept + some.counts.rejected
    assert {*some.lines} == {
        line for line, row in zip(every.lines, every.rows, strict=True) if row[1] == "2"
    }
    numbers = [reject.line for reject in every.rejects]
    assert len({*every.lines, *numbers}) == every.counts.read == len(every.lines) + len(numbers)


@hypothesis.given(body=DAMAGED, width=st.sampled_from([1, 2]), long=st.integers(65_690, 65_710))
@hypothesis.settings(max_examples=examples(12))
def test_every_line_is_accounted_for_beside_overlong_ones(body: str, width: int, long: int) -> None:
    content = ",".join("ab"[:width]) + "\n" + body + "x" * long + body
    assert_accounted(content.encode(), texts("ab"[:width]), max_field_bytes=10)


@dataclass
class Read:
    """What a reader of records gave, in blocks of any size."""

    records: list[tuple[int, list[str]]]
    faults: list[tuple[int, str, str]]
    blanks: list[int]


def read(pieces: list[str], *, limit: int, escape: str | None, fast: bool = True) -> Read | str:
    shape = Shape(names=("a", "b"), line_ends=frozenset(), reads=lambda cells: cells[0] != "a")
    syntax = Syntax(delimiter=",", escape=escape)
    texts = whole_lines(iter(pieces), limit=limit)
    reader = RecordReader(texts, name="f", syntax=syntax, limit=limit, shape=shape)
    if not fast:
        reader._width = 0
    result = Read(records=[], faults=[], blanks=[])
    try:
        for block in reader.blocks():
            rows = block.records or [list(row) for row in zip(*block.columns, strict=True)]
            result.records += zip(block.lines, rows, strict=True)
            result.faults += block.faults
            result.blanks += block.blanks
    except InputFileError as error:
        return str(error)
    return result


@hypothesis.given(
    text=DAMAGED, cuts=st.lists(st.integers(0, 60), max_size=8),
    limit=st.integers(1, 20) | st.just(1000), escape=st.sampled_from([None, "\\"]),
)  # fmt: skip
@hypothesis.settings(max_examples=examples(100))
def test_neither_where_a_file_is_cut_nor_the_fast_path_makes_a_difference(
    text: str, cuts: list[int], limit: int, escape: str | None
) -> None:
    whole = read([text], limit=limit, escape=escape)
    places = [0, *sorted(cuts), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(places)]
    assert read(pieces, limit=limit, escape=escape) == whole
    assert read(list(text), limit=limit, escape=escape) == whole
    assert read([text], limit=limit, escape=escape, fast=False) == whole


@hypothesis.given(body=BYTES, size=st.integers(1, 9))
@hypothesis.example(body=b"\0\x001,2\n", size=6)  # a chunk that alone would be UTF-16
@hypothesis.settings(max_examples=examples(30))
def test_chunks_of_any_size_give_the_same_rows_rejects_and_counts(body: bytes, size: int) -> None:
    expected = take_or_refuse(b"a,b\n" + body)
    with mock.patch.object(compressed, "CHUNK_BYTES", size):
        found = take_or_refuse(b"a,b\n" + body)
    assert found == expected or str(found) == str(expected)


STRAY = "ID,Name,Town\n1,Ana,Porto\n2,{}\n3,Cy,Ulm\n4,Di,Ulm\n5,Ed,{}\n6,Flo,Ulm\n"


@pytest.mark.parametrize(
    ("row", "last"),
    [('"Bo,Ulm', '"Ulm"'), ('"Bo,Ulm', 'Ulm"'), ('"Bo,Ulm', "Ulm"), ('Bo,"Ulm', '"Ulm"')],
    ids=["faulty at its end", "valid of another width", "never closed", "in the last cell"],
)
def test_rows_that_a_stray_quote_swallows_refuse_the_file(row: str, last: str) -> None:
    with pytest.raises(InputFileError) as caught:
        take(STRAY.format(row, last), (), unknown_columns="add")
    assert caught.value.line == 3


def test_valid_cell_that_swallows_rows_refuses_the_file_and_names_its_column() -> None:
    content = 'a,b,c\n1,"x,y\n2,x,y\n3,x",y\n'
    with pytest.raises(InputFileError, match="line 2: a quoted cell of column 'b' begins"):
        take(content, texts("abc"))
    with pytest.raises(InputFileError, match="line 2: a quoted cell of column 'b' begins"):
        take('a,b,c\n1,"x,y\n2,x",y\n', texts("abc"))


def test_line_ends_can_be_declared_for_a_column() -> None:
    columns = [*texts("a"), *texts("b", line_ends=True), *texts("c")]
    taken = take('a,b,c\n1,"x,y\n2,x,y\n3,x",y\n', columns)
    assert taken.rows == [("1", "x,y\n2,x,y\n3,x", "y")]
    with pytest.raises(InputFileError, match="column 'c'"):
        take('a,b,c\n1,"x\ny","x,\n2,x,y\n,3"\n', columns)


def test_lines_of_a_cell_that_are_no_values_of_their_columns_are_no_rows() -> None:
    letter = '1,"Dear all,\nthank you, and bye.\nYours, Ana"\n'
    with pytest.raises(InputFileError, match="look like rows"):
        take("a,b\n" + letter, texts("ab"))
    taken = take("a,b\n" + letter, [Column(name="a", type="integer"), *texts("b")])
    assert len(taken.rows) == 1


def test_cell_of_which_most_lines_are_no_rows_is_kept() -> None:
    taken = take('a,b\n1,"Dear all,\nthank you,\n\nkind\nregards\nAna\nPorto"\n', texts("ab"))
    assert taken.lines == [2]


def test_row_of_several_lines_that_is_rejected_counts_each_of_them() -> None:
    columns = [Column(name="a", type="integer"), *texts("b")]
    taken = take('a,b\nx,"one\r\n\r\nthree\nfour"\n5,b\n', columns)
    assert [(r.line, r.column, r.code, r.raw) for r in taken.rejects] == [
        (2, "a", "not_an_integer", 'x,"one\r\n\r\nthree\nfour"'),
        (4, None, "continued", "three"),
        (5, None, "continued", 'four"'),
    ]
    assert taken.rejects[1].reason == "the line goes on with the rejected row of line 2"
    assert (taken.counts.read, taken.counts.rejected, taken.counts.blank) == (4, 3, 0)


def test_quote_that_opens_in_a_further_line_of_a_row_is_named_by_that_line() -> None:
    with pytest.raises(InputFileError, match="line 3: a quoted cell begins on this line and is ne"):
        take('a,b\n"x\ny","z\n\n', texts("ab"))


def test_overlong_line_within_a_quoted_cell_refuses_the_file() -> None:
    with pytest.raises(InputFileError, match=r"line 2: .* not closed within the largest row"):
        take('a,b\n"x\n' + "y" * 90_000 + '\n",2\n', texts("ab"), max_field_bytes=10)


def test_blank_line_of_a_lone_column_is_rejected_among_quoted_ones_too() -> None:
    assert take('a\n"1"\n\n"2"\n', texts("a")).codes == [(3, "blank_line")]


def test_one_stray_quote_anywhere_refuses_the_file_by_its_line_or_leaves_every_row_counted(
    tmp_path: Path,
) -> None:
    found = Counter(stray_quotes.verdicts(tmp_path, rows=10_000, places=12))
    assert found.keys() == {"refused", "read"}
