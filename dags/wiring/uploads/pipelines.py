"""The pipelines that start when a file lands in S3; the sweep looks after all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow.providers.common.messaging.triggers.msg_queue import MessageQueueTrigger
from airflow.sdk import Asset, AssetWatcher, get_current_context

from include.core.arrivals.queue import ArrivalQueue
from include.core.arrivals.versions import Landing
from include.pipelines.landing import LANDING_PREFIXES, LANDING_SUFFIXES
from wiring.clients import aws_client
from wiring.defaults import queue_name, settings

_SETTINGS = settings()

# Seconds. A poll waits this long for a message, and costs a request.
_LONG_POLL, _BETWEEN_POLLS = 10, 1


@dataclass(frozen=True, kw_only=True)
class UploadPipeline:
    """A pipeline that starts when a file lands in S3.

    Attributes:
        name: also the DAG's id, and the key of LANDING_PREFIXES.
        queue_url: of its arrivals.
        sink: the name that the ledger knows its sink by.
    """

    name: str
    queue_url: str
    sink: str

    @property
    def prefix(self) -> str:
        """The landing prefix, which ends in a slash."""
        return LANDING_PREFIXES[self.name]

    def landing(self) -> Landing:
        """Where its files land."""
        return Landing(
            pipeline=self.name,
            client=aws_client("s3"),
            bucket=_SETTINGS.landing_bucket,
            prefix=self.prefix,
            suffixes=LANDING_SUFFIXES[self.name],
        )

    def queue(self) -> ArrivalQueue:
        """The queue of its arrivals."""
        return ArrivalQueue(
            client=aws_client("sqs"), url=self.queue_url, retry_seconds=_SETTINGS.retry_seconds
        )

    def asset(self) -> Asset:
        """What the DAG is scheduled on: the queue of its arrivals.

        Messages stay in the queue until the run has committed, so that none is lost with a
        triggerer that has received it.
        """
        trigger = MessageQueueTrigger(
            scheme="sqs",
            sqs_queue=self.queue_url,
            max_messages=10,
            wait_time_seconds=_LONG_POLL,
            waiter_delay=_BETWEEN_POLLS,
            visibility_timeout=_SETTINGS.visibility_seconds,
            delete_message_on_reception=False,
        )
        watcher = AssetWatcher(name=f"{self.name}_queue", trigger=trigger)
        return Asset(name=f"{self.name}_arrivals", watchers=[watcher])


CSV_UPLOAD_TO_SQS = UploadPipeline(
    name="csv_upload_to_sqs",
    queue_url=_SETTINGS.csv_upload_to_sqs_queue_url,
    sink=f"sqs:{queue_name(_SETTINGS.json_queue_url)}",
)

CSV_UPLOAD_TO_DYNAMODB = UploadPipeline(
    name="csv_upload_to_dynamodb",
    queue_url=_SETTINGS.csv_upload_to_dynamodb_queue_url,
    sink=f"dynamodb:{_SETTINGS.items_table}",
)

TABLE_EXPORT_TO_KINESIS = UploadPipeline(
    name="table_export_to_kinesis",
    queue_url=_SETTINGS.table_export_to_kinesis_queue_url,
    sink=f"kinesis:{_SETTINGS.changes_stream}",
)

UPLOAD_PIPELINES = (CSV_UPLOAD_TO_SQS, CSV_UPLOAD_TO_DYNAMODB, TABLE_EXPORT_TO_KINESIS)


def current_pipeline() -> UploadPipeline:
    """The pipeline of the task that runs."""
    run: Any = get_current_context()["dag_run"]
    (pipeline,) = (each for each in UPLOAD_PIPELINES if each.name == run.dag_id)
    return pipeline
