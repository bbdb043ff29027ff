"""What a task of table_export_to_kinesis works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.core.arrivals.resources import Resources

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.pipelines.table_export_to_kinesis.athena import Athena


@dataclass(frozen=True, kw_only=True)
class ExportResources(Resources):
    """What the tasks of table_export_to_kinesis work with beside what all of them do.

    Attributes:
        lake: snapshots of exports, and files between tasks.
        folder: for local copies; up to the size of an export and of two snapshots.
        stream: a boto3 Kinesis client; threads share it.
        stream_name: where operations go.
        athena: makes what compares large exports; few tasks need it.
    """

    stream: Any
    stream_name: str
    athena: Callable[[], Athena]
