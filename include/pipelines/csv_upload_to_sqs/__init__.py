"""CSV files that land in S3 as JSON messages on a queue.

deliver is the one task of a file. Extract and transform: the whole file is read and checked, bad
rows are set aside, and nothing is sent before its last row was read. Load: a message a row, or
one JSON Lines file in the lake and a message that points to it.
"""

from __future__ import annotations

from include.pipelines.csv_upload_to_sqs.deliver import DeliverResources, deliver
from include.pipelines.csv_upload_to_sqs.envelope import PIPELINE

__all__ = ["PIPELINE", "DeliverResources", "deliver"]
