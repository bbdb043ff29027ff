"""Headers against contracts and the rules for names."""

from __future__ import annotations

import pytest

from include.contracts.columns import Column
from include.errors import InputFileError
from tests.support.csv_files import A_AND_B, take

THREE = (*A_AND_B, Column(name="c", type="text", required=False))


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("a,b,a", "columns 1 and 3 of the header have the same name"),
        ("a,b,A", "columns 1 and 3"),
        ('a,b," a "', "columns 1 and 3"),
        ("a,b,straße,STRASSE", "columns 3 and 4"),
        ("a,b,caf\u00e9,cafe\u0301", "columns 3 and 4"),
        ("a,b,,column_3", "columns 3 and 4"),
        ("a,b,x\0y", r"column 3 of the header holds the control character U\+0000"),
        ('a,b,"x\ny"', r"column 3 of the header holds the control character U\+000A"),
        ("a,b,x\x1by", r"U\+001B"),
        ("a,b,x\u2028y", r"U\+2028"),
        ("a,c", r"required columns are missing \(b\)"),
        ("1,2", "none of the declared columns"),
        ('a,b"c', "is no header"),
        ("", "is no header"),
    ],
    ids=[
        "duplicate", "duplicate after case folding", "duplicate after trimming",
        "duplicate after full case folding", "duplicate after normalization",
        "duplicate of a name that was given", "NUL", "line end", "escape", "line separator",
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


NAMES = [
    "Country/Region", "Zip (US)", "select", "ΑΒΓ", "naïve", "日本", "हिन्दी", "7_day_avg", "_x",
    "% change", "O'Brien", "e\u0301", "a.b", "Lat, Long", "Amount (€)", "(€)", "a;b", 'say "x"',
    "a--b", "a/*b", "a\\b", "a`b", "=cmd|'/c'!A1", "x" * 64, "é" * 500, "a\u200bb", "_line",
    "'; drop table x;--", "😀", "-", "{0}", "%s", "\u202ea", "+1 a", "#",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_name_is_kept_unchanged_but_for_blanks_around_it(name: str) -> None:
    quoted = name.replace('"', '""')
    for blank in ("", " ", "\u00a0"):
        taken = take(f'a,b,"{blank}{quoted}{blank}"\n1,2,3\n', unknown_columns="add")
        assert (taken.names, taken.rows) == (["a", "b", name], [("1", "2", "3")])


def test_names_with_blanks_and_signs_are_found_without_declared_columns() -> None:
    taken = take("ID, Name, Amount (€)\n1,Ana,3\n", (), unknown_columns="add", delimiter=None)
    assert (taken.names, taken.rows) == (["ID", "Name", "Amount (€)"], [("1", "Ana", "3")])


def test_declared_column_is_found_with_blanks_around_its_name() -> None:
    assert take("a , b\n1,2\n").rows == [("1", "2")]
    columns = (Column(name="a", type="text", header=" A "), A_AND_B[1])
    assert take("A, b\n1,2\n", columns).rows == [("1", "2")]


def test_any_number_of_columns_is_taken() -> None:
    names = [f"c{number}" for number in range(3000)]
    taken = take(",".join(names) + "\n" + ",".join("1" * 3000), (), unknown_columns="add")
    assert (taken.names, len(taken.rows[0])) == (names, 3000)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (",name,qty\n0,pen,3\n1,ink,4\n", ["column_1", "name", "qty"]),
        (' ,name\n0,"pen"\n', ["column_1", "name"]),
        ("id,,qty\n0,pen,3\n", ["id", "column_2", "qty"]),
        ("id,qty,\n0,3,\n", ["id", "qty", "column_3"]),
        ("id,qty,\n", ["id", "qty", "column_3"]),
        ("id,,\nx1,3,\n", ["id", "column_2", "column_3"]),
    ],
)
def test_column_without_a_name_is_named_by_its_place(content: str, names: list[str]) -> None:
    assert take(content, (), unknown_columns="add", delimiter=None).names == names


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("a,,b", "column 2 of the header has no name"),
        ("a, ,b", "column 2 of the header has no name"),
        ("a,b,", "column 3 of the header has no name: the line ends in a delimiter"),
    ],
)
def test_column_without_a_name_is_an_error_where_all_are_declared(head: str, problem: str) -> None:
    with pytest.raises(InputFileError, match=problem):
        take(f"{head}\n1,2,3\n")


def test_column_without_a_name_is_ignored_where_unknown_ones_are() -> None:
    assert take(",a,b\n0,1,2\n", unknown_columns="ignore").rows == [("1", "2")]


def test_delimiter_that_only_the_header_ends_in_is_an_error() -> None:
    with pytest.raises(InputFileError, match=r"column 3 .* no name: the line ends in a delimiter"):
        take("a,b,\n1,2\n3,4\n", (), unknown_columns="add")


def test_title_of_a_table_s_width_is_no_header() -> None:
    with pytest.raises(InputFileError, match=r"column 2 .* has no name\. .* preamble_lines"):
        take("Report,,\nID,Name,Town\n1,Ana,Ulm\n", (), unknown_columns="add")


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


@pytest.mark.parametrize("name", ["a", "A"])
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
    with pytest.raises(
        InputFileError, match=f"line {count + 1}. .* declare preamble_lines = {count} "
    ):
        take(f"{preamble}a,b\n1,2\n")
    assert take(f"{preamble}a,b\n1,2\n", preamble_lines=count).rows == [("1", "2")]


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("Date,Cases", "`Date` differs from `date` in letter case only; `Cases` differs"),
        ("DATE,cases", r"missing \(date\): `DATE` differs from `date` in letter case only"),
        ("da te,cases", "`da te` differs from `date` in blanks, signs or letter case only"),
        ("_DATE_,cases", "in blanks, signs or letter case only"),
        ("date\u200b,cases", r"`date<U\+200B>` .* in characters that do not show \(U\+200B\)"),
        ("\uff44ate,cases", "in Unicode form only"),
        ("dates,cases", "`dates` is nearly `date`"),
        ("day,case", "`date` is not there; `case` is nearly `cases`"),
        ("day,cases", r"required columns are missing \(date\): `date` is not there"),
    ],
)
def test_near_miss_of_a_declared_name_is_named(head: str, problem: str) -> None:
    columns = (Column(name="date", type="text"), Column(name="cases", type="text"))
    with pytest.raises(InputFileError, match=problem):
        take(f"{head}\n1,2\n", columns)


def test_near_miss_in_unicode_form_is_named() -> None:
    with pytest.raises(InputFileError, match="in Unicode form only"):
        take("cafe\u0301\n1\n", (Column(name="caf\u00e9", type="text"),))


def test_name_that_is_no_near_miss_is_not_named() -> None:
    with pytest.raises(InputFileError, match="no header here") as caught:
        take("High Street,ab\n1,2\n", (Column(name="street", type="text"), A_AND_B[0]))
    assert "High" not in str(caught.value)


@pytest.mark.parametrize("content", ["x\ny\n", "\n", "x\n"])
def test_file_that_ends_before_its_header_is_an_error(content: str) -> None:
    with pytest.raises(InputFileError, match=r"ends before its header|is no header"):
        take(content, preamble_lines=2 if "x" in content else 0)
