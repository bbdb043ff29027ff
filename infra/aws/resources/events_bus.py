"""Where csv_upload_to_dynamodb publishes the stages of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_events as events
from constructs import Construct

from infra.aws.resources.own_name import own_name
from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from infra.aws.environment import Environment

SOURCE = "sluice.csv_upload_to_dynamodb"


class EventsBus(Construct):
    """The event bus, and an archive from which its events can be replayed.

    Attributes:
        bus: the bus.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        # A bus is the one thing that CloudFormation finds no name for.
        self.bus = events.EventBus(self, "Bus", event_bus_name=own_name("events"))
        archive = self.bus.archive(
            "Archive",
            description="Sluice: the events of its pipelines.",
            event_pattern=events.EventPattern(source=[SOURCE]),
            retention=Duration.days(environment.archive_days),
        )
        # A bus cannot go before its archive.
        for kept in (self.bus, archive):
            kept.apply_removal_policy(removal_policy(environment))
