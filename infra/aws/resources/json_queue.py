"""Where csv_upload_to_sqs delivers one JSON message a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.aws.resources.private_queue import private_queue

if TYPE_CHECKING:
    from infra.aws.environment import Environment

RETENTION_DAYS = 4
RECEIVES = 5  # tries of a consumer before a message goes to the dead-letter queue


class JsonQueue(Construct):
    """The JSON queue and its dead-letter queue.

    Attributes:
        queue: the queue that rows are sent to.
        dead_letter_queue: where messages end up that no consumer could handle. A message's age
            counts from when it was first sent, so they are kept longer here than in the queue.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self.dead_letter_queue = private_queue(self, "DeadLetterQueue", environment=environment)
        self.queue = private_queue(
            self,
            "Queue",
            environment=environment,
            retention=Duration.days(RETENTION_DAYS),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letter_queue, max_receive_count=RECEIVES
            ),
        )
