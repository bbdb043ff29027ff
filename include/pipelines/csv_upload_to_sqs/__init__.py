"""CSV files that land in S3 as JSON messages on a queue.

Extract and transform: deliver reads and checks a whole file, sets bad rows aside, and sends nothing
before its last row was read. Load: it sends a message a row, or one JSON Lines file in the lake and
a message that points to it. The rows of a large file it stores in parts, which deliver_part sends
side by side; tally sums a run up, file by file.
"""

from __future__ import annotations

from include.pipelines.csv_upload_to_sqs.deliver import DeliverResources, deliver, deliver_part
from include.pipelines.csv_upload_to_sqs.envelope import PIPELINE
from include.pipelines.csv_upload_to_sqs.parts import (
    DeliveredFile,
    DeliveredPart,
    Part,
    parts_to_send,
    tally,
)

__all__ = [
    "PIPELINE",
    "DeliverResources",
    "DeliveredFile",
    "DeliveredPart",
    "Part",
    "deliver",
    "deliver_part",
    "parts_to_send",
    "tally",
]
