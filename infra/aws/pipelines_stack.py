"""The stack that the pipelines read from and write to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import BootstraplessSynthesizer, CfnOutput, Stack

from infra.aws.resources.alerts_topic import AlertsTopic
from infra.aws.resources.changes_stream import ChangesStream
from infra.aws.resources.items_table import ItemsTable
from infra.aws.resources.json_queue import JsonQueue
from infra.aws.resources.lake_bucket import LakeBucket
from infra.aws.resources.landing_bucket import LandingBucket

if TYPE_CHECKING:
    from constructs import Construct

    from infra.aws.environment import Environment


class PipelinesStack(Stack):
    """Buckets, queue, table, stream and topic, with an output for each that a setting names.

    The synthesizer refuses assets and asks for no bootstrapped account, so the template can be
    given to CloudFormation as it is.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Sluice: what the pipelines read from and write to.",
            synthesizer=BootstraplessSynthesizer(),
            termination_protection=environment.keeps_data,
        )
        landing = LandingBucket(self, "Landing", environment=environment)
        lake = LakeBucket(self, "Lake", environment=environment)
        json = JsonQueue(self, "Json", environment=environment)
        items = ItemsTable(self, "Items", environment=environment)
        changes = ChangesStream(self, "Changes", environment=environment)
        alerts = AlertsTopic(self, "Alerts")

        CfnOutput(self, "LandingBucket", value=landing.bucket.bucket_name)
        CfnOutput(self, "LakeBucket", value=lake.bucket.bucket_name)
        CfnOutput(self, "JsonQueueUrl", value=json.queue.queue_url)
        CfnOutput(self, "ItemsTable", value=items.table.table_name)
        CfnOutput(self, "ChangesStream", value=changes.stream.stream_name)
        CfnOutput(self, "AlertsTopicArn", value=alerts.topic.topic_arn)
