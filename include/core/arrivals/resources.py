"""What a task of an upload pipeline works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.core.aws.hand_over import HandOver

if TYPE_CHECKING:
    from pathlib import Path

    from include.core.arrivals.versions import Landing
    from include.core.aws.objects import ObjectStore
    from include.core.runs.run import Run
    from include.core.warehouse.connection import Connect


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a task opens once, for all that it calls; a pipeline's tasks add their sink.

    Attributes:
        run: the run that the task is of.
        connect: opens a connection to the warehouse.
        landing: where the pipeline's files land.
        lake: the bucket of files between tasks.
        folder: for local copies, empty at first.
        memory: DuckDB's memory limit, such as "512MB".
    """

    run: Run
    connect: Connect
    landing: Landing
    lake: ObjectStore
    folder: Path
    memory: str

    def hand_over(self, index: int) -> HandOver:
        """Where files of the run's file of this index go from task to task."""
        prefix = f"{self.run.work_prefix}/{index}"
        return HandOver(store=self.lake, prefix=prefix, folder=self.folder)
