"""The summaries that runs have left in the lake's bucket."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock
from typing import Annotated, Any
from urllib.parse import quote

import boto3
from airflow.configuration import conf
from botocore.config import Config
from botocore.exceptions import ClientError
from fastapi import Depends, HTTPException

from sluice_page.overview import row_of

VERSION = 1
_PREFIX = f"page/v{VERSION}"
_AT_ONCE = 16  # objects that are read side by side


class Summaries:
    """Summaries in one bucket; those that have not changed are remembered.

    Arguments:
        client: a boto3 S3 client.
        bucket: its name.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._known: dict[str, tuple[str, Any]] = {}  # by key: ETag and value
        self._lock = Lock()

    def overview(self, dag_ids: set[str]) -> dict[str, Any]:
        """The summaries of all sinks whose DAGs are among those, and what could not be read."""
        tags = self._list(f"{_PREFIX}/sinks/")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = dict(
                zip(tags, pool.map(lambda key: self._get(key, tags[key]), tags), strict=True)
            )
        with self._lock:
            self._known = {key: (tags[key], value) for key, value in found.items()}
        rows = [row_of(value) for value in found.values()]
        broken = rows.count(None)
        sinks = [row for row in rows if row and row["dag_id"] in dag_ids]
        items = (self._read(f"{_PREFIX}/attention.json") or {}).get("items", [])
        attention = [item for item in items if item.get("dag_id") in dag_ids]
        return {"version": VERSION, "sinks": sinks, "broken": broken, "attention": attention}

    def of_sink(self, kind: str, sink: str, dag_id: str) -> Any:
        """One summary of a sink.

        Raises:
            HTTPException: 404 where the DAG has none of that kind.
        """
        owner = self._read(f"{_PREFIX}/sinks/{quote(sink, safe='')}.json")
        if owner is None or owner.get("dag_id") != dag_id:
            raise HTTPException(404, "No run of this DAG has left a summary of this sink")
        if kind == "sinks":
            return owner
        value = self._read(f"{_PREFIX}/{kind}/{quote(sink, safe='')}.json")
        if value is None:
            raise HTTPException(404, "There is no such summary of this sink")
        return value

    def _list(self, prefix: str) -> dict[str, str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        return {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", [])}

    def _get(self, key: str, etag: str) -> Any:
        known = self._known.get(key)
        return known[1] if known and known[0] == etag else self._read(key)

    def _read(self, key: str) -> Any:
        """A summary; None where there is none, or it is none of this version."""
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            value = json.loads(body)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise HTTPException(502, "S3 does not answer as it should") from error
        except ValueError:
            return None
        is_ours = isinstance(value, dict) and value.get("version") == VERSION
        return value if is_ours else None


@cache
def _summaries() -> Summaries:
    client = boto3.client("s3", config=Config(max_pool_connections=_AT_ONCE))
    return Summaries(client, conf.get("sluice", "lake_bucket"))


SummariesDep = Annotated[Summaries, Depends(_summaries)]
