"""CSV files that land in S3 into items of a DynamoDB table, with an event for each stage.

Extract: extract reads one file, sets bad rows aside and cuts the good ones into chunks. Transform:
transform makes a chunk's rows into items. Load: load writes them, unless the table has newer ones.
Observe: observe looks each id of a chunk up in the table, and tally sums a run up, file by file,
and names what is missing. take_in does the first four at once for a file of one chunk. Tasks
exchange small JSON objects, and files in S3. report_failure sends
the event of a file that failed.
"""

from __future__ import annotations

from include.pipelines.csv_upload_to_dynamodb.chunks import (
    Chunk,
    ExtractedFile,
    LoadedChunk,
    ObservedChunk,
    TransformedChunk,
    chunks_to_write,
)
from include.pipelines.csv_upload_to_dynamodb.extract import PIPELINE, extract
from include.pipelines.csv_upload_to_dynamodb.load import load, report_failure
from include.pipelines.csv_upload_to_dynamodb.observe import observe, tally
from include.pipelines.csv_upload_to_dynamodb.resources import ItemResources
from include.pipelines.csv_upload_to_dynamodb.small_files import take_in
from include.pipelines.csv_upload_to_dynamodb.stage_events import StageEvents
from include.pipelines.csv_upload_to_dynamodb.transform import transform

__all__ = [
    "PIPELINE",
    "Chunk",
    "ExtractedFile",
    "ItemResources",
    "LoadedChunk",
    "ObservedChunk",
    "StageEvents",
    "TransformedChunk",
    "chunks_to_write",
    "extract",
    "load",
    "observe",
    "report_failure",
    "take_in",
    "tally",
    "transform",
]
