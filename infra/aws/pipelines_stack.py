"""The stack that the pipelines read from and write to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws, CfnOutput, Fn, Stack

from infra.aws.resources.alerts_topic import AlertsTopic
from infra.aws.resources.arrival_queue import ArrivalQueue
from infra.aws.resources.changes_stream import ChangesStream
from infra.aws.resources.events_bus import EventsBus
from infra.aws.resources.items_table import ItemsTable
from infra.aws.resources.json_queue import RETENTION_DAYS, JsonQueue
from infra.aws.resources.lake_bucket import (
    ASKED,
    COMPARED,
    DELIVERED,
    OWN_PREFIXES,
    SHOWN,
    UNLOADED,
    LakeBucket,
)
from infra.aws.resources.lake_crawler import LakeCrawler
from infra.aws.resources.landing_bucket import LandingBucket
from infra.aws.resources.metrics import NAMESPACE
from infra.aws.resources.observer_queue import ObserverQueue
from infra.aws.resources.pipeline_alarms import PipelineAlarms
from infra.aws.resources.pipelines_access import PipelinesAccess
from infra.aws.resources.queries import Purpose, Queries
from infra.aws.resources.topics_key import USES, TopicsKey
from infra.aws.resources.uploads_topic import UploadsTopic
from infra.aws.uploads import UPLOAD_PIPELINES

if TYPE_CHECKING:
    from aws_cdk import IStackSynthesizer
    from constructs import Construct

    from infra.aws.environment import Environment


class PipelinesStack(Stack):
    """Where the pipelines read and write, with an output for each place that a setting names.

    Its template can be given to CloudFormation as it is: the laptop does that.

    Attributes:
        alarms: of these resources; the alerts topic receives them.
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
        self._queries, self._tables = self._add_queries(environment)
        if environment.crawler:
            LakeCrawler(self, "Crawler", environment=environment, lake=self._lake.bucket)
        self._key = TopicsKey(
            self, "Topics", environment=environment, bucket_arn=self._landing.arn
        ).key
        self._alerts = AlertsTopic(self, "Alerts", environment=environment, key=self._key)
        self._events = EventsBus(self, "Events", environment=environment)
        self._observer = ObserverQueue(
            self, "Observer", bus=self._events.bus, environment=environment
        )
        self._arrivals = {
            pipeline: ArrivalQueue(
                self, pipeline.title, environment=environment, pipeline=pipeline.name
            )
            for pipeline in UPLOAD_PIPELINES
        }
        self._topics = self._announce_arrivals()
        for partner in environment.partners:
            self._landing.admit(partner)
        self._add_alarms(environment)
        self._grant()
        self._add_outputs()

    def _add_queries(self, environment: Environment) -> tuple[Queries, Queries]:
        """Add where exports are compared, and where people query the tables of the lake."""
        exports = Purpose(
            database=environment.name,
            tables="snapshots of exported tables, while they are compared.",
            workgroup="exports",
            queries="what has changed between two exports of a table.",
            results=COMPARED,
        )
        lake = Purpose(
            database=f"{environment.name}_lake",
            tables="datasets of the lake, as their declarations say.",
            workgroup="lake",
            queries="what people ask the tables of the lake.",
            results=ASKED,
        )
        places = {"environment": environment, "lake": self._lake.bucket}
        return (
            Queries(self, "Queries", **places, purpose=exports),
            Queries(self, "LakeQueries", **places, purpose=lake),
        )

    def _announce_arrivals(self) -> dict[str, UploadsTopic]:
        """Publish what lands for each pipeline; returns the topics by the pipelines' names."""
        topics = {}
        for pipeline, arrivals in self._arrivals.items():
            sink = pipeline.name.rpartition("_")[2]
            topics[pipeline.name] = UploadsTopic(
                self,
                f"UploadsFor{sink.capitalize()}",
                key=self._key,
                landing=self._landing,
                pipeline=pipeline,
            )
            topics[pipeline.name].subscribe(arrivals)
        return topics

    def _add_alarms(self, environment: Environment) -> None:
        self.alarms = PipelineAlarms(self, "Alarms", topic=self._alerts.topic)
        for pipeline, arrivals in self._arrivals.items():
            self.alarms.watch_dead_letters(pipeline.name, arrivals.dead_letter_queue)
            # A run that died keeps its message for an hour; the next one has another.
            self.alarms.watch_age(pipeline.name, arrivals.queue, hours=2)
        self.alarms.watch_dead_letters("json_queue", self._json.dead_letter_queue)
        # Half of the time is left until rows that no consumer has taken are lost.
        self.alarms.watch_age("json_queue", self._json.queue, hours=RETENTION_DAYS * 24 // 2)
        # The observer queue need not be read, so the age of its messages means nothing.
        self.alarms.watch_dead_letters("observer_queue", self._observer.dead_letter_queue)
        late = environment.stream_hours // 2
        self.alarms.watch_lag("changes_stream", self._changes.stream, hours=late)
        self.alarms.watch_refusals("changes_stream", self._changes.stream)

    def _grant(self) -> None:
        self._access = PipelinesAccess(self, "PipelinesAccess")
        self._grant_files()
        self._grant_queries()
        self._grant_tables()
        self._access.allow(
            "TakeArrivals",
            ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"],
            *(arrivals.queue.queue_arn for arrivals in self._arrivals.values()),
        )
        self._access.allow(
            "LookAtDeadLetters",
            ["sqs:GetQueueAttributes"],
            *(arrivals.dead_letter_queue.queue_arn for arrivals in self._arrivals.values()),
            self._json.dead_letter_queue.queue_arn,
        )
        self._access.allow("SendRows", ["sqs:SendMessage"], self._json.queue.queue_arn)
        self._access.allow(
            "WriteItems",
            ["dynamodb:BatchGetItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"],
            self._items.table.table_arn,
        )
        self._access.allow_events("TellOfStages", self._events.bus.event_bus_arn)
        self._access.allow(
            "StreamChanges",
            [
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
                "kinesis:PutRecords",
            ],
            self._changes.stream.stream_arn,
        )
        self._access.allow("SendNotices", ["sns:Publish"], self._alerts.topic.topic_arn)
        self._access.allow(
            "EncryptNotices",
            list(USES),
            self._key.key_arn,
            conditions={"StringEquals": {"kms:ViaService": f"sns.{Aws.REGION}.amazonaws.com"}},
        )

    def _grant_files(self) -> None:
        landing, lake = self._landing.bucket, self._lake.bucket
        folders = sorted({f"{p.prefix.partition('/')[0]}/" for p in UPLOAD_PIPELINES})
        self._access.allow(
            "ReadUploads",
            ["s3:GetObjectVersion"],
            *(landing.arn_for_objects(f"{folder}*") for folder in folders),
        )
        self._access.allow_list(
            "ListUploads",
            ["s3:ListBucket", "s3:ListBucketVersions"],
            landing.bucket_arn,
            *folders,
        )
        self._access.allow(
            "KeepFiles",
            ["s3:GetObject", "s3:PutObject"],
            *(Fn.join("/", [lake.bucket_arn, f"{prefix}*"]) for prefix in OWN_PREFIXES),
        )
        self._access.allow(
            "DropOldFiles",
            ["s3:DeleteObject"],
            *(Fn.join("/", [lake.bucket_arn, f"{prefix}*"]) for prefix in ("exports/", SHOWN)),
        )
        self._access.allow_list(
            "ListFiles", ["s3:ListBucket"], lake.bucket_arn, *OWN_PREFIXES, UNLOADED
        )
        self._access.allow(
            "DeliverFiles", ["s3:PutObject"], Fn.join("/", [lake.bucket_arn, f"{DELIVERED}*"])
        )

    def _grant_queries(self) -> None:
        """Allow to compare exports in Athena, and Athena to do its part of it."""
        lake, queries = self._lake.bucket, self._queries
        results, unloaded = (
            Fn.join("/", [lake.bucket_arn, f"{prefix}*"]) for prefix in (COMPARED, UNLOADED)
        )
        self._access.allow(
            "CompareExports",
            [
                "athena:GetQueryExecution",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
            ],
            queries.workgroup_arn,
        )
        self._access.allow(
            "MakeTables",
            ["glue:BatchDeleteTable", "glue:CreateTable", "glue:UpdateTable"],
            *queries.catalog_arns,
        )
        self._access.allow("FetchDifferences", ["s3:GetObject"], unloaded)
        self._access.allow_athena(
            "LetAthenaFindTables",
            ["glue:GetDatabase", "glue:GetTable"],
            *queries.catalog_arns,
            queries.default_database_arn,
        )
        self._access.allow_athena(
            "LetAthenaWrite",
            ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"],
            results,
            unloaded,
        )
        self._access.allow_athena(
            "LetAthenaFindTheLake",
            ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
            lake.bucket_arn,
        )

    def _grant_tables(self) -> None:
        """Allow to keep the tables of the lake as they are declared, and to count good hours."""
        self._access.allow(
            "KeepTables",
            ["glue:CreateTable", "glue:GetTable", "glue:UpdateTable"],
            *self._tables.catalog_arns,
        )
        self._access.allow_metrics("CountGoodHours", NAMESPACE)

    def _add_outputs(self) -> None:
        for name, value in {
            "LandingBucket": self._landing.bucket.bucket_name,
            "LakeBucket": self._lake.bucket.bucket_name,
            "JsonQueueUrl": self._json.queue.queue_url,
            "JsonDeadLetterQueueUrl": self._json.dead_letter_queue.queue_url,
            "ItemsTable": self._items.table.table_name,
            "ChangesStream": self._changes.stream.stream_name,
            "GlueDatabase": self._queries.database.ref,
            "AthenaWorkgroup": self._queries.workgroup.ref,
            "LakeDatabase": self._tables.database.ref,
            "LakeWorkgroup": self._tables.workgroup.ref,
            "AlertsTopicArn": self._alerts.topic.topic_arn,
            "EventsBus": self._events.bus.event_bus_name,
            "ObserverQueueUrl": self._observer.queue.queue_url,
            "ObserverDeadLetterQueueUrl": self._observer.dead_letter_queue.queue_url,
            "PipelinesPolicyArn": self._access.policy.managed_policy_arn,
        }.items():
            CfnOutput(self, name, value=value)
        for pipeline, arrivals in self._arrivals.items():
            queues = (arrivals.queue, arrivals.dead_letter_queue)
            for name, queue in zip(pipeline.outputs, queues, strict=True):
                CfnOutput(self, name, value=queue.queue_url)
