"""Where records and cells begin and end, for any bytes of a file."""

from __future__ import annotations

import csv
import io
import tracemalloc
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import strategies as st

from include.contracts.columns import Column
from include.core.csv.faults import RAW_LIMIT
from include.core.csv.rows import read_rows
from include.errors import InputFileError
from tests.support.csv_files import contract, take
from tests.support.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

ONE = (Column(name="a", type="text"),)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param("a,b\n1,2\n3,4", [2, 3], id="no final newline"),
        pytest.param("a,b\n1,2\n3,4\n\n", [2, 3], id="double final newline"),
        pytest.param("a,b\r\n1,2\r\n3,4\r\n", [2, 3], id="CRLF"),
        pytest.param("a,b\r1,2\r3,4\r", [2, 3], id="bare CR"),
        pytest.param("a,b\r1,2\r3,4", [2, 3], id="bare CR, none at the end"),
        pytest.param("a,b\n1,2\r\n3,4\r", [2, 3], id="mixed"),
        pytest.param("a,b\n1,2\n\n3,4\n", [2, 4], id="blank line in the middle"),
        pytest.param('"a","b"\n"1","2"\n"3","4"\n', [2, 3], id="all quoted"),
        pytest.param('"a",b\r\n"1",2\r\n3,"4"', [2, 3], id="some quoted, CRLF"),
        pytest.param('"a",b\r"1",2\r3,"4"\r', [2, 3], id="some quoted, bare CR"),
        pytest.param('a,b\n"1",2\n\n\n3,4\n', [2, 5], id="quoted and blank lines"),
    ],
)
def test_every_line_end_is_accepted(content: str, lines: list[int]) -> None:
    taken = take(content)
    assert (taken.rows, taken.lines, taken.rejects) == ([("1", "2"), ("3", "4")], lines, [])


@pytest.mark.parametrize(
    ("content", "blank"), [("a,b\n\n\n1,2\n", 2), ("a,b\n1,2\n\n", 1), ("a,b\n1,2\n", 0)]
)
def test_blank_lines_are_counted_and_not_rows(content: str, blank: int) -> None:
    taken = take(content)
    assert (taken.counts.blank, taken.counts.read) == (blank, 1)


def test_blank_line_in_the_middle_of_a_one_column_table_is_rejected() -> None:
    taken = take("a\n1\n\n2\n\n\n3\n", ONE)
    assert taken.codes == [(3, "blank_line"), (5, "blank_line"), (6, "blank_line")]
    assert (taken.rows, taken.counts.read, taken.counts.blank) == ([("1",), ("2",), ("3",)], 6, 0)


def test_blank_line_that_ends_a_one_column_table_is_accepted() -> None:
    taken = take("a\n1\n\n", ONE)
    assert (taken.codes, taken.counts.blank, taken.counts.read) == ([], 1, 1)


def test_header_alone_is_accepted() -> None:
    for content in ("a,b", "a,b\n", "\ufeffa,b\r\n"):
        assert take(content).counts.read == 0


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_end_inside_quotes_is_kept_unchanged(end: str) -> None:
    taken = take(f'a,b\n"x{end}{end}y",2\n3,4\n')
    assert taken.rows == [(f"x{end}{end}y", "2"), ("3", "4")]
    assert taken.lines == [2, 5]


def test_doubled_quote_is_one_quote() -> None:
    taken = take('a,b\n"say ""hi""",""""\n"""",""""""\n')
    assert taken.rows == [('say "hi"', '"'), ('"', '""')]


def test_delimiter_inside_quotes_is_text() -> None:
    assert take('a,b\n"1,2",","\n').rows == [("1,2", ",")]


@pytest.mark.parametrize("cell", ['"a"b', 'a"b', '"a"b"', '"a" ', ' "a"', '"a""b"c"'])
def test_unescaped_quote_is_rejected_and_the_next_row_is_read(cell: str) -> None:
    taken = take(f'a,b\n1,"2"\n{cell},2\n3,"4"\n')
    assert taken.codes == [(3, "unescaped_quote")]
    assert taken.rejects[0].raw == f"{cell},2"
    assert taken.rows == [("1", "2"), ("3", "4")]


