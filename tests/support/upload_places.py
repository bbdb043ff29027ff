"""What the places have in common in which tests process uploaded files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import psycopg2

from include.core.arrivals.versions import Landing, look_up
from include.core.aws.objects import ObjectStore
from include.pipelines.landing import CSV_SUFFIXES
from tests.support.clients import client

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg2.extensions import connection

    from include.core.arrivals.claim import ReceivedFile
    from include.core.arrivals.results import FileResult


@dataclass(frozen=True, kw_only=True)
class UploadPlace:
    """Where files land, and the servers that tasks need; other processes can have it.

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

    def landing_of(self, pipeline: str) -> Landing:
        prefix = self.KEY.rpartition("/")[0] + "/"
        return Landing(
            pipeline=pipeline,
            client=client("s3", self.aws),
            bucket=self.landing,
            prefix=prefix,
            suffixes=CSV_SUFFIXES,
        )

    def connect(self) -> connection:
        return psycopg2.connect(self.warehouse_uri)

    def put(self, content: str | bytes, key: str | None = None) -> ReceivedFile:
        """Upload a version of a file; returns it as a run receives it."""
        s3, key = client("s3", self.aws), key or self.KEY
        body = content.encode() if isinstance(content, str) else content
        version = s3.put_object(Bucket=self.landing, Key=key, Body=body)["VersionId"]
        found = look_up(s3, self.landing, key, version)
        return {**found, "sequencer": None, "index": 0, "token": 0}

    def rejects_of(self, result: FileResult) -> Path:
        """The rejected rows of a file, as a local file."""
        stored = result["rejects"]
        assert stored is not None
        copy = self.folder / "rejects"
        self.store.get_file(stored["key"], copy, sha256=stored["sha256"])
        return copy
