"""What goes to Athena, parsed as Trino does: the emulator would take what Trino refuses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import sqlglot
from sqlglot import exp

from include.contracts import Column
from include.datasets import table_exports
from include.datasets.test_table import DATASET
from include.pipelines.table_export_to_kinesis.athena import unload_statement
from include.pipelines.table_export_to_kinesis.stored_columns import glue_columns

if TYPE_CHECKING:
    from include.contracts import TableExport

# A function goes to Athena once its page has been read.
FUNCTIONS = {
    "CASE": "https://trino.io/docs/current/functions/conditional.html#case",
    "COALESCE": "https://trino.io/docs/current/functions/conditional.html#coalesce",
}
CONDITIONS = (exp.And, exp.Or, exp.If)  # sqlglot counts them among functions; If is a when of case
# https://docs.aws.amazon.com/athena/latest/ug/unload.html
UNLOAD = re.compile(
    r"unload \((.*)\) to '[^']*/'\nwith \(format = 'PARQUET', compression = 'ZSTD'\)", re.DOTALL
)


def functions_of(query: str) -> set[str]:
    """The functions of a statement that Trino's dialect takes."""
    tree = sqlglot.parse_one(query, dialect="trino")
    called = [each for each in tree.find_all(exp.Func) if not isinstance(each, CONDITIONS)]
    return {
        each.name.upper() if isinstance(each, exp.Anonymous) else each.sql_name() for each in called
    }


def queries() -> list[TableExport]:
    odd = Column(name="Select", type="text")
    moments = [Column(name=name, type="timestamptz", nullable=False) for name in ("at", "_to")]
    columns = (*DATASET.contract.columns, odd, *moments)
    contract = replace(DATASET.contract, columns=columns, key=("pk", "at"))
    return [*table_exports(), replace(DATASET, name="of_odd_names", contract=contract)]


@pytest.mark.parametrize("dataset", queries(), ids=lambda dataset: dataset.name)
def test_trino_takes_the_statement_and_each_function_is_looked_up(dataset: TableExport) -> None:
    unload = unload_statement(dataset, '"sluice"."old"', '"sluice"."new"', to="s3://lake/athena/1/")
    inner = UNLOAD.fullmatch(unload)
    assert inner, "it is one UNLOAD without comments"
    assert functions_of(inner[1]) == FUNCTIONS.keys()
    tree = sqlglot.parse_one(inner[1], dialect="trino")
    asked = {column.name.lower() for column in tree.find_all(exp.Column)} - {"_sluice_operation"}
    assert asked == {column["Name"] for column in glue_columns(dataset.contract.columns)}


def test_what_trino_refuses_or_nobody_has_looked_up_is_found() -> None:
    assert functions_of("select list_value(1), from_unixtime(1)") - FUNCTIONS.keys()
    with pytest.raises(sqlglot.errors.ParseError):
        functions_of("select a from t qualify row_number() over (order by a) = 1")


def test_moments_are_microseconds_and_nothing_is_a_type_that_glue_has_not() -> None:
    types = {
        column["Name"]: column["Type"]
        for dataset in queries()
        for column in glue_columns(dataset.contract.columns)
    }
    assert types["_sluice_us_changed_at"] == types["_sluice_us__to"] == "bigint"
    assert types["price"] == "decimal(12,2)"
    assert set(types.values()) <= {"string", "bigint", "int", "decimal(12,2)", "date", "boolean"}


@pytest.mark.parametrize("name", ["a b", "größe", "1st", "a-b"])
def test_declaration_with_a_column_that_athena_does_not_take_is_refused(name: str) -> None:
    columns = (*DATASET.contract.columns, Column(name=name, type="text"))
    contract = replace(DATASET.contract, columns=columns)
    replace(DATASET, contract=contract)
    with pytest.raises(ValueError, match=f"Athena takes no column {name}"):
        replace(DATASET, contract=contract, athena_above=1)


def test_declaration_with_more_columns_than_a_statement_has_room_for_is_refused() -> None:
    more = tuple(Column(name=f"{'c' * 58}{n:05}", type="text") for n in range(697))
    columns = (*DATASET.contract.columns, *more)
    contract = replace(DATASET.contract, columns=columns)
    with pytest.raises(ValueError, match="Athena takes no statement of 701 columns"):
        replace(DATASET, contract=contract, athena_above=1)
    fitting = replace(DATASET, contract=replace(contract, columns=columns[:-1]), athena_above=1)
    statement = unload_statement(fitting, '"d"."old"', '"d"."new"', to="s3://lake/athena/1/")
    assert len(statement) < 262_144
