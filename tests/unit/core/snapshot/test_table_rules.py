"""The constraints of a table's columns hold for what cleaning makes, as for what files bring."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contracts.columns import Column, ColumnType
from include.contracts.patterns import compile_pattern
from include.contracts.tables import Table
from include.core.snapshot.columns import duckdb_type
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.rules import check_table
from include.errors import RuleError
from tests.support.examples import examples
from tests.unit.core.csv.test_csv_constraints import columns_and_cells, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

NOON = datetime(2020, 1, 21, 12, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder: Path = tmp_path_factory.mktemp("rules")
    with connect_duckdb(folder, memory="128MB") as opened:
        yield opened


def declare(kind: ColumnType, **fields: Any) -> Column:
    return Column(name="c", type=kind, **fields)


def check(
    connection: duckdb.DuckDBPyConnection, column: Column, values: list[str | None]
) -> str | None:
    """Hold values, as text, against a column of a table; return what check_table says."""
    kind = duckdb_type(column)
    connection.execute(
        f"create or replace table cleaned as select i as n, cast(v as {kind}) as c "
        "from (select unnest($v) as v, generate_subscripts($v, 1) as i)",
        {"v": values},
    )
    number = Column(name="n", type="integer")
    table = Table(schema="s", name="t", columns=(number, column), key=("n",))
    try:
        check_table(connection, table)
    except RuleError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("column", "good", "bad", "words"),
    [
        (declare("text", pattern="[0-9]{2}"), ["01"], ["1", "001", "\u0660\u0661"],
         r"pattern of c \(\[0-9\]\{2\}\)"),
        (declare("text", min_length=2), ["é\u0301", "😀😀"], ["😀", "a", ""],
         r"min_length of c \(2\)"),
        (declare("text", max_length=2), ["😀😀", ""], ["aaa", "é\u0301e", "abcd"],
         "max_length of c"),
        (declare("text", enum=("a", "b")), ["a"], ["A", "", "c"], r"enum of c \(a, b\)"),
        (declare("bigint", minimum=0), ["0", "7"], ["-1", "-9", "-7"], r"minimum of c \(0\)"),
        (declare("double precision", maximum=0.1), ["0.1"], ["0.2", "1", "1e300"], "maximum of c"),
        (declare("date", minimum=date(2020, 1, 21)), ["2020-01-21"],
         ["2020-01-20", "0999-01-01", "2019-12-31"], r"minimum of c \(2020-01-21\)"),
        (declare("timestamptz", maximum=NOON), ["2020-01-21 13:00:00+01"],
         ["2020-01-21 12:00:01+00", "2020-01-21 12:00:00-01", "2021-01-01 00:00:00+00"],
         "maximum of c"),
        (declare("numeric", minimum=Decimal("0.1")), ["0.10", "1e400", "0.1"],
         ["0.09999999999999999999999999999999999999999999", "NaN", "-1e400"], "minimum of c"),
        (declare("numeric", enum=(Decimal("1.5"), 2)), ["1.50", "2.0"], ["1.51", "0", "-2"],
         "enum of c"),
        (declare("numeric", precision=(5, 2), maximum=Decimal("99.99")), ["99.99"],
         ["100", "100.00", "999.99"], r"maximum of c \(99.99\)"),
        (declare("boolean", enum=(False,)), ["false"], ["true"] * 3, "enum of c"),
    ],
)  # fmt: skip
def test_snapshot_that_breaks_a_constraint_is_refused_with_column_and_number_of_rows(
    connection: duckdb.DuckDBPyConnection,
    column: Column,
    good: list[str],
    bad: list[str],
    words: str,
) -> None:
    assert check(connection, column, [*good, None]) is None
    said = str(check(connection, column, [*good, None, *bad]))
    assert re.search(f"^s.t: 3 rows break {words}", said)
    assert said.endswith("Nothing was loaded")


def test_each_broken_constraint_is_named(connection: duckdb.DuckDBPyConnection) -> None:
    column = Column(name="c", type="integer", minimum=0, maximum=9, enum=(0, 5, 20))
    said = str(check(connection, column, ["-1", "5", "20", "21"]))
    assert "1 rows break minimum" in said
    assert "2 rows break maximum" in said
    assert "2 rows break enum of c (0, 5, 20)" in said


@settings(max_examples=examples(12))
@given(columns_and_cells())
def test_reader_and_rules_keep_and_refuse_the_same_values(
    connection: duckdb.DuckDBPyConnection, drawn: tuple[Column, list[str]]
) -> None:
    column, cells = drawn
    free, held = read(Column(name="c", type=column.type), cells), read(column, cells)
    values = [row[0] for row in free.rows]
    if len(held.rows) < len(values):
        assert check(connection, column, values)
    assert check(connection, column, [row[0] for row in held.rows]) is None


ONES = st.sampled_from(
    [
        "a",
        "1",
        "é",
        "-",
        r"\d",
        r"\w",
        r"\W",
        r"\D",
        ".",
        "[ab]",
        "[^a]",
        r"\.",
        "[a-f1]",
        r"[^\d\-]",
        r"\n",
        r"\t",
        "[^\\w\n]",
        "\u0660",
        "#",
    ]
)
REPEATS = st.sampled_from(["", "", "?", "*", "+", "{2}", "{0,2}", "{1,}", "*?", "??", "{1,2}?"])


@st.composite
def patterns(draw: st.DrawFn, depth: int = 2) -> str:
    """Patterns of all that a column may declare."""

    def branch() -> str:
        parts = []
        for _ in range(draw(st.integers(0, 3))):
            one = draw(ONES)
            if depth and draw(st.integers(0, 3)) == 0:
                one = draw(st.sampled_from(["({})", "(?:{})"])).format(draw(patterns(depth - 1)))
            parts.append(one + draw(REPEATS))
        return "".join(parts)

    return "|".join(branch() for _ in range(draw(st.integers(1, 2))))


@settings(max_examples=examples(50))
@given(
    pattern=patterns(),
    start=st.sampled_from(["", "^"]),
    end=st.sampled_from(["", "$"]),
    values=st.lists(st.text("ab1é-.\n\t\u0660 ", max_size=5), max_size=20),
)
def test_pattern_is_read_alike_by_python_and_duckdb(
    connection: duckdb.DuckDBPyConnection, pattern: str, start: str, end: str, values: list[str]
) -> None:
    pattern = start + pattern + end
    try:
        compiled = compile_pattern(pattern)
    except ValueError as error:
        assert "without end" in str(error)  # noqa: PT017 # the one thing that these may be refused for
        return
    statement = "select regexp_full_match(unnest($values::varchar[]), $pattern)"
    found = connection.execute(statement, {"values": values, "pattern": pattern}).fetchall()
    assert [row[0] for row in found] == [bool(compiled.fullmatch(value)) for value in values]
