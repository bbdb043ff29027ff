"""What the places have in common where uploaded files are worked on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import psycopg2

from include.core.arrivals.versions import look_up
from include.core.aws.objects import ObjectStore
from tests.support.clients import client

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg2.extensions import connection


@dataclass(frozen=True, kw_only=True)
class UploadPlace:
    """Where files land and what works on them; other processes can be told of it.

    Attributes:
        warehouse_uri: libpq URI of a warehouse that is up to date.
        aws: URL of the emulator.
        landing, lake: names of buckets.
        folder: for temporary files and failpoints.
    """

    KEY: ClassVar[str]

    warehouse_uri: str
    aws: str
    landing: str
    lake: str
    folder: Path

    @property
    def failpoints(self) -> Path:
        return self.folder / "failpoints"

    @property
    def store(self) -> ObjectStore:
        return ObjectStore(client=client("s3", self.aws), bucket=self.lake)

    def connect(self) -> connection:
        return psycopg2.connect(self.warehouse_uri)

    def put(self, content: str | bytes, key: str | None = None) -> dict[str, Any]:
        """Upload a version of a file; returns it as a run receives it."""
        s3, key = client("s3", self.aws), key or self.KEY
        body = content.encode() if isinstance(content, str) else content
        version = s3.put_object(Bucket=self.landing, Key=key, Body=body)["VersionId"]
        return {**look_up(s3, self.landing, key, version), "index": 0}
