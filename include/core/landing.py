"""Objects in the landing bucket: which versions there are, how old they are, and their bytes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.core.objects import CHUNK_BYTES
from include.core.s3_events import shown
from include.errors import ArrivalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GONE = ("404", "NoSuchKey", "NoSuchVersion", "NotFound")
_CHANGED = ("412", "PreconditionFailed")


def look_up(
    client: Any, bucket: str, key: str, version_id: str | None, *, withdrawn: bool = False
) -> dict[str, Any]:
    """Find an object version.

    Arguments:
        client: a boto3 S3 client.
        bucket: where it is.
        key: its name there.
        version_id: which version; the newest when None.
        withdrawn: take a version although the object has been deleted since.

    Returns:
        bucket, key, version_id, etag, size (bytes), stored_at (ISO 8601), order (text; greater
        for a later file, whatever its key).

    Raises:
        ArrivalError: there is no such object or version, or it has been deleted since.
    """
    versions = list(_versions(client, bucket, key))
    place = f"s3://{bucket}/{shown(key)}"
    if not versions:
        raise ArrivalError(f"{place}: there is no such object")
    if versions[0]["is_marker"] and not (withdrawn and version_id):
        raise ArrivalError(
            f"{place} was deleted after it arrived. Upload it again, or start a run by hand with "
            f"its key and version_id"
        )
    wanted = version_id or versions[0]["version_id"]
    for place_in_list, version in enumerate(versions):
        if version["version_id"] == wanted and not version["is_marker"]:
            older = versions[place_in_list + 1 :]
            same = [
                each
                for each in older
                if each["stored_at"] == version["stored_at"] and not each["is_marker"]
            ]
            file = {name: version[name] for name in ("version_id", "etag", "size", "stored_at")}
            return {"bucket": bucket, "key": key, **file, "order": _order(key, version, len(same))}
    raise ArrivalError(f"{place}: there is no version {wanted!r}")


def list_versions(client: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """All object versions below a prefix but directory markers and deleted objects.

    Returns:
        key, version_id, stored_at (datetime), is_latest of each, in S3's order.
    """
    withdrawn: set[str] = set()
    for page in _pages(client, bucket, prefix):
        withdrawn |= {each["Key"] for each in page.get("DeleteMarkers", []) if each["IsLatest"]}
        for each in page.get("Versions", []):
            if not each["Key"].endswith("/") and each["Key"] not in withdrawn:
                yield {
                    "key": each["Key"],
                    "version_id": each["VersionId"],
                    "stored_at": each["LastModified"],
                    "is_latest": each["IsLatest"],
                }


def fetch(client: Any, file: dict[str, Any], to: Path) -> None:
    """Fetch the bytes of one object version into a file.

    Arguments:
        client: a boto3 S3 client.
        file: what look_up came back with.
        to: the file that is made, or replaced.

    Raises:
        ArrivalError: the version is gone, or is not what was looked up.
    """
    place = f"s3://{file['bucket']}/{file['key']}"
    try:
        body = client.get_object(
            Bucket=file["bucket"],
            Key=file["key"],
            VersionId=file["version_id"],
            IfMatch=f'"{file["etag"]}"',
        )["Body"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _GONE:
            raise ArrivalError(f"{place}: its version {file['version_id']} is gone") from None
        if code in _CHANGED:
            raise ArrivalError(f"{place} has other content than when it was looked up") from None
        raise
    size = 0
    with to.open("wb") as target:
        for chunk in body.iter_chunks(CHUNK_BYTES):
            size += len(chunk)
            target.write(chunk)
    if size != file["size"]:
        raise ArrivalError(f"{place} has {size} bytes, {file['size']} were announced")


def _order(key: str, version: dict[str, Any], same: int) -> str:
    """Put versions in order of time, of place among those of one second, and of key.

    S3 keeps the time to the second, and lists the versions of one key newest first. Delete markers
    do not count: those that come later must not change what was said of a version before.
    """
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    return f"{version['stored_at']}#{same:06d}#{digest}"


def _versions(client: Any, bucket: str, key: str) -> Iterator[dict[str, Any]]:
    """All versions and delete markers of one key, newest first."""
    for page in _pages(client, bucket, key):
        found = [
            *({**each, "is_marker": False} for each in page.get("Versions", [])),
            *({**each, "is_marker": True} for each in page.get("DeleteMarkers", [])),
        ]
        mine = [each for each in found if each["Key"] == key]
        # boto3 gives the two kinds apart; a delete marker of the same second is the later one
        # only where S3 says that it is the latest.
        mine.sort(key=lambda each: (each["IsLatest"], each["LastModified"]), reverse=True)
        for each in mine:
            yield {
                "version_id": each["VersionId"],
                "etag": each.get("ETag", "").strip('"'),
                "size": each.get("Size", 0),
                "stored_at": each["LastModified"].isoformat(),
                "is_marker": each["is_marker"],
            }
        # Other keys that begin like this one come after it.
        if len(mine) < len(found):
            return


def _pages(client: Any, bucket: str, prefix: str) -> Any:
    return client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
