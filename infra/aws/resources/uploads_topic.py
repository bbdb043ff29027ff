"""Where S3 publishes what landed below one prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.aws.resources.private_queue import admit

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from infra.aws.resources.arrival_queue import ArrivalQueue
    from infra.aws.resources.landing_bucket import LandingBucket
    from infra.aws.uploads import UploadPipeline


class UploadsTopic(Construct):
    """The topic of one landing prefix; a further consumer is one more call of subscribe.

    Attributes:
        topic: the topic, which nothing but the landing bucket publishes to.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        landing: LandingBucket,
        pipeline: UploadPipeline,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", master_key=key)
        policy = sns.TopicPolicy(
            self,
            "Policy",
            enforce_ssl=True,
            policy_document=iam.PolicyDocument(statements=[self._events_of(landing)]),
            topics=[self.topic],
        )
        landing.announce(pipeline, topic=self.topic, policy=policy)

    def _events_of(self, landing: LandingBucket) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid="EventsOfTheLandingBucket",
            actions=["sns:Publish"],
            principals=[iam.ServicePrincipal("s3.amazonaws.com")],
            resources=[self.topic.topic_arn],
            conditions={
                "ArnEquals": {"aws:SourceArn": landing.arn},
                # The ARN of a bucket has no account in it: without this, who took over the name
                # of a deleted bucket could publish.
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            },
        )

    def subscribe(self, consumer: ArrivalQueue) -> None:
        """Send each event to a queue as S3 made it, or to its dead-letter queue if that fails."""
        for queue in (consumer.queue, consumer.dead_letter_queue):
            admit(
                queue,
                sid="ArrivalsFromTheTopic",
                service="sns.amazonaws.com",
                source_arn=self.topic.topic_arn,
            )
        sns.CfnSubscription(
            consumer,
            "Subscription",
            topic_arn=self.topic.topic_arn,
            protocol="sqs",
            endpoint=consumer.queue.queue_arn,
            raw_message_delivery=True,
            redrive_policy={"deadLetterTargetArn": consumer.dead_letter_queue.queue_arn},
        )