def test_faulty_record_of_several_lines_loses_its_first_line_alone() -> None:
    taken = take('a,b\n1,"Ana\n2,"Bo"\n3,Cy\n')
    assert taken.codes == [(2, "unescaped_quote")]
    assert taken.rejects[0].raw == '1,"Ana'
    assert taken.rows == [("2", "Bo"), ("3", "Cy")]


@pytest.mark.parametrize("content", ['a,b\n1,2\n"3,4\n', 'a,b\n1,2\n"3', 'a,b\n1,2\n3,"4\n5,6\n\n'])
def test_unterminated_quote_at_the_end_is_an_error_that_names_its_line(content: str) -> None:
    with pytest.raises(InputFileError, match="line 3: a quoted cell begins on this line"):
        take(content)


def test_backslash_escape_is_accepted_if_declared() -> None:
    taken = take('a,b\n"x\\"y","\\\\"\n"\\n\\",",2\n"p""q\\\nr",2\n', escape="\\")
    assert taken.rows == [('x"y', "\\"), ('\\n",', "2"), ('p"q\\\nr', "2")]


def test_backslash_escape_is_rejected_if_not_declared() -> None:
    taken = take('a,b\n"x\\"y",2\n3,4\n')
    assert (taken.codes, taken.rows) == ([(2, "unescaped_quote")], [("3", "4")])


@pytest.mark.parametrize(
    ("row", "code"),
    [("1", "too_few_columns"), ("1,2,3", "too_many_columns"), ("1;2", "too_few_columns")],
    ids=["too few columns", "too many columns", "another delimiter on one row"],
)
def test_row_of_another_width_is_rejected(row: str, code: str) -> None:
    for quoted in ("4", '"4"'):
        taken = take(f"a,b\n1,2\n{row}\n3,{quoted}\n")
        assert (taken.codes, taken.rows) == ([(3, code)], [("1", "2"), ("3", "4")])
        assert taken.rejects[0].raw == row


def test_rows_whose_widths_cancel_out_are_both_rejected() -> None:
    taken = take("a,b\n1,2,3\n4\n5,6\n")
    assert taken.codes == [(2, "too_many_columns"), (3, "too_few_columns")]


@pytest.mark.parametrize("rows", [1, 3, 5000])
def test_trailing_delimiter_on_every_row_is_an_error(rows: int) -> None:
    with pytest.raises(InputFileError, match="every row ends in a delimiter"):
        take("a,b\n" + "1,2,\n" * rows)


def test_trailing_delimiter_on_some_rows_is_rejected() -> None:
    assert take("a,b\n1,2,\n3,4\n5,6,\n").codes == [
        (2, "too_many_columns"),
        (4, "too_many_columns"),
    ]


@pytest.mark.parametrize("again", ["a,b", '"a","b"', '"a",b'])
def test_header_repeated_in_the_middle_is_rejected(again: str) -> None:
    taken = take(f"a,b\n1,2\n{again}\n3,4\n")
    assert (taken.codes, taken.rows) == ([(3, "header_repeated")], [("1", "2"), ("3", "4")])


@pytest.mark.parametrize(
    "second",
    ["\nx,y,z\n1,2,3\n", "\nx,y\n1,2\n", "x,y,z\n1,2,3\n", '\n"x","y","z"\n1,2,3\n'],
    ids=["after a blank line", "of the same width", "of another width", "quoted"],
)
def test_two_tables_in_one_file_are_an_error(second: str) -> None:
    numbers = (Column(name="a", type="integer"), Column(name="b", type="integer"))
    with pytest.raises(InputFileError, match="a second table begins here"):
        take("a,b\n1,2\n3,4\n" + second, numbers)


def test_note_of_another_width_after_a_blank_line_is_rejected_as_a_row() -> None:
    assert take("a,b\n1,2\n\nSource,NYT,web\n").codes == [(4, "too_many_columns")]


def test_text_rows_of_another_width_are_no_second_table() -> None:
    taken = take("a,b\nx,y\nSmith,John,extra\nDoe,Jane,extra\n\nfoo,bar\n")
    assert [code for _, code in taken.codes] == ["too_many_columns"] * 2
    assert taken.rows == [("x", "y"), ("foo", "bar")]


