"""The pipelines that start when a file lands in S3; the sweep looks after all of them."""

from __future__ import annotations

from wiring.arrivals import UploadPipeline
from wiring.defaults import queue_name, settings

_HERE = settings()

CSV_UPLOAD_TO_SQS = UploadPipeline(
    name="csv_upload_to_sqs",
    prefix="uploads/sqs/",
    queue_url=_HERE.csv_upload_to_sqs_queue_url,
    sink=f"sqs:{queue_name(_HERE.json_queue_url)}",
)

CSV_UPLOAD_TO_DYNAMODB = UploadPipeline(
    name="csv_upload_to_dynamodb",
    prefix="uploads/dynamodb/",
    queue_url=_HERE.csv_upload_to_dynamodb_queue_url,
    sink=f"dynamodb:{_HERE.items_table}",
)

UPLOAD_PIPELINES = (CSV_UPLOAD_TO_SQS, CSV_UPLOAD_TO_DYNAMODB)
