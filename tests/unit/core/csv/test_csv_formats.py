"""How a column may declare that its cells are written."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contracts.columns import Column
from tests.support.csv_files import take, take_cell
from tests.support.examples import examples

AMOUNT = Column(name="c", type="numeric", decimal_char=",", group_char=".")
WHOLE = Column(name="c", type="integer", zero_fraction=True)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1.234,56", "1234.56"), ("1.234.567", "1234567"), ("1234,56", "1234.56"), ("-0,5", "-0.5"),
        ("+12.345", "12345"), (",5", "0.5"), ("5,", "5"), ("1.234,5e2", "123450"),
        ("0,123", "0.123"), ("NaN", "!not_finite"),
        *((cell, "!not_a_number") for cell in (
            "1.23,4", "1.2345,6", "12.34", "1234.567", ".123", "0.123", "1..234", "1.234,5,6",
            "1,234.5", "1 234,5", "1,5e1.000", ".", ",", "", "-", "1.234.", "1.5",
        )),
    ],
)  # fmt: skip
def test_number_is_read_with_the_declared_separators_and_no_others(cell: str, value: str) -> None:
    assert take_cell(f'"{cell}"', AMOUNT) == value


@pytest.mark.parametrize("kind", ["numeric", "double precision", "integer"])
@pytest.mark.parametrize("group", ["'", " ", "\u00a0", "\u202f", "_", "|"])
def test_groups_are_taken_out_of_every_kind_of_number(kind: Any, group: str) -> None:
    column = Column(name="c", type=kind, group_char=group)
    plain = take_cell("1234567", Column(name="c", type=kind))
    assert take_cell(f"1{group}234{group}567", column) == plain
    assert take_cell("1234567", column) == plain
    assert take_cell(f"1{group}23", column) in {"!not_a_number", "!not_an_integer"}


def test_file_with_decimal_commas_and_dates_of_its_country_is_read() -> None:
    columns = (
        Column(name="id", type="integer"),
        Column(name="amount", type="numeric", decimal_char=",", group_char="."),
        Column(name="day", type="date", formats=("%d.%m.%Y",)),
    )
    content = "id;amount;day\n1;1.234,56;31.12.2020\n2;-0,5;01.01.2021\n"
    assert take(content, columns, delimiter=";").rows == [
        ("1", "1234.56", "2020-12-31"),
        ("2", "-0.5", "2021-01-01"),
    ]


def _grouped(digits: str, group: str) -> str:
    first = len(digits) % 3 or 3
    return group.join([digits[:first], *(digits[i : i + 3] for i in range(first, len(digits), 3))])


@settings(max_examples=examples(20))
@given(
    number=st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12),
                       max_value=10**12),
    group=st.sampled_from([None, ".", " ", "'"]),
)  # fmt: skip
def test_number_has_the_same_canonical_value_however_its_separators_are(
    number: Any, group: str | None
) -> None:
    plain = format(number, "f")
    sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain)
    whole, _, fraction = digits.partition(".")
    written = f"{sign}{_grouped(whole, group) if group else whole},{fraction}"
    column = Column(name="c", type="numeric", decimal_char=",", group_char=group)
    assert take_cell(f'"{written}"', column) == take_cell(plain, Column(name="c", type="numeric"))


def _meaning(text: str) -> Fraction | None:
    """Read -1.234,56 with nothing of the reader's; None for what is not so written."""
    text = text[1:] if (negative := text.startswith("-")) else text
    whole, _, fraction = text.partition(",")
    groups = whole.split(".")
    if len(groups) > 1 and (
        any(len(group) != 3 for group in groups[1:])
        or not 1 <= len(groups[0]) <= 3
        or groups[0][0] == "0"
    ):
        return None
    digits = "".join(groups) + fraction
    if not digits or not set(digits) <= set("0123456789"):
        return None
    return Fraction(int(digits), 10 ** len(fraction)) * (-1 if negative else 1)


@settings(max_examples=examples(60))
@given(st.text("0123.,-", max_size=12))
def test_text_of_digits_and_separators_is_a_number_or_rejected_as_plain_python_says(
    cell: str,
) -> None:
    value, meaning = take_cell(f'"{cell}"', AMOUNT), _meaning(cell)
    assert (None if value == "!not_a_number" else Fraction(str(value))) == meaning


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1.0", "1"), ("-12.00", "-12"), ("007.0", "7"), ("5.", "5"), ("3", "3"),
        ("1.5", "!not_an_integer"), ("1.0000001", "!not_an_integer"), (".0", "!not_an_integer"),
        ("1.0e1", "!not_an_integer"), ("2147483648.0", "!out_of_range"),
    ],
)  # fmt: skip
def test_whole_number_with_zeros_after_the_point_is_read_where_declared(
    cell: str, value: str
) -> None:
    assert take_cell(cell, WHOLE) == value


