"""Columns that a few values keep from being days or numbers: people should see these values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.core.guess.keys import RELATION
from include.core.statements import fill, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from duckdb import DuckDBPyConnection

    from include.contracts.columns import Column

_NEARLY: Final = 0.9  # share of a column's values


def nearly_typed(columns: Iterable[Column], connection: DuckDBPyConnection) -> dict[str, str]:
    """Say which columns of texts hold days or numbers but for a few values.

    Arguments:
        columns: of the file that was loaded into RELATION.
        connection: where it is.

    Returns:
        Name of a column to a remark.
    """
    remarks = {}
    for column in columns:
        if column.type != "text":
            continue
        statement = fill(
            "snapshot/count_nearly_typed",
            relation=quote_identifier(RELATION),
            column=quote_identifier(column.name),
        )
        texts, days, numbers = connection.execute(statement).fetchall()[0]
        kind, most = max((("days", days), ("numbers", numbers)), key=lambda pair: pair[1])
        if _NEARLY * texts <= most < texts:
            remarks[column.name] = (
                f"text because of few: {most} of its {texts} values are {kind}. Declare them so, "
                "and the others are rejected"
            )
    return remarks
