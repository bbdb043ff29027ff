"""The migrations make each dataset's table as the dataset declares it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from include.datasets import github_datasets

if TYPE_CHECKING:
    from include.contracts.github import GitHubDataset

COLUMNS = """
select attname, format_type(atttypid, null), attnotnull
from pg_attribute
where attrelid = %(table)s::regclass and attnum > 0 and not attisdropped
order by attnum
"""
KEY = """
select attname
from pg_index
join pg_attribute on attrelid = indrelid and attnum = any(indkey)
where indrelid = %(table)s::regclass and indisprimary
"""
TYPES = {"timestamp with time zone": "timestamptz"}


def rows(uri: str, statement: str, dataset: GitHubDataset) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(uri)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, {"table": dataset.table.sink})
        return list(cursor.fetchall())


@pytest.mark.parametrize("dataset", github_datasets(), ids=lambda dataset: dataset.name)
def test_table_has_the_declared_columns_and_key(ready_uri: str, dataset: GitHubDataset) -> None:
    table = dataset.table
    found = [
        (name, TYPES.get(kind, kind), is_needed)
        for name, kind, is_needed in rows(ready_uri, COLUMNS, dataset)
    ]
    assert found == [
        (each.name, each.type, not each.nullable or each.name in table.key)
        for each in table.columns
    ]
    assert {name for (name,) in rows(ready_uri, KEY, dataset)} == set(table.key)
