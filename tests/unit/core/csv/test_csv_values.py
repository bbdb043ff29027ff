"""What each type of column takes, and what it makes of it."""

from __future__ import annotations

import pytest

from include.contracts.columns import Column
from include.core.csv.faults import REASONS, Fault, Reject
from tests.support.csv_files import take, take_cell

NULLS = {"null_tokens": ("", "NULL")}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0", "0"),
        ("7", "7"),
        ("007", "7"),
        ("-0", "0"),
        ("+5", "5"),
        ("-12", "-12"),
        ('"12"', "12"),
    ],
)
def test_integer_is_written_without_sign_or_zeros_that_mean_nothing(cell: str, value: str) -> None:
    assert take_cell(cell, Column(name="c", type="integer")) == value


@pytest.mark.parametrize(("cell", "value"), [("5", "5.0"), ("-0", "0.0"), ("1E5", "100000.0")])
def test_equal_floats_have_equal_text(cell: str, value: str) -> None:
    assert take_cell(cell, Column(name="c", type="double precision")) == value


@pytest.mark.parametrize(
    "cell",
    [
        "1.5",
        ".0",
        "1.0e0",
        "1,0",
        "1e3",
        "1_000",
        " 1",
        "1 ",
        "\u0663",
        "\uff11",
        "0x1F",
        "--1",
        "+",
        "-",
        "1.234,5",
        "NaN",
        "1;2",
    ],
)
def test_text_that_is_no_plain_whole_number_is_rejected(cell: str) -> None:
    assert take_cell(f'"{cell}"', Column(name="c", type="bigint")) == "!not_an_integer"
    rest = "\n".join(f"{number},1" for number in range(50))
    taken = take(
        f'c,k\n"{cell}",1\n{rest}\n', (Column(name="c", type="bigint"),), unknown_columns="ignore"
    )
    assert taken.counts.kept == 50


@pytest.mark.parametrize(
    ("kind", "lowest", "highest"),
    [
        ("smallint", -32768, 32767),
        ("integer", -(2**31), 2**31 - 1),
        ("bigint", -(2**63), 2**63 - 1),
    ],
)
def test_integer_overflow_is_rejected_at_the_type_s_bounds(
    kind: str, lowest: int, highest: int
) -> None:
    column = Column(name="c", type=kind)  # type: ignore[arg-type]
    for number in (lowest, highest):
        assert take_cell(str(number), column) == str(number)
    for number in (lowest - 1, highest + 1, 10**30, 10**5000):
        text = str(number) if number < 10**100 else "1" + "0" * 5000
        assert take_cell(text, column) == "!out_of_range"


def test_column_of_many_integers_is_read_like_each_of_them() -> None:
    cells = ["0", "10", "000", "-5", "007", "", "9" * 9, "2147483647", "2147483648", "0"] * 700
    taken = take("c,k\n" + "".join(f"{cell},1\n" for cell in cells),
                 (Column(name="c", type="integer"), Column(name="k", type="text")))  # fmt: skip
    assert [row[0] for row in taken.rows[:9]] == [
        "0", "10", "0", "-5", "7", None, "9" * 9, "2147483647", "0",
    ]  # fmt: skip
    assert taken.counts.rejected == 700


@pytest.mark.parametrize("kind", ["numeric", "double precision", "integer"])
@pytest.mark.parametrize(
    "cell", ["1,234", "1.234,5", "1 234", "1'234", "1,5", "\u0661", "0x1", "abc"]
)
def test_number_with_separators_or_other_digits_is_rejected(kind: str, cell: str) -> None:
    result = take_cell(f'"{cell}"', Column(name="c", type=kind))  # type: ignore[arg-type]
    assert result in {"!not_a_number", "!not_an_integer"}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1.50", "1.5"), ("0.1", "0.1"), ("-0", "0"), ("-0.00", "0"), ("007", "7"), (".5", "0.5"),
        ("5.", "5"), ("+1", "1"), ("1e3", "1000"), ("1E-3", "0.001"), ("100", "100"),
        ("12345678901234567890123456789012345678901234567890.1",) * 2,
        ("1e400", "1" + "0" * 400),
    ],
)  # fmt: skip
def test_numeric_is_exact_and_equal_numbers_have_equal_text(cell: str, value: str) -> None:
    assert take_cell(cell, Column(name="c", type="numeric")) == value


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("999.99", "999.99"), ("-999.99", "-999.99"), ("1.230", "1.23"), ("1000", "!out_of_range"),
        ("1.234", "!too_precise"), ("0.001", "!too_precise"), ("NaN", "!not_finite"), ("0", "0"),
    ],
)  # fmt: skip
def test_numeric_with_precision_is_never_rounded(cell: str, value: str) -> None:
    assert take_cell(cell, Column(name="c", type="numeric", precision=(5, 2))) == value


