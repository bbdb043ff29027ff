"""What the constraints of a column keep, and what they reject."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contracts.columns import Column, ColumnType
from include.errors import InputFileError
from tests.support.csv_files import Taken, take, take_cell
from tests.support.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2020, 1, 21, 12, tzinfo=timezone.utc)
LABEL = Column(name="k", type="text")


def text(**fields: Any) -> Column:
    return Column(name="c", type="text", **fields)


@pytest.mark.parametrize(
    ("column", "good", "bad", "code"),
    [
        (text(pattern="[0-9]{2}"), ["01", "72", '"01"'],
         ["1", "001", "a1", " 01", "\u0660\u0661", '""'], "pattern_mismatch"),
        (text(pattern="a|ab"), ["a", "ab"], ["abb", "b"], "pattern_mismatch"),
        (text(pattern=r"\w+"), ["a_1"], ["é"], "pattern_mismatch"),
        (text(pattern="^[A-Z]+$"), ["AB"], ["Ab", '"AB\n"'], "pattern_mismatch"),
        (text(min_length=2), ["éé", "😀😀", "abc"], ["é", "😀", '""'], "text_too_short"),
        (text(max_length=2), ["éé", "😀😀", '""', '""""""'], ["abc", "😀😀😀"], "text_too_long"),
        (text(enum=("a", "")), ["a", '""'], ["A", " a", "b"], "not_in_enum"),
        (Column(name="c", type="integer", minimum=0), ["0", "-0", "7"], ["-1"], "below_minimum"),
        (Column(name="c", type="integer", minimum=5), ["5", "005"], ["4", "-9"], "below_minimum"),
        (Column(name="c", type="smallint", maximum=10), ["10", "-11", "010"], ["11", "99"],
         "above_maximum"),
        (Column(name="c", type="bigint", maximum=-3), ["-3", "-10"], ["-2", "0", "5"],
         "above_maximum"),
        (Column(name="c", type="integer", enum=(1, 20)), ["1", "+20", "020"], ["2", "0"],
         "not_in_enum"),
        (Column(name="c", type="numeric", minimum=Decimal("0.1")),
         ["0.1", "0.10000000000000000000000000000000000000001", "1e400"],
         ["0.09999999999999999999999999999999999999999", "-1e400"], "below_minimum"),
        (Column(name="c", type="numeric", maximum=9007199254740993),
         ["9007199254740993"], ["9007199254740993.1", "9007199254740994"], "above_maximum"),
        (Column(name="c", type="numeric", enum=(Decimal("1.50"),)), ["1.5", "1.500"], ["1.51"],
         "not_in_enum"),
        (Column(name="c", type="double precision", minimum=0.1), ["0.1", "1e308"], ["0.0999"],
         "below_minimum"),
        (Column(name="c", type="date", minimum=date(2020, 1, 21)), ["2020-01-21"],
         ["2020-01-20", "0999-12-31"], "below_minimum"),
        (Column(name="c", type="timestamptz", maximum=NOON),
         ["2020-01-21T12:00:00Z", "2020-01-21T13:00+01:00"],
         ["2020-01-21T12:00:00.000001Z", "2020-01-21T12:00-01:00"], "above_maximum"),
        (Column(name="c", type="boolean", enum=(True,)), ["t", "1"], ["false"], "not_in_enum"),
    ],
)  # fmt: skip
def test_constraint_rejects_what_breaks_it_with_its_code_and_column(
    column: Column, good: list[str], bad: list[str], code: str
) -> None:
    free = Column(name="c", type=column.type)
    for cell in good:
        assert take_cell(cell, column) == take_cell(cell, free)
    for cell in bad:
        assert take_cell(cell, column) == f"!{code}"


@pytest.mark.parametrize("kind", ["text", "integer", "numeric", "date", "boolean"])
def test_null_keeps_all_constraints(kind: Any) -> None:
    all_fields: dict[str, dict[str, Any]] = {
        "text": {"pattern": "a", "min_length": 1, "enum": ("a",)},
        "integer": {"minimum": 1, "enum": (1,)},
        "numeric": {"minimum": 1, "non_finite": "null"},
        "date": {"minimum": date(2020, 1, 1)},
        "boolean": {"enum": (True,)},
    }
    fields = all_fields[kind]
    assert take_cell("", Column(name="c", type=kind, **fields)) is None
    assert take_cell("", Column(name="c", type=kind, nullable=False, **fields)) == "!null"
    if kind == "numeric":
        assert take_cell("NaN", Column(name="c", type=kind, **fields)) is None


def test_code_that_lost_its_leading_zero_is_rejected_where_a_pattern_is_declared() -> None:
    columns = (
        Column(name="date", type="date"),
        Column(name="state", type="text"),
        Column(name="fips", type="text", pattern="[0-9]{2}"),
    )
    content = "date,state,fips\n2020-04-04,Alabama,1\n2020-04-04,Alaska,02\n"
    taken = take(content, columns, key=("date", "fips"))
    assert taken.rows == [("2020-04-04", "Alaska", "02")]
    assert [(reject.line, reject.column, reject.code) for reject in taken.rejects] == [
        (2, "fips", "pattern_mismatch")
    ]
    assert taken.rejects[0].reason.endswith(": [0-9]{2}")


@pytest.mark.parametrize(
    ("column", "asked"),
    [
        (text(pattern="[0-9]{2}"), ": [0-9]{2}"),
        (text(max_length=5), "max_length allows: 5"),
        (text(min_length=7), "min_length asks: 7"),
        (text(enum=("open", "closed")), ": open, closed"),
        (text(enum=tuple("abcdefghijkl")), ": a, b, c, d, e, f, g, h, i, j or 2 more"),
    ],
)
def test_reason_says_what_the_contract_asks_and_not_the_value(column: Column, asked: str) -> None:
    reason = take("c,k\nsesame,1\n", (column, LABEL)).rejects[0].reason
    assert reason.endswith(asked)
    assert "sesame" not in reason


def test_text_that_is_too_long_is_not_matched_with_a_pattern_that_would_take_for_ever() -> None:
    column = text(pattern="(?:a|a)*b", max_length=20)
    assert take_cell("a" * 24, column) == "!text_too_long"


def test_rows_beside_a_bad_one_are_kept_in_their_order_in_blocks_with_quotes_and_nulls() -> None:
    cells = ["01", '"02"', "", "3", '"4"', '"""5"', "06"] * 900
    content = "c,k\n" + "".join(f"{cell},{number}\n" for number, cell in enumerate(cells))
    taken = take(content, (text(pattern="[0-9]{2}"), LABEL))
    kept = [("01", "02", None, "06")[i] for i in range(4)] * 900
    assert [row[0] for row in taken.rows] == kept
    assert [row[1] for row in taken.rows] == [
        str(number) for number, cell in enumerate(cells) if cell in {"01", '"02"', "", "06"}
    ]
    assert taken.counts.rejected == 2700


