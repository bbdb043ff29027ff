"""The summaries that runs have left in the lake's bucket."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Annotated, Any, NoReturn
from urllib.parse import quote

import boto3
from airflow.configuration import conf
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from fastapi import Depends, HTTPException

from sluice_page.overview import items_of, row_of

VERSION = 1
_PREFIX = f"page/v{VERSION}"
_AT_ONCE = 16  # objects that are read side by side
_MOST_BYTES = 32_000_000  # four times what a summary may have
_KEY_BYTES = 900  # include/core/summaries/summary.py shortens names as this does
_AGAIN = "Run the DAG summarise: it writes all summaries anew"
# Seconds. A person waits, and the page says what is wrong.
_CONFIG = Config(
    max_pool_connections=_AT_ONCE,
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 2},
)


class BrokenSummaryError(Exception):
    """An object is no summary that this version of the page can show; its words say why."""


class Summaries:
    """Summaries in one bucket; those that have not changed are remembered.

    Arguments:
        client: a boto3 S3 client.
        bucket: its name.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        # By key: ETag and row of the overview; None where it is broken. Replaced as a whole.
        self._known: dict[str, tuple[str, dict[str, Any] | None]] = {}

    def overview(self, dag_ids: set[str]) -> dict[str, Any]:
        """The summaries of all sinks whose DAGs are among those, and how many are broken.

        Raises:
            HTTPException: 502 where S3 is out of reach, or refuses.
        """
        try:
            rows, items = self._rows(), self._items()
        except (BotoCoreError, ClientError) as error:
            _refuse(error)
        return {
            "version": VERSION,
            "broken": rows.count(None),
            "attention": [item for item in items if item["dag_id"] in dag_ids],
            # Airflow names assets of other DAGs too; the page leaves those out.
            "dags": sorted(dag_ids),
            "sinks": [row for row in rows if row and row["dag_id"] in dag_ids],
        }

    def of_sink(self, kind: str, sink: str, dag_id: str) -> dict[str, Any]:
        """One summary of a sink.

        Arguments:
            kind: sinks, charts or values.
            sink: as the ledger knows it.
            dag_id: the DAG that must be the one that writes to it.

        Raises:
            HTTPException: 404 where the DAG has none of that kind, 502 where it is broken, or S3 is
                out of reach.
        """
        owner = self._find(_key("sinks", sink))
        if owner is None or owner.get("dag_id") != dag_id:
            raise HTTPException(404, f"There is no summary of this sink. {_AGAIN}")
        if kind == "sinks":
            if row_of(owner) is None:
                raise HTTPException(502, f"The summary of this sink lacks something. {_AGAIN}")
            return owner
        value = self._find(_key(kind, sink))
        if value is None:
            raise HTTPException(404, f"There is no such summary of this sink. {_AGAIN}")
        return value

    def trace(self, run_id: str, dag_id: str) -> dict[str, Any]:
        """The answer of a run of trace_row that was asked about a DAG.

        Raises:
            HTTPException: 404 where there is none yet, else as of_sink.
        """
        value = self._find(_key("traces", run_id))
        if value is None or value.get("dag_id") != dag_id:
            raise HTTPException(404, "This run has no answer yet")
        return value

    def _items(self) -> list[dict[str, Any]]:
        try:
            return items_of(self._read(f"{_PREFIX}/attention.json"))
        except BrokenSummaryError:
            return []

    def _rows(self) -> list[dict[str, Any] | None]:
        """A row of the overview a summary; None for one that is broken."""
        tags = self._list(f"{_PREFIX}/sinks/")
        known = self._known
        rows = {
            key: known[key] for key, tag in tags.items() if key in known and known[key][0] == tag
        }
        if changed := [key for key in tags if key not in rows]:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                read = pool.map(self._row, changed)
                rows |= {key: (tags[key], row) for key, row in zip(changed, read, strict=True)}
        self._known = rows
        return [rows[key][1] for key in tags]

    def _row(self, key: str) -> dict[str, Any] | None:
        try:
            return row_of(self._read(key))
        except BrokenSummaryError:
            return None

    def _list(self, prefix: str) -> dict[str, str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        return {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", [])}

    def _find(self, key: str) -> dict[str, Any] | None:
        """A summary, None where there is none; raises HTTPException where it cannot be had."""
        try:
            return self._read(key)
        except BrokenSummaryError as error:
            raise HTTPException(502, f"The summary is broken: {error}. {_AGAIN}") from None
        except (BotoCoreError, ClientError) as error:
            _refuse(error)

    def _read(self, key: str) -> dict[str, Any] | None:
        """A summary; None where there is none.

        Raises:
            BrokenSummaryError: it is none of this version.
        """
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise
        return _parsed(body.read(_MOST_BYTES + 1))


def _parsed(body: bytes) -> dict[str, Any]:
    if len(body) > _MOST_BYTES:
        raise BrokenSummaryError(f"it has more than {_MOST_BYTES:,} bytes")
    try:
        value = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise BrokenSummaryError("it is no JSON") from None
    if not isinstance(value, dict):
        raise BrokenSummaryError("it is no object of JSON")
    if value.get("version") != VERSION:
        raise BrokenSummaryError("another version of Sluice has written it")
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"JSON knows no {name}")


def _key(kind: str, name: str) -> str:
    quoted = quote(name.encode("utf-8", "surrogatepass"), safe="")
    if len(quoted) > _KEY_BYTES:
        quoted = hashlib.sha256(quoted.encode()).hexdigest()
    return f"{_PREFIX}/{kind}/{quoted}.json"


def _refuse(error: BotoCoreError | ClientError) -> NoReturn:
    said = type(error).__name__
    if isinstance(error, ClientError):
        said = error.response["Error"]["Code"]
    words = f"The page cannot read its data in S3 ({said}). Try again; if it stays, look at the log"
    raise HTTPException(502, words) from error


@cache
def _summaries() -> Summaries:
    return Summaries(boto3.client("s3", config=_CONFIG), conf.get("sluice", "lake_bucket"))


SummariesDep = Annotated[Summaries, Depends(_summaries)]
