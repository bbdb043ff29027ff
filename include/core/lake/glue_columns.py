"""Columns of a table of the lake as Glue's catalog has them.

https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from include.contracts.apis import ApiDataset
    from include.contracts.columns import Column

_TYPES: Final = {
    "text": "string",
    "smallint": "smallint",
    "integer": "int",
    "bigint": "bigint",
    "double precision": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamptz": "timestamp",
}
_MOMENT: Final = "UTC, cut to milliseconds"


def glue_columns(dataset: ApiDataset) -> list[dict[str, str]]:
    """List the columns of a dataset's files, the partition's left out: Name, Type, Comment.

    The comment is the unit of the values.
    https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html
    """
    declared = [
        {
            "Name": field.column.name,
            "Type": _type(field.column),
            "Comment": _MOMENT if field.column.type == "timestamptz" else field.unit,
        }
        for field in dataset.fields
    ]
    as_of = {"Name": "as_of", "Type": "timestamp", "Comment": "hour that was asked for, UTC"}
    return [*declared, as_of]


def _type(column: Column) -> str:
    if column.type == "numeric":
        digits, scale = column.precision or (0, 0)
        return f"decimal({digits},{scale})"
    return _TYPES[column.type]
