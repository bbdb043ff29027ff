"""The declarations of exported tables, as tasks look them up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.datasets import export_of, table_exports
from include.errors import RunInputError

if TYPE_CHECKING:
    from include.contracts.exports import TableExport
    from include.core.exports.names import TableName


def declared(table: TableName) -> TableExport:
    """The declaration of a tenant's table.

    Raises:
        RunInputError: there is none.
    """
    found = export_of(table_exports(), table["tenant"], table["table"])
    if found is None:
        raise RunInputError(
            f"No dataset declares table {table['table']} of tenant {table['tenant']}"
        )
    return found
