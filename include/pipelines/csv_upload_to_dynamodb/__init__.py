"""CSV files that land in S3 into items of a DynamoDB table, with an event for each stage.

Extract: extract reads one file, sets bad rows aside and cuts the good ones into chunks. Transform:
transform makes a chunk's rows into items. Load: load writes them, unless the table has newer ones.
Observe: observe looks each id of a chunk up in the table, and tally sums a run up, file by file;
whatever is missing is named. Tasks hand over small dictionaries and files in S3. failed tells of
a task that failed.
"""

from __future__ import annotations

from include.pipelines.csv_upload_to_dynamodb.extract import PIPELINE, extract
from include.pipelines.csv_upload_to_dynamodb.load import failed, load
from include.pipelines.csv_upload_to_dynamodb.observe import observe, tally
from include.pipelines.csv_upload_to_dynamodb.places import Places
from include.pipelines.csv_upload_to_dynamodb.transform import transform

__all__ = ["PIPELINE", "Places", "extract", "failed", "load", "observe", "tally", "transform"]
