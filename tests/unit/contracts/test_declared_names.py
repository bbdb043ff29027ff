"""Names that a table or a contract declares."""

from __future__ import annotations

import pytest

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.contracts.tables import Table


def table(*names: str, schema: str = "s", name: str = "t") -> Table:
    columns = tuple(Column(name=each, type="text") for each in names)
    return Table(schema=schema, name=name, columns=columns, key=names[:1])


@pytest.mark.parametrize("name", ["_sluice_line", "_SLUICE_x", "_sluice_"])
def test_reserved_name_is_refused_where_it_is_declared(name: str) -> None:
    with pytest.raises(ValueError, match="begins with _sluice_, which is reserved"):
        table("id", name)
    with pytest.raises(ValueError, match="begins with _sluice_, which is reserved"):
        CsvContract(columns=(Column(name=name, type="text"),))


@pytest.mark.parametrize("name", ["_line", "operation", "row_key", "sluice_x", "%", "{x}", 'a"b'])
def test_any_other_name_may_be_declared(name: str) -> None:
    assert table("id", name).sink == "s.t"
    assert CsvContract(columns=(Column(name=name, type="text"),)).columns[0].name == name


def test_names_that_postgres_or_duckdb_would_make_one_are_refused() -> None:
    long, said = "é" * 32, "has 64 bytes, and Postgres keeps 63"
    with pytest.raises(ValueError, match=said):
        table("id", long)
    with pytest.raises(ValueError, match=said):
        table("id", name=long)
    with pytest.raises(ValueError, match=said):
        table("id", schema=long)
    with pytest.raises(ValueError, match="is there twice"):
        table("id", "Id")
    with pytest.raises(ValueError, match="has a dot"):
        table("id", schema="a.b")


def test_key_of_no_column_is_refused() -> None:
    with pytest.raises(ValueError, match="not all among the columns"):
        Table(schema="s", name="t", columns=(Column(name="id", type="text"),), key=("other",))
