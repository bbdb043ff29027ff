"""Which shards a run reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.pipelines.kinesis_to_postgres.read import closed_shards

if TYPE_CHECKING:
    from include.pipelines.kinesis_to_postgres.task_values import ReadResources


def find_shards(resources: ReadResources, *, reread: bool = False) -> list[str]:
    """The shards to read now: those whose parents have all been read to their ends.

    A child comes after its parents, which name it at their ends: see read_shard. A parent that the
    stream has no more has no records left.

    Arguments:
        resources: what the task works with.
        reread: read those from their oldest record of which records wait in quarantine.

    Raises:
        SourceUnavailableError, SourceRefusedError: as Kinesis says.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    shards = resources.stream.shards()
    there = {shard.shard_id for shard in shards}
    values = {"stream": resources.stream.name, "shard_ids": sorted(there)}
    with transaction(resources.connect, doing="forget shards that are gone") as cursor:
        cursor.execute(read_statement("kinesis_to_postgres/keep_checkpoint.forget"), values)
        if reread:
            named = {"stream": resources.stream.name, "sink": resources.sink}
            cursor.execute(read_statement("kinesis_to_postgres/keep_checkpoint.reread"), named)
    closed = closed_shards(resources)
    return [
        shard.shard_id
        for shard in shards
        if not closed.get(shard.shard_id, False)
        and all(closed.get(parent, False) for parent in shard.parents if parent in there)
    ]
