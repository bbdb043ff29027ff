"""The pipelines that start when a file lands in S3; the sweep looks after all of them."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.providers.common.messaging.triggers.msg_queue import MessageQueueTrigger
from airflow.sdk import Asset, AssetWatcher

from include.core.arrivals.claim import Landing
from include.pipelines.landing import LANDING_PREFIXES
from wiring.clients import aws_client
from wiring.defaults import queue_name, settings

_HERE = settings()

# Seconds. A poll waits this long for a message, and costs a request.
_LONG_POLL, _BETWEEN_POLLS = 10, 1


@dataclass(frozen=True, kw_only=True)
class UploadPipeline:
    """A pipeline that starts when a file lands in S3.

    Attributes:
        name: also the DAG's id.
        prefix: the landing prefix, ends in a slash.
        queue_url: its arrivals.
        sink: the name that the ledger knows its sink by.
    """

    name: str
    prefix: str
    queue_url: str
    sink: str

    def landing(self) -> Landing:
        """Where its files land."""
        return Landing(
            pipeline=self.name,
            client=aws_client("s3"),
            bucket=_HERE.landing_bucket,
            prefix=self.prefix,
        )

    def asset(self) -> Asset:
        """What the DAG is scheduled on: the queue of its arrivals.

        Messages stay in the queue until the run has committed; a triggerer that dies with some in
        its hands loses none.
        """
        trigger = MessageQueueTrigger(
            scheme="sqs",
            sqs_queue=self.queue_url,
            max_messages=10,
            wait_time_seconds=_LONG_POLL,
            waiter_delay=_BETWEEN_POLLS,
            visibility_timeout=_HERE.visibility_seconds,
            delete_message_on_reception=False,
        )
        watcher = AssetWatcher(name=f"{self.name}_queue", trigger=trigger)
        return Asset(name=f"{self.name}_arrivals", watchers=[watcher])


CSV_UPLOAD_TO_SQS = UploadPipeline(
    name="csv_upload_to_sqs",
    prefix=LANDING_PREFIXES["csv_upload_to_sqs"],
    queue_url=_HERE.csv_upload_to_sqs_queue_url,
    sink=f"sqs:{queue_name(_HERE.json_queue_url)}",
)

CSV_UPLOAD_TO_DYNAMODB = UploadPipeline(
    name="csv_upload_to_dynamodb",
    prefix=LANDING_PREFIXES["csv_upload_to_dynamodb"],
    queue_url=_HERE.csv_upload_to_dynamodb_queue_url,
    sink=f"dynamodb:{_HERE.items_table}",
)

UPLOAD_PIPELINES = (CSV_UPLOAD_TO_SQS, CSV_UPLOAD_TO_DYNAMODB)
