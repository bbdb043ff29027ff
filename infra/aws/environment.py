"""All that differs between the places that Sluice is deployed to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One place that Sluice is deployed to.

    Attributes:
        name: part of the stacks' names.
        keeps_data: what holds data outlives its stack, and cannot be deleted by mistake.
        stream_shards: provisioned shards of the changes stream; None lets it scale on demand.
        stream_hours: how long the changes stream keeps a record.
    """

    name: str
    keeps_data: bool
    stream_shards: int | None
    stream_hours: int


DEV = Environment(name="dev", keeps_data=False, stream_shards=1, stream_hours=24)
# A week, so that a reader that broke on a Friday evening can still catch up.
PROD = Environment(name="prod", keeps_data=True, stream_shards=None, stream_hours=168)

ENVIRONMENTS = {environment.name: environment for environment in (DEV, PROD)}
