"""The cleaning statement of a dataset and the migration that makes its table, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.guess.declaration import in_docstring
from infra.local.add_dataset.sql_words import in_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.contracts.columns import Column
    from include.contracts.github import GitHubDataset
    from include.core.guess.keys import TableKey


def cleaning(
    dataset: GitHubDataset,
    columns: Sequence[Column],
    *,
    key: TableKey | None,
    added: Sequence[Column],
) -> str:
    """Write the select that makes the table's rows of those of the file.

    Arguments:
        dataset: of one source.
        columns: of the file.
        key: what identifies a row.
        added: where nothing does, the columns that the statement adds: a digest of the row, and
            a number for each of its copies.
    """
    (source,) = dataset.sources
    blank = key.blank if key else ()
    lines = [_selected(each, blank=each.name in blank) for each in columns]
    said = f"One row a {' and '.join(key.columns)}" if key else "One row a row of the file"
    about = f"-- Rows of {in_docstring(source.path.rsplit('/', 1)[-1])} as they are"
    if blank:
        about += f"; a missing {' or '.join(blank)} is an empty text"
    if added:
        digest, copy = (in_sql(each.name) for each in added)
        listed = ", ".join(in_sql(each.name) for each in columns)
        lines.append(f"md5(cast(json_array({listed}) as varchar)) as {digest}")
        lines.append(f"row_number() over (partition by {listed}) as {copy}")
        about += ", with what tells them apart"
    selected = ",\n".join(f"    {line}" for line in lines)
    grain = f"-- Grain: {said[0].lower()}{said[1:]}. Reads: {source.name}."
    return f"{about}.\n{grain}\nselect\n{selected}\nfrom {in_sql(source.name)}\n"


def _selected(column: Column, *, blank: bool) -> str:
    name = in_sql(column.name)
    return f"coalesce({name}, '') as {name}" if blank else name


def migration(dataset: GitHubDataset, *, file: str) -> str:
    """Write what makes the table.

    Arguments:
        dataset: whose table it is.
        file: the name of the file that it was guessed from.
    """
    table = dataset.table
    columns = [
        f"    {in_sql(each.name)} {each.type}"
        f"{'' if each.nullable and each.name not in table.key else ' not null'},\n"
        for each in table.columns
    ]
    key = ", ".join(map(in_sql, table.key))
    about = f"{dataset.title}, one row a {' and '.join(table.key)}"
    return (
        f"-- {about}.\n\n"
        f"create schema if not exists {table.schema};\n\n"
        f"create table {table.sink} (\n{''.join(columns)}    primary key ({key})\n);\n\n"
        f"comment on table {table.sink} is 'Rows of {_quoted(in_docstring(file))}';\n\n"
        f"select ops.watch('{table.sink}');\n"
    )


def _quoted(text: str) -> str:
    return text.replace("'", "''")
