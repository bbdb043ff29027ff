"""The declaration of a table that comes as exports, for one of its files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from include.core.guess.declaration import contract_of, in_docstring
from include.core.guess.keys import key_columns, likeliest_key

if TYPE_CHECKING:
    from include.core.guess.infer import Inferred

_MODULE: Final = '''"""Whole exports of {shown}.

Guessed from {seen}{file}: look at its key and types.
"""

from __future__ import annotations

from include.contracts import Column, CsvContract, TableExport

DATASET = TableExport(
    name="{name}",
    title="{title}",
    description="Whole exports of {shown}.",
    owner="data-platform",
    tags=("s3", "kinesis", "postgres"),
    tenants="*",
    tables="{table}",
{contract}
    target_schema="exports",
)
'''

EXAMPLE: Final = '''"""Whole exports of some_table, as people know that they are."""

from __future__ import annotations

from include.contracts import Column, CsvContract, TableExport

DATASET = TableExport(
    name="some_table",
    title="Some table",
    description="Whole exports of some_table.",
    owner="data-platform",
    tables="some_table",
    contract=CsvContract(
        columns=(
            Column(name="id", type="bigint", nullable=False),
            Column(name="name", type="text"),
        ),
        key=("id",),
        delimiter=";",
        header=True,
    ),
)
'''
"""What a declaration is like, for a file that shows none."""


def declare_export(
    inferred: Inferred, *, table: str, file: str, name: str, head: bool = False
) -> str:
    """Write the module of a table: a key is always chosen, with a remark where it is a guess.

    What the rest of a file, or the next one, may well break is left out: patterns, and that a
    column beside the key is never null where only the head of a file was looked at.

    Arguments:
        inferred: what the file seems to be.
        table: whose file it is; no pattern.
        file: its name.
        name: the dataset's.
        head: only the beginning of the file was looked at.
    """
    key, remarks = _key(inferred)
    columns = tuple(
        replace(
            column,
            pattern=None,
            nullable=column.name not in key and (head or column.nullable),
        )
        for column in inferred.contract.columns
    )
    chosen = replace(inferred, contract=replace(inferred.contract, columns=columns, key=key))
    return _MODULE.format(
        shown=in_docstring(table),
        file=in_docstring(file),
        seen="the beginning of " if head else "",
        name=name,
        title=name.replace("_", " ").capitalize(),
        table=table,
        contract="\n".join(contract_of(chosen, remarks=remarks).lines("    ", ",")),
    )


def _key(inferred: Inferred) -> tuple[tuple[str, ...], list[str]]:
    """Choose the columns of the key, and say where they are no more than a guess by name."""
    contract = inferred.contract
    seen = contract.key or inferred.pair or inferred.wide
    if seen:
        return seen, []
    able = key_columns(contract.columns)
    names = able or [column.name for column in contract.columns]
    doubt = "the rows do not show which columns identify one"
    if inferred.rows and not able:
        doubt = "each column that a key may have holds null"
    return (likeliest_key(names),), [f"The key is a guess: {doubt}."]