def test_whole_number_with_a_point_is_rejected_by_default_with_a_reason_that_says_so() -> None:
    columns = [Column(name=name, type="integer") for name in ("cases", "deaths")]
    content = "date,cases,deaths\n2020-01-21,1.0,0.0\n2020-01-22,2,1.0\n2020-01-23,3.5,0\n"
    taken = take(content, (Column(name="date", type="date"), *columns))
    assert [(reject.line, reject.column, reject.code) for reject in taken.rejects] == [
        (2, "cases", "whole_number_with_point"),
        (3, "deaths", "whole_number_with_point"),
        (4, "cases", "not_an_integer"),
    ]
    assert "decimal point" in taken.rejects[0].reason
    assert "zero_fraction" in taken.rejects[0].reason


def test_whole_numbers_with_the_declared_point_are_read_and_nothing_is_rounded() -> None:
    column = Column(name="c", type="bigint", zero_fraction=True, decimal_char=",", group_char=".")
    assert take_cell('"1.234,00"', column) == "1234"
    assert take_cell('"1234,5"', column) == "!not_an_integer"
    assert take_cell('"1.0"', column) == "!not_an_integer"


@settings(max_examples=examples(20))
@given(
    st.integers(-(10**11), 10**11),
    st.text("0", max_size=4) | st.text("0123456789", min_size=1, max_size=4),
)
def test_whole_number_with_a_fraction_is_itself_or_rejected(whole: int, fraction: str) -> None:
    value = take_cell(f"{whole}.{fraction}", WHOLE)
    if fraction.strip("0"):
        assert value == "!not_an_integer"
    else:
        assert value == (str(whole) if abs(whole) < 2**31 else "!out_of_range")


BLANKS = st.text(" \t\u00a0\u2003", max_size=3)


@settings(max_examples=examples(25))
@given(cell=st.text("aé. \t\u00a0", max_size=6), before=BLANKS, after=BLANKS, quoted=st.booleans())
def test_trimmed_text_is_what_is_left_without_white_space(
    cell: str, before: str, after: str, *, quoted: bool
) -> None:
    padded = before + cell + after
    column = Column(name="c", type="text", trim=True)
    raw = f'"{padded}"' if quoted else padded
    assert take_cell(raw, column, null_tokens=()) == cell.strip()
    assert take_cell(raw, Column(name="c", type="text"), null_tokens=()) == padded


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("integer", " 12\t", "12"),
        ("integer", '" 12"', "12"),
        ("date", " 2020-01-21 ", "2020-01-21"),
        ("boolean", " yes", "true"),
        ("text", '" say ""no"" "', 'say "no"'),
        ("text", "   ", None),
        ("text", '"  "', ""),
        ("integer", "  ", None),
        ("text", " NULL ", None),
    ],
)
def test_cell_is_trimmed_before_it_is_held_against_null_and_type(
    kind: Any, cell: str, value: str | None
) -> None:
    column = Column(name="c", type=kind, trim=True)
    assert take_cell(cell, column, null_tokens=("", "NULL")) == value


def test_text_is_not_trimmed_unless_declared() -> None:
    assert take_cell("  a ", Column(name="c", type="text")) == "  a "
    assert take_cell(" 1", Column(name="c", type="integer")) == "!not_an_integer"


def test_trimmed_keys_that_differed_in_a_blank_are_the_same() -> None:
    columns = (Column(name="k", type="text", trim=True), Column(name="v", type="text"))
    assert [row[0] for row in take("k,v\n a,1\na ,1\n", columns).rows] == ["a", "a"]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("ja", "true"), ("JA", "true"), ("nein", "false"), ("Ja", None), ("yes", None), ("1", None)],
)
def test_declared_spellings_of_true_and_false_are_the_only_ones(
    cell: str, value: str | None
) -> None:
    column = Column(name="c", type="boolean", true_values=("ja", "JA"), false_values=("nein",))
    assert take_cell(cell, column) == (value or "!not_a_boolean")


def test_spellings_of_true_alone_leave_those_of_false() -> None:
    column = Column(name="c", type="boolean", true_values=("x",))
    assert [take_cell(cell, column) for cell in ("x", "NO", "X", "true")] == [
        "true", "false", "!not_a_boolean", "!not_a_boolean",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "asked"),
    [
        (AMOUNT, "decimal_char ',', group_char '.'"),
        (Column(name="c", type="date", formats=("%d.%m.%Y", "%Y")), "%d.%m.%Y, %Y"),
        (Column(name="c", type="boolean", true_values=("ja",), false_values=("nein",)), "ja, nein"),
    ],
)
def test_reason_says_how_the_contract_wants_a_cell_written_and_not_the_cell(
    column: Column, asked: str
) -> None:
    taken = take("c,k\nsesame,1\n", (column, Column(name="k", type="text")))
    assert taken.rejects[0].reason.endswith(f": {asked}")
    assert "sesame" not in taken.rejects[0].reason


@settings(max_examples=examples(12))
@given(numbers=st.lists(st.integers(-(10**6), 10**6), min_size=1), with_point=st.booleans())
def test_column_of_plain_numbers_is_read_the_same_with_formats_declared(
    numbers: list[int], *, with_point: bool
) -> None:
    cells = [f"{number}.0" if with_point and number % 2 else str(number) for number in numbers]
    content = "c,k\n" + "".join(f"{cell},1\n" for cell in cells)
    taken = take(content, (WHOLE, Column(name="k", type="text")))
    assert [row[0] for row in taken.rows] == list(map(str, numbers))
