"""Delimiters that are found, Excel's hint, and files without a header."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.errors import InputFileError
from tests.support.csv_files import A_AND_B, Taken, take
from tests.support.examples import examples

ANY: dict[str, Any] = {"delimiter": None, "unknown_columns": "add", "null_tokens": ()}


def take_any(content: str | bytes, **rules: Any) -> Taken:
    return take(content, (), **{**ANY, **rules})


# Found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
def test_delimiter_is_found_also_beside_cells_that_hold_others(
    delimiter: str, quoting: int
) -> None:
    rows = [("ID", "Name", "Town"), ("1", "Ana, B", "Ulm; Donau"), ("2", "a|b", 'say "x\ty"')]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    taken = take_any(text.getvalue())
    assert (tuple(taken.names), taken.rows, taken.rejects) == (rows[0], rows[1:], [])


@pytest.mark.parametrize(
    ("content", "names", "rows"),
    [
        ("id;amount\n1;1,5\n2;2,25\n", ["id", "amount"], [("1", "1,5"), ("2", "2,25")]),
        ("id;Name, first\n1;Ana\n", ["id", "Name, first"], [("1", "Ana")]),
        ("a\tTown, State\n1\tUlm, BW\n", ["a", "Town, State"], [("1", "Ulm, BW")]),
        ("a|b|c|d,e\n1|2|3|4,5\n", ["a", "b", "c", "d,e"], [("1", "2", "3", "4,5")]),
        ("a,b\n", ["a", "b"], []),
        ('"a,b";c\n"1,2";3\n', ["a,b", "c"], [("1,2", "3")]),
    ],
    ids=[
        "decimal commas", "comma in a name", "lists of words", "much rarer", "header alone",
        "quoted",
    ],
)  # fmt: skip
def test_delimiter_is_the_one_that_makes_a_table(
    content: str, names: list[str], rows: list[tuple[str, ...]]
) -> None:
    taken = take_any(content)
    assert (taken.names, taken.rows) == (names, rows)


@pytest.mark.parametrize("content", ["name\nAna\nBo\n", "name\n", "name", "name\nAna B\n"])
def test_file_without_a_delimiter_has_one_column(content: str) -> None:
    assert take_any(content).names == ["name"]


@pytest.mark.parametrize(
    ("content", "both"),
    [
        ("a,b;c\n1,2;3\n", "a comma and a semicolon"),
        ("a;b\tc\n", "a semicolon and a tab"),
        ("a|b,c|d\n1|2,3|4\n", "a comma and a vertical bar"),
        ("id,x;y,z\n" + "1,2;3,4\n" * 30 + "1;2\n", "a comma and a semicolon"),
    ],
)
def test_two_delimiters_that_would_do_equally_well_are_an_error_that_names_them(
    content: str, both: str
) -> None:
    with pytest.raises(InputFileError, match=f"line 1: {both} would do equally well"):
        take_any(content)


def test_few_broken_rows_do_not_hide_the_delimiter() -> None:
    body = "".join(f"{number};x;y\n" for number in range(40))
    taken = take_any("id;b;c\n1;2\n" + body + "3,4,5;6\n")
    assert (taken.names, taken.counts.kept, len(taken.rejects)) == (["id", "b", "c"], 40, 2)


cells = st.text(alphabet="abcxyz 01,;|\t'€é", max_size=8)


@given(
    delimiter=st.sampled_from(",;\t|"),
    rows=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=30),
)
@settings(max_examples=examples(50))
def test_file_that_quotes_all_cells_is_read_with_any_text_in_them(
    delimiter: str, rows: list[list[str]]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(
        [["first", "second", "third"], *rows]
    )
    assert take_any(text.getvalue()).rows == [tuple(row) for row in rows]


# Declared


@pytest.mark.parametrize("content", ["ID;Name\n1;Ana\n", "ID;Name\n"])
def test_delimiter_other_than_declared_is_an_error_also_without_declared_columns(
    content: str,
) -> None:
    with pytest.raises(InputFileError, match=r"not the declared one, a comma: .*a semicolon"):
        take_any(content, delimiter=",")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "^"])
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_first_line_that_names_the_delimiter_is_taken_and_counted_as_no_row(
    end: str, delimiter: str, quote: str, start: str
) -> None:
    content = f"{start}{quote}sep={delimiter}{quote}\na{delimiter}b\n1{delimiter}2\n"
    for declared in (None, delimiter):
        taken = take(content.replace("\n", end), delimiter=declared)
        assert (taken.rows, taken.lines, taken.counts.read) == ([("1", "2")], [3], 1)
        assert take_any(content, delimiter=declared).rows == [("1", "2")]


def test_first_line_that_names_the_delimiter_is_one_of_the_declared_lines_before_the_header() -> (
    None
):
    assert take("sep=,\na,b\n1,2\n", preamble_lines=1).lines == [3]
    assert take("sep=,\nReport\na,b\n1,2\n", preamble_lines=2).lines == [4]


def test_declared_delimiter_that_the_file_contradicts_is_an_error_that_names_both() -> None:
    with pytest.raises(InputFileError, match=r"line 1: .* is a semicolon, .* that it is a comma"):
        take("sep=;\na;b\n1;2\n")


def test_first_line_that_names_another_delimiter_than_the_file_has_is_an_error() -> None:
    with pytest.raises(InputFileError, match=r"line 2: .* not the declared one, a semicolon"):
        take_any("sep=;\na,b\n1,2\n")


# The header further down


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("# exported by hand\n", 2),
        ("# exported, by hand\n", 2),
        ("Report 2020\n\n", 3),
        ("# a\n# b\n# c\n", 4),
        ("Report,2020\n\n", 3),
        ('"Report; of ""x"""\n', 2),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_lines_before_the_header_are_an_error_that_says_where_it_is(
    before: str, line: int, delimiter: str
) -> None:
    table = "ID,Name,Town\n1,Ana,Porto\n2,Bo,Ulm\n".replace(",", delimiter)
    with pytest.raises(InputFileError, match=f"on line {line}.*preamble_lines = {line - 1} "):
        take_any(before + table)
    rows = take_any(before + table, preamble_lines=line - 1).rows
    assert rows == [("1", "Ana", "Porto"), ("2", "Bo", "Ulm")]


