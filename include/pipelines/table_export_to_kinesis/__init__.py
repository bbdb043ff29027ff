"""Exports of whole tables that land in S3 as operations on a stream: what changed since last time.

Extract: register turns files that landed into exports, and waits until one is complete; its files
become one snapshot, read once, with a digest beside each row. Transform: compute compares it with
the version that was published last, and cuts what differs into parts; where too many rows are gone
a person is asked. Load: publish_part puts the operations of a part on the stream; Settling ends the
versions that are there whole, and makes them the base of the next. compare does the first half for
any two versions, and shows what comes of it.
"""

from __future__ import annotations

from include.pipelines.table_export_to_kinesis.athena import Athena
from include.pipelines.table_export_to_kinesis.compare import Compared, Comparison, compare
from include.pipelines.table_export_to_kinesis.compute import compute
from include.pipelines.table_export_to_kinesis.declarations import Declarations
from include.pipelines.table_export_to_kinesis.leases import release_tables
from include.pipelines.table_export_to_kinesis.publish import publish_part
from include.pipelines.table_export_to_kinesis.register import PIPELINE, Registrar
from include.pipelines.table_export_to_kinesis.resources import ExportResources
from include.pipelines.table_export_to_kinesis.settle import Settling, runs_of_left
from include.pipelines.table_export_to_kinesis.small_exports import parts_to_publish, take_in
from include.pipelines.table_export_to_kinesis.states import find_objects
from include.pipelines.table_export_to_kinesis.task_values import (
    Comparing,
    Computed,
    ExportWork,
    Part,
    PublishedPart,
    Registered,
)

__all__ = [
    "PIPELINE",
    "Athena",
    "Compared",
    "Comparing",
    "Comparison",
    "Computed",
    "Declarations",
    "ExportResources",
    "ExportWork",
    "Part",
    "PublishedPart",
    "Registered",
    "Registrar",
    "Settling",
    "compare",
    "compute",
    "find_objects",
    "parts_to_publish",
    "publish_part",
    "release_tables",
    "runs_of_left",
    "take_in",
]
