"""Where everything that is put on the event bus can be read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_events as events
from constructs import Construct

from infra.aws.resources.events_bus import SOURCE
from infra.aws.resources.private_queue import admit, private_queue

if TYPE_CHECKING:
    from infra.aws.environment import Environment


class ObserverQueue(Construct):
    """The observer queue and the rule that fills it.

    Attributes:
        queue: each message is an event.
        dead_letter_queue: events that could not be delivered.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bus: events.IEventBus,
        environment: Environment,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letter_queue = private_queue(self, "DeadLetterQueue", environment=environment)
        self.queue = private_queue(
            self, "Queue", environment=environment, retention=Duration.days(4)
        )
        rule = events.CfnRule(
            self,
            "Rule",
            description="Sluice: all events of csv_upload_to_dynamodb, for its observer.",
            event_bus_name=bus.event_bus_name,
            event_pattern={"source": [SOURCE]},
            targets=[
                events.CfnRule.TargetProperty(
                    id="Observer",
                    arn=self.queue.queue_arn,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                        arn=self.dead_letter_queue.queue_arn
                    ),
                )
            ],
        )
        for queue in (self.queue, self.dead_letter_queue):
            admit(
                queue,
                sid="EventsOfTheRule",
                service="events.amazonaws.com",
                source_arn=rule.attr_arn,
            )
