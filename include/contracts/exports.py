"""What a dataset promises whose files are exports of whole tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Literal

from include.contracts.columns import Column
from include.contracts.files import NO_REJECTS
from include.contracts.tables import USUAL_SHRINK, Table

if TYPE_CHECKING:
    from include.contracts.files import CsvContract, RejectLimit
    from include.contracts.tables import ShrinkLimit

# https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
_ATHENA_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")
# Its statements have at most 262,144 bytes, of which a column takes up to 350.
# https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
_ATHENA_COLUMNS: Final = 700

DELETED_AT: Final = Column(name="deleted_at", type="timestamptz")
"""Of a target whose deletes are soft: when the row was found gone; null of a row that is there."""


@dataclass(frozen=True, kw_only=True)
class TableExport:
    """Exports of one kind of table, of any number of tenants.

    Attributes:
        name: for people and notices.
        title, description: for people.
        owner: who answers for it.
        tags: for the UI.
        tenants, tables: patterns as fnmatch reads them, such as * or order_*; of several datasets
            that fit a table, the one with the fewest wildcards is taken.
        contract: how the files are written; its key is that of the table, none of it nullable.
        target_schema: of the tables that the changes are applied to, one a tenant and table.
        deletes: hard ones remove a row of the target, soft ones set its deleted_at.
        files: how many files an export has, unless a _manifest.json says so.
        rejects: how many rows of an export may be rejected.
        shrink: how many rows may go from one export to the next; above, a person decides.
        part_rows: operations that one task publishes.
        athena_above: bytes of an export's files above which Athena finds what changed, in place of
            the worker; None leaves every export to the worker.

    Raises:
        ValueError: what is declared contradicts itself.
    """

    name: str
    title: str
    description: str
    owner: str
    tags: tuple[str, ...] = ()
    tenants: str = "*"
    tables: str
    contract: CsvContract
    target_schema: str = "exports"
    deletes: Literal["hard", "soft"] = "hard"
    files: int = 1
    rejects: RejectLimit = NO_REJECTS
    shrink: ShrinkLimit = USUAL_SHRINK
    part_rows: int = 20_000
    athena_above: int | None = None

    def __post_init__(self) -> None:
        columns, key = self.contract.columns, self.contract.key
        problem = None
        if not key:
            problem = "an export needs a key"
        elif any(column.nullable for column in columns if column.name in key):
            problem = f"the key {', '.join(key)} may hold null"
        elif self.contract.unknown_columns == "add":
            problem = "a column that the declaration does not know has no place in the target"
        elif any(column.non_finite == "keep" for column in columns):
            problem = "JSON has no NaN and no infinity"
        elif self.contract.only:
            problem = "a row that is filtered out would be deleted from the target"
        elif self.deletes == "soft" and DELETED_AT.name in {column.name for column in columns}:
            problem = f"{DELETED_AT.name} is a column that soft deletes add"
        problem = problem or self._not_for_athena()
        if problem:
            raise ValueError(f"{self.name}: {problem}")

    def _not_for_athena(self) -> str | None:
        """Why Athena cannot compare exports that it is to compare."""
        names = [column.name for column in self.contract.columns]
        odd = [name for name in names if not _ATHENA_NAME.fullmatch(name)]
        if self.athena_above is None:
            return None
        if len(names) > _ATHENA_COLUMNS:
            return f"Athena takes no statement of {len(names)} columns"
        return f"Athena takes no column {odd[0]}" if odd else None

    def fits(self, tenant: str, table: str) -> bool:
        """Whether this declares the table of a tenant."""
        return fnmatchcase(tenant, self.tenants) and fnmatchcase(table, self.tables)

    def target(self, tenant: str, table: str) -> Table:
        """The table in Postgres that a tenant's changes are applied to.

        Raises:
            ValueError: Postgres would cut its name.
        """
        columns = tuple(replace(column, header=None) for column in self.contract.columns)
        if self.deletes == "soft":
            columns = (*columns, DELETED_AT)
        return Table(
            schema=self.target_schema,
            name=f"{tenant}__{table}",
            columns=columns,
            key=self.contract.key,
        )
