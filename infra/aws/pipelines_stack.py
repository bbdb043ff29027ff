"""The stack that the pipelines read from and write to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Fn, Stack

from infra.aws.resources.alerts_topic import AlertsTopic
from infra.aws.resources.arrival_queue import ArrivalQueue
from infra.aws.resources.arrivals_key import ArrivalsKey
from infra.aws.resources.changes_stream import ChangesStream
from infra.aws.resources.events_bus import EventsBus
from infra.aws.resources.items_table import ItemsTable
from infra.aws.resources.json_queue import JsonQueue
from infra.aws.resources.lake_bucket import LAKE_PREFIXES, LakeBucket
from infra.aws.resources.landing_bucket import LandingBucket
from infra.aws.resources.observer_queue import ObserverQueue
from infra.aws.resources.pipelines_access import PipelinesAccess
from infra.aws.resources.uploads_topic import UploadsTopic
from infra.aws.uploads import CSV_UPLOAD_TO_DYNAMODB, CSV_UPLOAD_TO_SQS

if TYPE_CHECKING:
    from aws_cdk import IStackSynthesizer
    from constructs import Construct

    from infra.aws.environment import Environment


class PipelinesStack(Stack):
    """Buckets, topics, queues, table, stream and bus, with an output for each that a setting names.

    Its template can be given to CloudFormation as it is: the laptop does that.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        synthesizer: IStackSynthesizer,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Sluice: what the pipelines read from and write to.",
            synthesizer=synthesizer,
            termination_protection=environment.keeps_data,
        )
        self._landing = LandingBucket(self, "Landing", environment=environment)
        self._lake = LakeBucket(self, "Lake", environment=environment)
        self._json = JsonQueue(self, "Json", environment=environment)
        self._items = ItemsTable(self, "Items", environment=environment)
        self._changes = ChangesStream(self, "Changes", environment=environment)
        self._alerts = AlertsTopic(self, "Alerts")
        self._events = EventsBus(self, "Events", environment=environment)
        self._observer = ObserverQueue(
            self, "Observer", bus=self._events.bus, environment=environment
        )
        self._to_sqs = ArrivalQueue(
            self, "CsvUploadToSqs", environment=environment, pipeline="csv_upload_to_sqs"
        )
        self._to_dynamodb = ArrivalQueue(
            self, "CsvUploadToDynamodb", environment=environment, pipeline="csv_upload_to_dynamodb"
        )
        self._announce_arrivals(environment)
        for partner in environment.partners:
            self._landing.admit(partner)
        self._grant()
        self._tell()

    def _announce_arrivals(self, environment: Environment) -> None:
        key = ArrivalsKey(
            self, "Arrivals", environment=environment, bucket_arn=self._landing.arn
        ).key
        to_sqs = UploadsTopic(
            self, "UploadsForSqs", key=key, landing=self._landing, prefix=CSV_UPLOAD_TO_SQS
        )
        to_sqs.subscribe(self._to_sqs)
        to_dynamodb = UploadsTopic(
            self,
            "UploadsForDynamodb",
            key=key,
            landing=self._landing,
            prefix=CSV_UPLOAD_TO_DYNAMODB,
        )
        to_dynamodb.subscribe(self._to_dynamodb)

    def _grant(self) -> None:
        self._access = PipelinesAccess(self, "PipelinesAccess")
        self._grant_files()
        self._access.allow(
            "TakeArrivals",
            [
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
            ],
            self._to_sqs.queue.queue_arn,
            self._to_dynamodb.queue.queue_arn,
        )
        self._access.allow("SendRows", ["sqs:SendMessage"], self._json.queue.queue_arn)
        self._access.allow(
            "WriteItems",
            [
                "dynamodb:BatchGetItem",
                "dynamodb:GetItem",
                "dynamodb:PartiQLInsert",
                "dynamodb:PartiQLUpdate",
            ],
            self._items.table.table_arn,
        )
        self._access.allow_events("TellOfStages", self._events.bus.event_bus_arn)
        # The policy of the key that SNS keeps lets all of the account use it by way of SNS.
        self._access.allow("SendNotices", ["sns:Publish"], self._alerts.topic.topic_arn)

    def _grant_files(self) -> None:
        landing, lake = self._landing.bucket, self._lake.bucket
        self._access.allow(
            "ReadUploads",
            ["s3:GetObject", "s3:GetObjectVersion"],
            landing.arn_for_objects("uploads/*"),
        )
        self._access.allow_list(
            "ListUploads",
            ["s3:ListBucket", "s3:ListBucketVersions"],
            landing.bucket_arn,
            "uploads/",
        )
        self._access.allow(
            "KeepFiles",
            ["s3:GetObject", "s3:PutObject"],
            *(Fn.join("/", [lake.bucket_arn, f"{prefix}*"]) for prefix in LAKE_PREFIXES),
        )
        self._access.allow_list("ListFiles", ["s3:ListBucket"], lake.bucket_arn, *LAKE_PREFIXES)

    def _tell(self) -> None:
        for name, value in {
            "LandingBucket": self._landing.bucket.bucket_name,
            "LakeBucket": self._lake.bucket.bucket_name,
            "JsonQueueUrl": self._json.queue.queue_url,
            "ItemsTable": self._items.table.table_name,
            "ChangesStream": self._changes.stream.stream_name,
            "AlertsTopicArn": self._alerts.topic.topic_arn,
            "CsvUploadToSqsQueueUrl": self._to_sqs.queue.queue_url,
            "CsvUploadToSqsDeadLetterQueueUrl": self._to_sqs.dead_letter_queue.queue_url,
            "CsvUploadToDynamodbQueueUrl": self._to_dynamodb.queue.queue_url,
            "CsvUploadToDynamodbDeadLetterQueueUrl": self._to_dynamodb.dead_letter_queue.queue_url,
            "EventsBus": self._events.bus.event_bus_name,
            "ObserverQueueUrl": self._observer.queue.queue_url,
            "PipelinesPolicyArn": self._access.policy.managed_policy_arn,
        }.items():
            CfnOutput(self, name, value=value)
