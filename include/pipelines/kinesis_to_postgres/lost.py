"""Operations that the stream does not give any more: why, and what is done about it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from include.core.runs.notices import format_moment
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction

if TYPE_CHECKING:
    from include.pipelines.kinesis_to_postgres.apply import Version
    from include.pipelines.kinesis_to_postgres.stream import Stream
    from include.pipelines.kinesis_to_postgres.task_values import SettleResources


class Loss(NamedTuple):
    """Why operations are lost; trimmed says that the stream has dropped them."""

    text: str
    trimmed: bool


def cause_of_loss(version: Version, stream: Stream) -> Loss:
    """Say why a version cannot be applied although the stream has been read.

    Raises:
        SourceUnavailableError, SourceRefusedError: as Kinesis says.
    """
    hours = stream.retention_hours()
    rebuilt = "The target was rebuilt from its newest export"
    if version.published_at + timedelta(hours=hours) < datetime.now(timezone.utc):
        return Loss(
            f"{version.version} was published at {format_moment(version.published_at)}, and the "
            f"stream keeps records for {hours} hours: it was trimmed before all of it was read. "
            f"{rebuilt}",
            trimmed=True,
        )
    if version.is_whole:
        base = version.end["base"] or "an empty table"
        return Loss(
            f"{version.version} was made of {base}, which the target does not hold. {rebuilt}",
            trimmed=False,
        )
    expected = version.record["operations"] if version.record else "unknown"
    return Loss(
        f"{version.kept} operations of {version.version} are there, of {expected}, although the "
        f"stream was read to its newest record: a checkpoint was ahead, or operations went. "
        f"{rebuilt}",
        trimmed=False,
    )


def reset_checkpoints(version: Version, resources: SettleResources) -> None:
    """Have shards read from their oldest record in which the end of a version was not found.

    What is read again changes nothing. A shard that came after the end has none, and does no harm.
    """
    values = {"stream": resources.stream.name, "publication_id": version.publication_id}
    with transaction(resources.connect, doing="reset the checkpoints of the stream") as cursor:
        cursor.execute(read_statement("kinesis_to_postgres/keep_checkpoint.reset"), values)
