"""A keyed HTTP API into a table of the lake, an hour at a time.

Extract: fetch asks for a call's pages and puts each into the raw zone as it came. Load: store_raw
enters which answers the hour has, or ends it as skipped; convert makes the Parquet file of the day
or hour from the raw zone; publish puts it in the place of the old one, and enters counts, rejects
and notice in one transaction. Each returns a small dictionary (task_values.py).
"""

from __future__ import annotations

from include.pipelines.api_to_lake.fetch import UnansweredCallError, fetch
from include.pipelines.api_to_lake.publish import convert, publish
from include.pipelines.api_to_lake.store_raw import store_raw
from include.pipelines.api_to_lake.task_values import (
    ConvertedHour,
    FetchedCall,
    FetchResources,
    LakeResources,
    PublishedHour,
    StoredHour,
)

__all__ = [
    "ConvertedHour",
    "FetchResources",
    "FetchedCall",
    "LakeResources",
    "PublishedHour",
    "StoredHour",
    "UnansweredCallError",
    "convert",
    "fetch",
    "publish",
    "store_raw",
]