@pytest.mark.parametrize("cell", ["1e1000", "1e999999999", "1e-999999999", "9" * 1001])
def test_numeric_that_would_expand_beyond_bounds_is_rejected(cell: str) -> None:
    assert take_cell(cell, Column(name="c", type="numeric")) in {"!out_of_range", "!too_precise"}


@pytest.mark.parametrize(
    ("cell", "reject", "null", "keep"),
    [
        ("1e400", "!not_finite", None, "Infinity"),
        ("-1e400", "!not_finite", None, "-Infinity"),
        ("NaN", "!not_finite", None, "NaN"),
        ("Infinity", "!not_finite", None, "Infinity"),
        ("-inf", "!not_finite", None, "-Infinity"),
        ("0.1", "0.1", "0.1", "0.1"),
        ("1e-400", *("!out_of_range",) * 3),
    ],
)
def test_number_that_is_not_finite_gets_what_the_contract_says(
    cell: str, reject: str, null: str | None, keep: str
) -> None:
    def with_rule(rule: str) -> str | None:
        return take_cell(cell, Column(name="c", type="double precision", non_finite=rule))  # type: ignore[arg-type]

    assert (with_rule("reject"), with_rule("null"), with_rule("keep")) == (reject, null, keep)


def test_number_that_becomes_null_is_rejected_where_null_is_not_allowed() -> None:
    column = Column(name="c", type="double precision", non_finite="null", nullable=False)
    assert take_cell("NaN", column) == "!null"


@pytest.mark.parametrize("cell", ["true", "T", "Yes", "y", "ON", "1"])
def test_boolean_true_is_read(cell: str) -> None:
    assert take_cell(cell, Column(name="c", type="boolean")) == "true"


@pytest.mark.parametrize("cell", ["false", "F", "No", "n", "OFF", "0"])
def test_boolean_false_is_read(cell: str) -> None:
    assert take_cell(cell, Column(name="c", type="boolean")) == "false"


@pytest.mark.parametrize("cell", ["2", "tru", " true", "ja"])
def test_boolean_that_is_neither_is_rejected(cell: str) -> None:
    assert take_cell(cell, Column(name="c", type="boolean")) == "!not_a_boolean"


@pytest.mark.parametrize(
    "cell",
    ["2021-02-30", "2021-02-29", "03/04/2021", "10000-01-01", "0000-01-01", "-0044-03-15",
     "44-03-15 BC", "2021-3-4", "20210304", "2021-W01-1",
     "2021-03-04 ", "\uff12\uff1021-03-04", "2021-03-04T00:00"],
)  # fmt: skip
def test_date_that_is_no_iso_date_is_rejected(cell: str) -> None:
    assert take_cell(cell, Column(name="c", type="date")) == "!not_a_date"


@pytest.mark.parametrize("cell", ["2024-02-29", "0001-01-01", "9999-12-31", "2020-12-31"])
def test_date_in_iso_form_is_read(cell: str) -> None:
    assert take_cell(cell, Column(name="c", type="date")) == cell


def test_date_is_read_in_the_declared_formats_in_their_order() -> None:
    column = Column(name="c", type="date", formats=("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y"))
    assert take_cell("03/04/2021", column) == "2021-03-04"
    assert take_cell("3/4/2021", column) == "2021-03-04"
    assert take_cell("13/04/2021", column) == "2021-04-13"
    assert take_cell("2021-03-04", column) == "2021-03-04"


@pytest.mark.parametrize(
    "cell", ["02/30/2021", "3/ 4/2021", "03/04/21", "03/04/10000", "\u06603/04/2021", "2021-03-04"]
)
def test_date_outside_the_declared_formats_is_rejected(cell: str) -> None:
    assert take_cell(cell, Column(name="c", type="date", formats=("%m/%d/%Y",))) == "!not_a_date"