def test_field_of_1_mb_is_accepted_and_above_the_limit_rejected() -> None:
    fits, above = "x" * 1_048_576, "x" * 1_048_577
    taken = take(f'a,b\n{fits},1\n{above},2\n3,{fits[:-1]}é\n4,"{fits}"\n')
    assert [row[0] for row in taken.rows] == [fits, "4"]
    assert [(r.line, r.column, r.code) for r in taken.rejects] == [
        (3, "a", "field_too_long"),
        (4, "b", "field_too_long"),
    ]
    assert all(len(reject.raw.encode()) <= RAW_LIMIT for reject in taken.rejects)
    assert taken.rejects[0].raw.endswith("… (cut)")


@pytest.mark.parametrize("opening", ["", '"', '1,"'], ids=["bare", "quoted", "second cell"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_endless_line_is_rejected_in_bounded_memory_and_the_next_row_read(
    tmp_path: Path, opening: str, end: str
) -> None:
    path = tmp_path / "endless.csv"
    with path.open("w", newline="") as file:
        file.write(f"a,b\n1,2\n{opening}")
        for _ in range(300):
            file.write("x" * 100_000)
        file.write(f"{end}3,4\n5,6\n")
    tracemalloc.start()
    items = list(read_rows(path, name="endless.csv", contract=contract(max_field_bytes=1000)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [getattr(item, "code", item) for item in items] == [
        (2, ("1", "2")),
        "row_too_long",
        (4, ("3", "4")),
        (5, ("5", "6")),
    ]
    assert peak < 4_000_000


def test_quoted_cell_that_never_ends_is_an_error_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "endless.csv"
    with path.open("w") as file:
        file.write('a,b\n"')
        for _ in range(300):
            file.write(('"' * 2 + "x\n") * 25_000)
    tracemalloc.start()
    with pytest.raises(InputFileError, match=r"line 2: .* not closed within the largest row"):
        list(read_rows(path, name="e", contract=contract(max_field_bytes=1000)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.parametrize("hostile", ['"' * 300_000 + "x", '"x' * 150_000, '"",' * 100_000 + '"x"y'])
def test_line_full_of_quotes_is_rejected_in_linear_time(hostile: str) -> None:
    taken = take(f"a,b\n1,2\n{hostile}\n3,4\n")
    assert taken.rows == [("1", "2"), ("3", "4")]
    assert len(taken.rejects) == 1


def test_header_and_rows_after_declared_preamble_keep_their_line_numbers() -> None:
    taken = take('Report "x\r\n\r\na,b\r\n1,2\r\n3\r\n', preamble_lines=2)
    assert (taken.rows, taken.lines, taken.codes) == ([("1", "2")], [4], [(5, "too_few_columns")])


@pytest.mark.parametrize("delimiter", [";", "\t", "|", "^", "-"])
def test_declared_delimiter_separates_cells(delimiter: str) -> None:
    taken = take(f'a{delimiter}b\n1,5{delimiter}"x{delimiter}"\n', delimiter=delimiter)
    assert taken.rows == [("1,5", f"x{delimiter}")]


CELLS = st.text(st.sampled_from('ab,"\n\r;é\u200b\U0001f600\\N '), max_size=8)


@hypothesis.given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=30),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n"]),
    copies=st.sampled_from([1, 1, 1, 100]),
)
@hypothesis.settings(max_examples=examples(30))
def test_rows_that_the_standard_library_writes_come_back_cell_by_cell(
    rows: list[tuple[str, ...]], quoting: int, end: str, copies: int
) -> None:
    if quoting == csv.QUOTE_MINIMAL and end == "\n":  # the writer leaves a lone \r bare there
        rows = [tuple(cell.replace("\r", "") for cell in row) for row in rows]
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerows([("a", "b", "c"), *rows * copies])
    columns = [Column(name=name, type="text", line_ends=True) for name in "abc"]
    taken = take(text.getvalue(), columns, null_tokens=())
    assert (taken.rejects, taken.rows) == ([], rows * copies)