def test_rows_that_break_a_constraint_do_not_vanish_in_a_quoted_cell() -> None:
    columns = (text(pattern="[0-9]{2}"), LABEL)
    assert take("c,k\n01,x\n1,y\n2,z\n02,x\n", columns).counts.rejected == 2
    with pytest.raises(InputFileError, match="line 2"):
        take('c,k\n01,"x\n1,y\n2,z\n02,x"\n', columns)


KINDS: dict[ColumnType, st.SearchStrategy[str]] = {
    "text": st.text("ab1é-", max_size=4),
    "integer": st.integers(-12, 120).map(str) | st.sampled_from(["007", "+5", "-0"]),
    "numeric": st.decimals(-3, 3, places=2).map(str) | st.sampled_from(["1e3", "-.5", "0.10"]),
    "double precision": st.floats(-3, 3).map(repr) | st.integers(-3, 3).map(str),
    "date": st.dates(date(2020, 2, 20), date(2020, 3, 10)).map(str),
    "timestamptz": st.builds(
        lambda minutes, zone: (NOON + timedelta(minutes=minutes))
        .astimezone(timezone(timedelta(hours=zone))).isoformat(),
        st.integers(-100, 100), st.integers(-2, 2),
    ),
}  # fmt: skip
PATTERNS = ["", "[ab]+", "a|b1", "[^-]*", "[ab]?[0-9]", ".é?", r"\w*", "(?:a|b){1,3}-?"]


