"""An export of few changes is done by the task that reads it; the parts of others are listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.pipelines.table_export_to_kinesis.compute import compute, take_up
from include.pipelines.table_export_to_kinesis.publish import publish_part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.contracts.exports import TableExport
    from include.pipelines.table_export_to_kinesis.resources import ExportResources
    from include.pipelines.table_export_to_kinesis.task_values import (
        Comparing,
        Computed,
        ExportWork,
        Part,
    )


def take_in(
    dataset: TableExport,
    work: ExportWork,
    comparing: Comparing | None = None,
    *,
    resources: ExportResources,
) -> Computed:
    """Work an export out, and publish it as well if one part has all its operations.

    Arguments, what comes back and errors are those of compute, and the errors of publish_part.
    Where Athena was waited for, comparing is what compute came back with then, and both are those
    of take_up.
    """
    if comparing is None:
        computed = compute(dataset, work, resources=resources)
    else:
        computed = take_up(dataset, work, comparing, resources=resources)
    parts = computed.get("parts", [])
    if len(parts) != 1:
        return computed
    publish_part(dataset, parts[0], resources=resources)
    return {**computed, "parts": []}


def parts_to_publish(computed: Iterable[Computed]) -> list[Part]:
    """The parts that take_in has left to publish_part."""
    return [part for one in computed for part in one.get("parts", ())]
