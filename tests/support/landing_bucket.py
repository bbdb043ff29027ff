"""A landing bucket as people and pipelines use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from include.core.arrivals.versions import FileVersion, list_versions, look_up


@dataclass
class Bucket:
    """A bucket with versions, through a client of its own."""

    s3: Any
    name: str

    def put(self, key: str, text: str = "id\n1\n") -> str:
        put = self.s3.put_object(Bucket=self.name, Key=key, Body=text.encode())
        return str(put["VersionId"])

    def delete(self, key: str, version_id: str | None = None) -> None:
        named = {"VersionId": version_id} if version_id else {}
        self.s3.delete_object(Bucket=self.name, Key=key, **named)

    def look_up(
        self, key: str, version_id: str | None = None, *, withdrawn: bool = False
    ) -> FileVersion:
        return look_up(self.s3, self.name, key, version_id, withdrawn=withdrawn)

    def listed(self, prefix: str = "") -> list[tuple[str, str, bool]]:
        found = list_versions(self.s3, self.name, prefix)
        return [(each.key, each.version_id, each.is_latest) for each in found]