def meaning(kind: str, value: str) -> Any:
    """Read a canonical value with nothing of the reader's."""
    if kind == "text":
        return value
    if kind in {"date", "timestamptz"}:
        return tuple(map(int, re.findall("[0-9]+", value)))
    return float(value) if kind == "double precision" else Fraction(value)


def as_declared(kind: str, value: str) -> Any:
    """Give a canonical value as a contract would declare it."""
    read_as: dict[str, Callable[[str], Any]] = {
        "text": str,
        "integer": int,
        "numeric": Decimal,
        "double precision": float,
        "date": date.fromisoformat,
        "timestamptz": datetime.fromisoformat,
    }
    return read_as[kind](value)


def read(column: Column, cells: list[str]) -> Taken:
    content = "c,k\n" + "".join(f'"{cell}",1\n' for cell in cells)
    return take(content, (column, LABEL), null_tokens=())


@st.composite
def columns_and_cells(draw: st.DrawFn) -> tuple[Column, list[str]]:
    """A column with some constraints, whose bounds and values are among the cells or near them."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    cells = draw(st.lists(KINDS[kind], min_size=1, max_size=12))
    others = draw(st.lists(KINDS[kind], min_size=1, max_size=4))
    values = {str(row[0]) for row in read(Column(name="c", type=kind), others + cells[:3]).rows}
    some = sorted(values, key=lambda value: meaning(kind, value))
    declared = [as_declared(kind, value) for value in some]
    choices: dict[str, Any]
    if kind == "text":
        low, high = sorted(draw(st.tuples(st.integers(0, 4), st.integers(0, 4))))
        choices = {"pattern": draw(st.sampled_from(PATTERNS)), "min_length": low,
                   "max_length": high}  # fmt: skip
    else:
        choices = {"minimum": declared[0], "maximum": declared[-1]} if declared else {}
        if len(declared) > 2:
            choices |= {"minimum": declared[1]}
    if declared:
        choices["enum"] = tuple(draw(st.lists(st.sampled_from(declared), min_size=1)))
    fields = {field: value for field, value in choices.items() if draw(st.booleans())}
    return Column(name="c", type=kind, **fields), cells


def code_of(column: Column, value: str) -> str | None:
    """Say in plain Python which constraint a canonical value breaks first."""
    mine = meaning(column.type, value)
    texts = column.type == "text"
    found = {
        "text_too_long": texts and column.max_length is not None and len(value) > column.max_length,
        "text_too_short": texts and len(value) < (column.min_length or 0),
        "pattern_mismatch": column.pattern is not None
        and re.match(f"(?:{column.pattern})\\Z", value, re.ASCII) is None,
        "below_minimum": column.minimum is not None and mine < _bound(column, column.minimum),
        "above_maximum": column.maximum is not None and mine > _bound(column, column.maximum),
        "not_in_enum": bool(column.enum)
        and mine not in [_bound(column, allowed) for allowed in column.enum],
    }
    return next((code for code, broken in found.items() if broken), None)


def _bound(column: Column, value: Any) -> Any:
    """Give a declared value as `meaning` gives a canonical one."""
    if isinstance(value, datetime):
        value = value.astimezone(timezone.utc)
    if isinstance(value, date):
        return meaning(column.type, value.isoformat())
    return value if column.type == "text" else Fraction(value)


@settings(max_examples=examples(25))
@given(columns_and_cells())
def test_what_is_kept_fits_and_what_is_rejected_does_not_and_values_stay(
    drawn: tuple[Column, list[str]],
) -> None:
    column, cells = drawn
    free, held = read(Column(name="c", type=column.type), cells), read(column, cells)
    codes = {
        line: code_of(column, str(row[0])) for line, row in zip(free.lines, free.rows, strict=True)
    }
    assert {reject.line: reject.code for reject in held.rejects} == {
        reject.line: reject.code for reject in free.rejects
    } | {line: code for line, code in codes.items() if code}
    assert dict(zip(held.lines, held.rows, strict=True)) == {
        line: row for line, row in zip(free.lines, free.rows, strict=True) if not codes[line]
    }