@pytest.mark.parametrize(
    "content",
    ["# by hand, today\nID,Name\n1,Ana\n2,Bo\n", "# by hand\nID,Name\n", "#,\na,b\n1,2\n"],
)
def test_comment_before_the_header_is_recognised_by_its_sign_too(content: str) -> None:
    with pytest.raises(InputFileError, match="on line 2"):
        take_any(content)


@pytest.mark.parametrize(
    "content", ["#name,town\nAna,Ulm\nBo,Porto\n", "#\tname\n1\tx\n2\ty\n", "#CHROM,POS\n1,2\n"]
)
def test_header_that_begins_with_a_comment_sign_is_accepted(content: str) -> None:
    assert take_any(content).counts.kept == content.count("\n") - 1


def test_rows_with_a_name_of_their_own_are_rejected_and_no_header() -> None:
    taken = take_any("mpg,cyl\nMazda,21,6\nDatsun,22,4\n")
    assert [code for _, code in taken.codes] == ["too_many_columns"] * 2


# No header


def test_first_row_is_data_where_the_contract_declares_that_there_is_no_header() -> None:
    taken = take("1,2\n3,4\n5\n", header=False)
    assert (taken.names, taken.rows, taken.lines) == (["a", "b"], [("1", "2"), ("3", "4")], [1, 2])
    assert taken.codes == [(3, "too_few_columns")]


@pytest.mark.parametrize("start", ["\ufeff", "sep=,\n", "Report\n"])
def test_file_without_header_may_begin_with_a_mark_a_hint_or_declared_lines(start: str) -> None:
    lines = start.count("\n")
    taken = take(f"{start}1,2\n", header=False, preamble_lines=lines)
    assert (taken.rows, taken.lines) == ([("1", "2")], [lines + 1])


def test_delimiter_of_a_file_without_header_is_found() -> None:
    assert take("1;2\n3;4,5\n", header=False, delimiter=None).rows == [("1", "2"), ("3", "4,5")]


def test_delimiter_that_finds_the_declared_columns_is_taken() -> None:
    assert take("a;b;c,d\n1;2;3,4\n", delimiter=None, unknown_columns="ignore").rows == [("1", "2")]


@pytest.mark.parametrize("first", ["a,b", '"A", b'])
def test_header_where_the_contract_says_there_is_none_is_an_error(first: str) -> None:
    with pytest.raises(InputFileError, match="line 1: the first row holds the columns' names"):
        take(f"{first}\n1,2\n", header=False)


def test_blank_lines_and_an_unclosed_quote_in_a_file_without_header_are_what_they_are() -> None:
    assert take("\n1,2\n", header=False).lines == [2]
    with pytest.raises(InputFileError, match="line 1: a quoted cell"):
        take('1,"2\n', header=False)
    assert take("\ufeff", header=False).lines == []


def test_contract_without_header_needs_columns_and_adds_none() -> None:
    with pytest.raises(ValueError, match="without a header"):
        CsvContract(columns=(), header=False)
    with pytest.raises(ValueError, match="without a header"):
        replace(CsvContract(columns=A_AND_B, unknown_columns="add"), header=False)


def test_columns_of_a_file_without_header_are_typed() -> None:
    columns = (Column(name="n", type="integer"), A_AND_B[1])
    assert take("1,2\nx,3\n", columns, header=False).codes == [(2, "not_an_integer")]
