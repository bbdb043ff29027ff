"""The changes stream into Postgres: operations on rows of exported tables, a version at a time.

Extract: read_shard keeps the operations of a shard in ops.stream_change, with its checkpoint. Load:
apply_table writes a version to its target once all of its operations are there, in one transaction
with the ledger row and the notice. Records of other producers are set aside.
"""

from __future__ import annotations

from include.pipelines.kinesis_to_postgres.read import read_shard
from include.pipelines.kinesis_to_postgres.settle import apply_table, find_tables, rebuild_task
from include.pipelines.kinesis_to_postgres.shards import find_shards
from include.pipelines.kinesis_to_postgres.stream import Stream
from include.pipelines.kinesis_to_postgres.task_values import (
    ReadResources,
    ReadShard,
    SettleResources,
    TableTask,
)

__all__ = [
    "ReadResources",
    "ReadShard",
    "SettleResources",
    "Stream",
    "TableTask",
    "apply_table",
    "find_shards",
    "find_tables",
    "read_shard",
    "rebuild_task",
]
