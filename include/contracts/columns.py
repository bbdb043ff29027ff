"""What a dataset declares about a column: its type, how its cells are written, what it may hold.

Constraints and formats are named as Frictionless Table Schema names them, in snake case:
https://specs.frictionlessdata.io/table-schema/#constraints. They leave null alone: `nullable`
says whether it is accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from include.contracts.column_checks import check_column

ColumnType = Literal[
    "text",
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "double precision",
    "boolean",
    "date",
    "timestamptz",
]
Bound = int | float | Decimal | date
"""What minimum and maximum are: int and Decimal for numeric, an aware datetime for timestamptz."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One typed column of a file or a table.

    Attributes:
        name: the column's name in SQL.
        type: a Postgres type. numeric takes any finite decimal unless precision is set.
        header: the name in the file's header, when it differs from name.
        required: a header without it is an error; an optional column that is missing is null.
        nullable: a null value is accepted.
        formats: strptime formats of a date or timestamptz, tried in order; ISO 8601 when empty.
        zone: IANA zone of timestamps written without an offset; without it they are rejected.
        non_finite: what NaN, Infinity and numbers too large for the type get.
        precision: (digits in all, digits after the point) of a numeric.
        line_ends: quoted cells may hold lines of any kind. Without it, lines that look like rows
            refuse the file: a quote that is missing or stray reads the same.
        trim: white space around a cell, or within its quotes at either end, is no part of it.
        decimal_char: the character between the whole part of a number and its fraction.
        group_char: the character that may separate groups of three digits in the whole part.
        zero_fraction: a whole number may be written with zeros after the point, as in 1.0.
        true_values, false_values: the spellings of a boolean, letter case included; where empty,
            those that Postgres takes, in any letter case.
        pattern: what a whole text must match, see include/contracts/patterns.py.
        minimum, maximum: the least and the greatest value, both allowed themselves.
        min_length, max_length: characters (Unicode code points) of a text.
        enum: the values allowed, as values of the column's type; any where empty.

    Raises:
        ValueError: what is declared contradicts itself or the type.
    """

    name: str
    type: ColumnType
    header: str | None = None
    required: bool = True
    nullable: bool = True
    formats: tuple[str, ...] = ()
    zone: str | None = None
    non_finite: Literal["reject", "null", "keep"] = "reject"
    precision: tuple[int, int] | None = None
    line_ends: bool = False
    trim: bool = False
    decimal_char: str = "."
    group_char: str | None = None
    zero_fraction: bool = False
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: Bound | None = None
    maximum: Bound | None = None
    min_length: int | None = None
    max_length: int | None = None
    enum: tuple[str | Bound, ...] = ()

    def __post_init__(self) -> None:
        check_column(self)
