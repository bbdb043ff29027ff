"""What a column may declare, and what is refused when it is declared."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.contracts.columns import Column
from include.contracts.constraints import CODES

PAGE = Path(__file__).parents[3] / "docs" / "columns.md"
UTC_NOON = datetime(2020, 1, 21, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("text", {"pattern": r"[A-Z]{2}-\d+", "min_length": 3, "max_length": 3, "enum": ("a", "")}),
        ("smallint", {"minimum": -32768, "maximum": -32768, "enum": (0, 7)}),
        ("numeric", {"minimum": Decimal("0.1"), "maximum": 10**40, "enum": (Decimal("1E+3"),)}),
        ("double precision", {"minimum": 0.1, "maximum": 2**53, "enum": (0.5, 1)}),
        ("date", {"minimum": date(2020, 1, 21), "maximum": date(2020, 1, 21)}),
        ("timestamptz", {"minimum": UTC_NOON, "enum": (UTC_NOON,)}),
        ("boolean", {"enum": (True,), "true_values": ("ja",), "false_values": ("nein",)}),
        ("integer", {"group_char": "'", "decimal_char": ",", "zero_fraction": True}),
    ],
)
def test_column_declares_what_fits_its_type(kind: Any, fields: dict[str, Any]) -> None:
    Column(name="c", type=kind, **fields)


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("integer", {"pattern": "[0-9]"}, "pattern is for text alone, and this is integer"),
        ("boolean", {"minimum": 0}, "minimum is for smallint, .* alone, and this is boolean"),
        ("text", {"maximum": 1}, "maximum is for .* alone, and this is text"),
        ("date", {"min_length": 1}, "min_length is for text alone"),
        ("text", {"group_char": "."}, "group_char is for .* alone"),
        ("numeric", {"zero_fraction": True}, "zero_fraction is for smallint, integer, bigint"),
        ("text", {"true_values": ("y",)}, "true_values is for boolean alone"),
        ("text", {"formats": ("%Y",)}, "formats is for date, timestamptz alone"),
        ("text", {"min_length": 3, "max_length": 2}, "min_length is greater than max_length"),
        ("text", {"max_length": -1}, "max_length is less than 0"),
        ("integer", {"minimum": 2, "maximum": 1}, "minimum is greater than maximum"),
        ("numeric", {"minimum": 10, "maximum": Decimal(9)}, "minimum is greater than maximum"),
        ("smallint", {"maximum": 32768}, "32768 is no value of type smallint"),
        ("integer", {"minimum": 0.5}, "0.5 is no value of type integer"),
        ("integer", {"minimum": True}, "True is no value of type integer"),
        ("integer", {"enum": ("1",)}, "'1' is no value of type integer"),
        ("text", {"enum": (1,)}, "1 is no value of type text"),
        ("numeric", {"minimum": 0.1}, "0.1 is no value of type numeric: use int or Decimal"),
        ("numeric", {"precision": (5, 2), "enum": (Decimal("0.001"),)}, "no value of type numeric"),
        ("numeric", {"minimum": Decimal("NaN")}, "no value of type numeric"),
        ("double precision", {"maximum": float("inf")}, "inf is no value of type double precision"),
        ("double precision", {"minimum": 2**53 + 1}, "no value of type double precision"),
        ("double precision", {"minimum": 10**400}, "no value of type double precision"),
        ("double precision", {"minimum": 0, "non_finite": "keep"}, "no meaning for NaN"),
        ("date", {"minimum": UTC_NOON}, "use datetime.date"),
        ("date", {"minimum": "2020-01-21"}, "'2020-01-21' is no value of type date"),
        ("timestamptz", {"minimum": date(2020, 1, 21)}, "with a time zone"),
        ("timestamptz", {"minimum": UTC_NOON.replace(tzinfo=None)}, "with a time zone"),
        ("boolean", {"true_values": ("ja", "1"), "false_values": ("1",)}, "both have 1"),
        ("boolean", {"true_values": ("0",)}, "true_values and false_values both have 0"),
        ("numeric", {"group_char": "."}, "decimal_char and group_char are the same"),
        ("numeric", {"group_char": "--"}, "group_char '--' is not one character"),
        ("numeric", {"decimal_char": "5"}, "decimal_char '5' is not one character"),
        ("numeric", {"group_char": "-"}, "group_char '-' is not one character"),
    ],
)
def test_column_that_contradicts_itself_is_refused_when_it_is_declared(
    kind: Any, fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=f"^Column 'c': .*{words}"):
        Column(name="c", type=kind, **fields)


@pytest.mark.parametrize(
    "pattern",
    [
        "[0-9]{2}", "^[0-9]{2}$", r"\d+", r"(?:a|b)?c", "(x)", "[^;]*", r"[\-\]\[]", "a{2,}b{3,4}?",
        "", "a|", "über", r"\$", r"\\$", "^$", "[a-z](?:-?[a-z])*",
    ],
)  # fmt: skip
def test_pattern_that_every_reader_reads_alike_is_taken(pattern: str) -> None:
    Column(name="c", type="text", pattern=pattern)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("[0-9", "character 1, '\\[', begins nothing known"),
        ("(a", "missing \\), unterminated subpattern"),
        ("a)", "character 2 closes no group"),
        ("*a", "character 1 repeats nothing"),
        ("a|*", "character 3 repeats nothing"),
        ("(*a)", "character 2 repeats nothing"),
        ("a**", "character 3 repeats nothing"),
        ("a++", "character 3 repeats nothing"),
        ("(?=a)b", "character 1, '\\('"),
        ("(?<!a)b", "character 1, '\\('"),
        ("(?P<n>a)", "character 1, '\\('"),
        ("(?i)a", "character 1, '\\('"),
        (r"(a)\1", "character 4"),
        (r"\bword", "character 1"),
        (r"\s", "character 1"),
        (r"\Z", "character 1"),
        (r"\é", "character 1"),
        ("a\\", "character 2"),
        ("[[:alpha:]]", "character 1"),
        ("[a--b]", "character 1"),
        ("a{,3}", "character 2"),
        ("a{", "character 2"),
        ("a^b", "character 2"),
        ("a$b", "character 2"),
        ("[b-a]", "bad character range"),
        ("a{3,2}", "min repeat greater than max repeat"),
        ("a{1001}", "more than 1000 times"),
        ("(a{40}){40}", "more than 1000 times"),
        ("(a+)+b", "a repeat holds one without end"),
        ("((a*)?b){2}", "a repeat holds one without end"),
    ],
)
def test_pattern_that_is_wrong_or_read_differently_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(
        ValueError, match=f"Column 'c': the pattern .* is not understood: .*{words}"
    ):
        Column(name="c", type="text", pattern=pattern)


def test_example_of_the_page_on_columns_is_right_and_the_page_names_every_constraint() -> None:
    page = PAGE.read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    declared: dict[str, Any] = {}
    exec(example, declared)  # noqa: S102 # the page's own
    assert len(declared["COLUMNS"]) == 7
    formats = ("trim", "decimal_char", "group_char", "zero_fraction", "true_values", "false_values")
    for field in (*formats, *CODES):
        assert field in {each.name for each in fields(Column)}
        assert f"`{field}`" in page
    assert all(f"`{code}`" in page for code in CODES.values())
