"""All that differs between the places that Sluice is deployed to."""

from __future__ import annotations

from dataclasses import dataclass

from infra.aws.uploads import Partner, check_apart


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One place that Sluice is deployed to.

    Attributes:
        name: part of the stacks' names.
        keeps_data: what holds data outlives its stack, and cannot be deleted by mistake.
        stream_shards: provisioned shards of the changes stream; None lets it scale on demand.
        stream_hours: how long the changes stream keeps a record.
        archive_days: how long events can be replayed.
        partners: who may upload files from outside of the account.
    """

    name: str
    keeps_data: bool
    stream_shards: int | None
    stream_hours: int
    archive_days: int
    partners: tuple[Partner, ...] = ()

    def __post_init__(self) -> None:
        """Refuse partners that share a name or a place.

        Raises:
            ValueError: says what they share.
        """
        check_apart(self.partners)


DEV = Environment(name="dev", keeps_data=False, stream_shards=1, stream_hours=24, archive_days=7)
# A week, so that a reader that broke on a Friday evening can still catch up.
PROD = Environment(
    name="prod", keeps_data=True, stream_shards=None, stream_hours=168, archive_days=90
)

ENVIRONMENTS = {environment.name: environment for environment in (DEV, PROD)}
