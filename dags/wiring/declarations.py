"""The declarations of exported tables, as tasks look them up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.summaries.summary import list_exported
from include.core.warehouse.connection import transaction
from include.datasets import export_of, table_exports
from include.errors import RunInputError
from wiring.clients import warehouse

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


def exported_tables() -> list[tuple[TableExport, str, str]]:
    """The tables that exports end in: declaration, tenant and table of those that are there.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    with transaction(warehouse(), doing="look up the exported tables") as cursor:
        found = list_exported(cursor)
    declarations = table_exports()
    return [(export, *names) for names in found if (export := export_of(declarations, *names))]
