"""What has landed for one pipeline and waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws, Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.aws.resources.own_name import own_name
from infra.aws.resources.private_queue import private_queue

if TYPE_CHECKING:
    from infra.aws.environment import Environment

RECEIVES = 3  # runs that may fail over a message before it goes to the dead-letter queue


class ArrivalQueue(Construct):
    """The arrivals of one pipeline, and its dead-letter queue that takes from no other queue.

    Attributes:
        queue: each message is the event of S3 as it is.
        dead_letter_queue: what failed too often, and what the topic could not deliver.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, pipeline: str
    ) -> None:
        super().__init__(scope, construct_id)
        name = own_name(pipeline.replace("_", "-"))
        # The queues name each other: one of the two has to be known by its name.
        source = sqs.Queue.from_queue_arn(
            self, "Source", f"arn:{Aws.PARTITION}:sqs:{Aws.REGION}:{Aws.ACCOUNT_ID}:{name}"
        )
        self.dead_letter_queue = private_queue(
            self,
            "DeadLetterQueue",
            environment=environment,
            redrive_allow_policy=sqs.RedriveAllowPolicy(
                redrive_permission=sqs.RedrivePermission.BY_QUEUE, source_queues=[source]
            ),
        )
        self.queue = private_queue(
            self,
            "Queue",
            environment=environment,
            queue_name=name,
            # Longer than a weekend on which no run could start.
            retention=Duration.days(4),
            visibility_timeout=Duration.hours(1),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letter_queue, max_receive_count=RECEIVES
            ),
        )
