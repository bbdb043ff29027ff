"""Headers against contracts and the rules for names."""

from __future__ import annotations

import pytest

from include.core.contract import Column
from include.core.csv_header import is_name
from include.errors import InputFileError
from tests.unit.core.csv_files import A_AND_B, take

THREE = (*A_AND_B, Column(name="c", type="text", required=False))


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("a,b,a", "columns 1 and 3 of the header have the same name"),
        ("a,b,A", "columns 1 and 3"),
        ("a,b,straße,STRASSE", "columns 3 and 4"),
        ("a,b,caf\u00e9,cafe\u0301", "columns 3 and 4"),
        ("a,,b", "column 2 of the header has no name"),
        ("a, ,b", "column 2 of the header has no name"),
        ("a,b,", "column 3 of the header has no name: the line ends in a delimiter"),
        ("a,b," + "x" * 64, "column 3 of the header is longer than 63 bytes"),
        ("a,b," + "é" * 32, "longer than 63 bytes"),
        ('a,b,"""; drop table x;--"', "characters that are not allowed"),
        ("a,b,x\0y", "column 3 of the header holds a NUL"),
        ("a,b," + ",".join(f"c{i}" for i in range(1599)), "1601 columns, and Postgres takes 1600"),
        ("a,c", r"required columns are missing \(b\)"),
        ("1,2", "none of the declared columns"),
        ('a,b"c', "is no header"),
        ("", "is no header"),
    ],
    ids=[
        "duplicate", "duplicate after case folding", "duplicate after full case folding",
        "duplicate after normalization", "blank", "blanks only", "trailing delimiter",
        "64 bytes", "64 bytes of 32 characters", "SQL", "NUL", "1601 columns",
        "required column missing", "no header", "quoting fault", "blank line",
    ],
)  # fmt: skip
def test_faulty_header_is_an_error_that_names_file_and_line(head: str, problem: str) -> None:
    with pytest.raises(InputFileError, match=f"file.csv, line 1: .*{problem}"):
        take(f"{head}\n1,2\n", unknown_columns="add")


def test_error_for_a_missing_header_does_not_show_the_row_that_is_there() -> None:
    with pytest.raises(InputFileError) as caught:
        take("secret,value\n1,2\n")
    assert "secret" not in str(caught.value)


def test_name_of_63_bytes_and_1600_columns_are_accepted() -> None:
    names = ["a", "b", "x" * 63, *(f"c{i}" for i in range(1597))]
    row = ",".join("1" * 1600)
    assert len(take(f"{','.join(names)}\n{row}\n", unknown_columns="add").rows[0]) == 1600


@pytest.mark.parametrize(
    "name",
    ["Country/Region", "Zip (US)", "select", "ΑΒΓ", "naïve", "日本", "हिन्दी", "7_day_avg", "_x",
     "% change", "O'Brien", "e\u0301", "a.b", "Lat, Long"],
)  # fmt: skip
def test_harmless_name_is_accepted_and_a_reserved_word_too(name: str) -> None:
    taken = take(f'a,b,"{name}"\n1,2,3\n', unknown_columns="add")
    assert (taken.names, taken.rows) == ([*"ab", name], [("1", "2", "3")])


@pytest.mark.parametrize(
    "name",
    [
        "a;b",
        'a"b',
        "a--b",
        "a/*b",
        "a\\b",
        "a`b",
        "a\nb",
        "a\tb",
        " a",
        "a ",
        "a\u200bb",
        "\u202ea",
    ],
)
def test_name_that_could_be_more_than_a_name_is_refused(name: str) -> None:
    assert not is_name(name)


def test_columns_in_another_order_come_out_in_the_contract_s_order() -> None:
    assert take("b,a\n1,2\n").rows == [("2", "1")]


def test_optional_column_that_is_missing_is_null() -> None:
    assert take("a,b\n1,2\n", THREE).rows == [("1", "2", None)]


def test_column_is_found_by_its_header_name() -> None:
    columns = (Column(name="a", type="text", header="Country/Region"), A_AND_B[1])
    taken = take("Country/Region,b\n1,2\n", columns)
    assert (taken.names, taken.rows) == (["a", "b"], [("1", "2")])


def test_unknown_column_is_an_error_that_names_it() -> None:
    with pytest.raises(InputFileError, match=r"does not know \(x\)"):
        take("a,x,b\n1,2,3\n")


def test_unknown_column_is_ignored_if_the_contract_says_so() -> None:
    taken = take("a,x,b\n1,2,3\n", unknown_columns="ignore")
    assert (taken.names, taken.rows) == (["a", "b"], [("1", "3")])


def test_unknown_column_is_added_as_text_if_the_contract_says_so() -> None:
    taken = take("x,a,y,b\n007,1,,3\n", unknown_columns="add")
    assert (taken.names, taken.rows) == (["a", "b", "x", "y"], [("1", "3", "007", None)])


@pytest.mark.parametrize("name", ["_line", "_LINE", "a", "A"])
def test_added_column_that_takes_another_one_s_name_is_an_error(name: str) -> None:
    columns = (Column(name="a", type="text", header="A1"), A_AND_B[1])
    with pytest.raises(InputFileError, match="has the name of another one"):
        take(f"A1,b,{name}\n1,2,3\n", columns, unknown_columns="add")


@pytest.mark.parametrize(
    ("delimiter", "called"), [(";", "a semicolon"), ("\t", "a tab"), ("|", "a vertical bar")]
)
@pytest.mark.parametrize("quote", ["", '"'])
def test_delimiter_other_than_declared_is_an_error_that_names_it(
    delimiter: str, called: str, quote: str
) -> None:
    head = delimiter.join(f"{quote}{name}{quote}" for name in "ab")
    with pytest.raises(InputFileError, match=f"it looks like {called}"):
        take(f"{head}\n1{delimiter}2\n")


def test_comma_where_another_delimiter_is_declared_is_an_error() -> None:
    with pytest.raises(InputFileError, match="it looks like a comma"):
        take("a,b\n1,2\n", delimiter=";")


@pytest.mark.parametrize("preamble", ["# made by x\n", "Report,2020\n\n", "Report\n,\n"])
def test_preamble_lines_are_an_error_that_says_how_many_to_declare(preamble: str) -> None:
    count = preamble.count("\n")
    with pytest.raises(InputFileError, match=f"declare preamble_lines={count}"):
        take(f"{preamble}a,b\n1,2\n")
    assert take(f"{preamble}a,b\n1,2\n", preamble_lines=count).rows == [("1", "2")]


@pytest.mark.parametrize("content", ["x\ny\n", "\n", "x\n"])
def test_file_that_ends_before_its_header_is_an_error(content: str) -> None:
    with pytest.raises(InputFileError, match=r"ends before its header|is no header"):
        take(content, preamble_lines=2 if "x" in content else 0)
