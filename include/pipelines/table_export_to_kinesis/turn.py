"""An export's turn: what its task works with while it holds the lease on the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.contracts.exports import TableExport
    from include.pipelines.table_export_to_kinesis.leases import Base, HeldTable
    from include.pipelines.table_export_to_kinesis.resources import ExportResources
    from include.pipelines.table_export_to_kinesis.states import Export
    from include.pipelines.table_export_to_kinesis.task_values import ExportWork


@dataclass(frozen=True)
class Turn:
    """The work on one export.

    Attributes:
        dataset: the declaration.
        work: which export, as the run has it.
        export: the same as ops.export has it.
        held: the lease on its table.
        base: what it is compared with.
        resources: what the task works with.
    """

    dataset: TableExport
    work: ExportWork
    export: Export
    held: HeldTable
    base: Base
    resources: ExportResources

    @property
    def is_approved(self) -> bool:
        """A person has approved of what was worked out, and it still stands."""
        export, delta = self.export, self.export.delta
        return (
            export.state == "approved"
            and export.base_version == self.base.version
            and delta is not None
            and all(self.resources.lake.has(part) for part in delta["parts"])
        )

    @property
    def approved(self) -> int:
        """How many rows may go, since a person has seen that they would."""
        if self.export.state != "approved" or self.export.base_version != self.base.version:
            return 0
        return int((self.export.delta or {}).get("gone", 0))

    @property
    def rows_before(self) -> int:
        """Rows of the base."""
        return self.base.snapshot["rows"] if self.base.snapshot else 0
