"""Clients of the emulator that a process makes once: making one takes longer than most calls."""

from __future__ import annotations

from functools import cache
from typing import Any

from infra.local import aws as emulators


@cache
def client(service: str, endpoint: str) -> Any:
    return emulators.client(service, endpoint)


@cache
def s3_in_pages(endpoint: str, size: int = 1000) -> Any:
    """A client that lists so many versions a page, and their times to the second, as S3 does."""

    def ask(params: dict[str, Any], **_: Any) -> None:
        params.setdefault("MaxKeys", size)

    def cut(parsed: dict[str, Any], **_: Any) -> None:
        for each in [*parsed.get("Versions", []), *parsed.get("DeleteMarkers", [])]:
            each["LastModified"] = each["LastModified"].replace(microsecond=0)

    s3 = emulators.client("s3", endpoint)
    s3.meta.events.register("before-parameter-build.s3.ListObjectVersions", ask)
    s3.meta.events.register("after-call.s3.ListObjectVersions", cut)
    return s3
