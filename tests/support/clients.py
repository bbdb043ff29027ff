"""Clients of the emulator that a process makes once: making one takes longer than most calls."""

from __future__ import annotations

from functools import cache
from typing import Any

from include.core.aws.clients import UNCHECKED
from infra.local import aws as emulators


@cache
def client(service: str, endpoint: str) -> Any:
    return emulators.client(service, endpoint, config=UNCHECKED)


@cache
def s3_in_pages(endpoint: str, size: int = 1000) -> Any:
    """A client that lists so many versions a page at most; their times are S3's, to the second."""

    def ask(params: dict[str, Any], **_: Any) -> None:
        params["MaxKeys"] = min(params.get("MaxKeys", size), size)

    def cut(parsed: dict[str, Any], **_: Any) -> None:
        for each in [*parsed.get("Versions", []), *parsed.get("DeleteMarkers", [])]:
            each["LastModified"] = each["LastModified"].replace(microsecond=0)

    s3 = emulators.client("s3", endpoint)
    s3.meta.events.register("before-parameter-build.s3.ListObjectVersions", ask)
    s3.meta.events.register("after-call.s3.ListObjectVersions", cut)
    return s3
