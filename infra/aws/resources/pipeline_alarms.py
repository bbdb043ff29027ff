"""Alarms of queues and streams, for what no run takes part in and so cannot report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.aws.resources.alarm import Watch, add_alarm
from infra.aws.resources.metrics import (
    iterator_age,
    oldest_message,
    refused_writes,
    waiting_messages,
)

if TYPE_CHECKING:
    from aws_cdk import aws_kinesis as kinesis
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs

# SQS has no metrics of a queue that was not used for six hours, empty or not: a point without data
# leaves the alarm as it is.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-monitoring-using-cloudwatch.html
NO_NEWS = cloudwatch.TreatMissingData.IGNORE


class PipelineAlarms(Construct):
    """The alarms of the pipelines' resources.

    Attributes:
        names: how the names of the alarms end.
    """

    def __init__(self, scope: Construct, construct_id: str, *, topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        self._topic = topic
        self.names: list[str] = []

    def _add(self, watch: Watch) -> None:
        add_alarm(self, watch, topic=self._topic)
        self.names.append(watch.name)

    def watch_dead_letters(self, of: str, queue: sqs.IQueue) -> None:
        """Add an alarm for the first message in a dead-letter queue."""
        self._add(
            Watch(
                name=f"{of}-dead-letters",
                metric=waiting_messages(queue.queue_name),
                bound=0,
                missing=NO_NEWS,
                meaning=f"The dead-letter queue of {of} is not empty.",
                runbook="dead-letters",
            )
        )

    def watch_age(self, of: str, queue: sqs.IQueue, *, hours: int) -> None:
        """Add an alarm for a queue whose oldest message is hours old."""
        self._add(
            Watch(
                name=f"{of}-oldest-message",
                metric=oldest_message(queue.queue_name),
                bound=hours * 3600,
                missing=NO_NEWS,
                meaning=f"The oldest message of {of} has waited for {hours} hours.",
                runbook="oldest-message",
            )
        )

    def watch_lag(self, of: str, stream: kinesis.IStream, *, hours: int) -> None:
        """Add an alarm for a stream that is read hours late."""
        self._add(
            Watch(
                name=f"{of}-lag",
                metric=iterator_age(stream.stream_name),
                bound=hours * 3600 * 1000,
                # Between two readings there is nothing to be late with.
                missing=NO_NEWS,
                meaning=f"Readers of {of} are more than {hours} hours late.",
                runbook="lag",
            )
        )

    def watch_refusals(self, of: str, stream: kinesis.IStream) -> None:
        """Add an alarm for a stream that refuses records in every 5 minutes of half an hour.

        Who writes puts refused ones again, so that fewer of them only cost time.
        """
        self._add(
            Watch(
                name=f"{of}-refused-writes",
                metric=refused_writes(stream.stream_name),
                bound=0,
                points=6,
                # Nothing was written, so nothing was refused.
                missing=cloudwatch.TreatMissingData.NOT_BREACHING,
                meaning=f"The shards of {of} have refused records for half an hour.",
                runbook="refused-writes",
            )
        )