def test_more_different_dates_than_are_remembered_are_all_read() -> None:
    days = [f"{year:04}-{month:02}-01" for year in range(1, 2001) for month in range(1, 13)]
    taken = take("c,k\n" + "".join(f"{day},1\n" for day in days),
                 (Column(name="c", type="date"), Column(name="k", type="text")))  # fmt: skip
    assert [row[0] for row in taken.rows] == days


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2021-03-04T05:06:07Z", "2021-03-04T05:06:07+00:00"),
        ("2021-03-04 05:06:07.5+02:00", "2021-03-04T03:06:07.500000+00:00"),
        ("2021-03-04T05:06-0330", "2021-03-04T08:36:00+00:00"),
        ("2020-12-31T23:59:59-01", "2021-01-01T00:59:59+00:00"),
        ("2021-03-04T05:06:07.123456000Z", "2021-03-04T05:06:07.123456+00:00"),
        ("2021-03-04T05:06:07.1234567Z", "!too_precise"),
        ("2021-03-04T05:06:07", "!no_zone"),
        ("2021-03-04", "!not_a_timestamp"),
        ("2021-02-29T00:00:00Z", "!not_a_timestamp"),
        ("2021-03-04T24:00:00Z", "!not_a_timestamp"),
        ("2021-03-04T05:06:07+24:00", "!not_a_timestamp"),
        ("9999-12-31T23:00:00-02:00", "!not_a_timestamp"),
        ("0001-01-01T00:00:00+02:00", "!not_a_timestamp"),
        ("10000-01-01T00:00:00Z", "!not_a_timestamp"),
    ],
)
def test_timestamp_is_read_as_a_point_in_time(cell: str, value: str) -> None:
    assert take_cell(cell, Column(name="c", type="timestamptz")) == value


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2021-10-31 01:59:59", "2021-10-30T23:59:59+00:00"),
        ("2021-10-31 02:00:00", "!ambiguous_time"),
        ("2021-10-31 02:59:59", "!ambiguous_time"),
        ("2021-10-31 03:00:00", "2021-10-31T02:00:00+00:00"),
        ("2021-10-31 02:30:00+01:00", "2021-10-31T01:30:00+00:00"),
        ("2021-03-28 01:59:59", "2021-03-28T00:59:59+00:00"),
        ("2021-03-28 02:00:00", "!nonexistent_time"),
        ("2021-03-28 02:59:59", "!nonexistent_time"),
        ("2021-03-28 03:00:00", "2021-03-28T01:00:00+00:00"),
    ],
)
def test_naive_time_in_the_dst_fold_or_gap_of_its_zone_is_rejected(cell: str, value: str) -> None:
    assert take_cell(cell, Column(name="c", type="timestamptz", zone="Europe/Berlin")) == value


def test_timestamp_is_read_in_the_declared_formats() -> None:
    column = Column(name="c", type="timestamptz", formats=("%d.%m.%Y %H:%M",), zone="Europe/Berlin")
    assert take_cell("04.03.2021 05:06", column) == "2021-03-04T04:06:00+00:00"
    assert take_cell("2021-03-04T05:06:07Z", column) == "!not_a_timestamp"


@pytest.mark.parametrize(
    "cell",
    ["007", "=cmd|' /C calc'!A0", "@x", "\\.", "\\N", " padded ", "NaN", "null", "N/A", "1e400"],
)
def test_text_is_kept_unchanged(cell: str) -> None:
    assert take_cell(cell, Column(name="c", type="text"), **NULLS) == cell


@pytest.mark.parametrize(
    ("tokens", "values"),
    [
        ((), ["", "", "NULL", "NULL"]),
        (("",), [None, "", "NULL", "NULL"]),
        (('""',), ["", None, "NULL", "NULL"]),
        (("NULL",), ["", "", None, "NULL"]),
        (("", '""', "NULL", '"NULL"'), [None] * 4),
    ],
)
def test_bare_empty_quoted_empty_and_null_differ_by_the_declared_tokens(
    tokens: tuple[str, ...], values: list[str | None]
) -> None:
    taken = take('a,b\n,1\n"",2\nNULL,3\n"NULL",4\n', null_tokens=tokens)
    assert [row[0] for row in taken.rows] == values


@pytest.mark.parametrize(
    "kind", ["text", "integer", "numeric", "double precision", "boolean", "date", "timestamptz"]
)
def test_null_is_rejected_where_a_value_is_required(kind: str) -> None:
    assert take_cell("", Column(name="c", type=kind)) is None  # type: ignore[arg-type]
    assert take_cell("", Column(name="c", type=kind, nullable=False)) == "!null"  # type: ignore[arg-type]
    assert take_cell("", Column(name="c", type=kind), key=("c",)) == "!null"  # type: ignore[arg-type]


def test_reason_of_a_reject_never_holds_the_value() -> None:
    for code, reason in REASONS.items():
        assert Reject.of(1, Fault(code), "sesame").reason == reason
        assert "sesame" not in reason
