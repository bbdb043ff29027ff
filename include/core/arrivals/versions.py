"""Objects in the landing bucket: which versions there are, how old they are, and their bytes.

Errors do not repeat the key: their readers see it beside them.
"""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from botocore.exceptions import ClientError

from include.core.aws.objects import CHUNK_BYTES
from include.errors import ArrivalError, WithdrawnError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html: no such version, no id of
# one, a delete marker.
_NO_VERSION = ("404", "400", "405")
_GONE = ("404", "NoSuchKey", "NoSuchVersion", "NotFound")
_CHANGED = ("412", "PreconditionFailed")
# Entries of a listing: first the newest of one key, among which what an event names nearly always
# is; then as many as S3 gives.
_NEWEST, _MORE = 20, 1000
_DELETED = (
    "It was deleted after it arrived. Upload it again, or start a run by hand with its key and "
    "version_id"
)


class FileName(TypedDict):
    """Which object version."""

    bucket: str
    key: str
    version_id: str


class FileVersion(FileName):
    """An object version as S3 has it, as tasks exchange it in JSON.

    size is in bytes, stored_at in ISO 8601 to the second; order is text that is greater for a later
    file, also of another key.
    """

    etag: str
    size: int
    stored_at: str
    order: str


class ListedVersion(NamedTuple):
    """An object version in a listing."""

    key: str
    version_id: str
    stored_at: datetime
    is_latest: bool


@dataclass(frozen=True, kw_only=True)
class Landing:
    """Where a pipeline's files land.

    Attributes:
        pipeline: its name.
        client: a boto3 S3 client.
        bucket: the only bucket that it reads.
        prefix: the only prefix; ends in a slash.
        suffixes: ends of the names that it takes, in small letters.
    """

    pipeline: str
    client: Any
    bucket: str
    prefix: str
    suffixes: tuple[str, ...]


class _Entry(NamedTuple):
    """A version or a delete marker of one key."""

    version_id: str
    etag: str
    size: int
    stored_at: str
    is_latest: bool
    is_marker: bool


def look_up(
    client: Any, bucket: str, key: str, version_id: str | None, *, withdrawn: bool = False
) -> FileVersion:
    """Find an object version.

    Arguments:
        client: a boto3 S3 client.
        bucket: where it is.
        key: its name there.
        version_id: which version; the newest when None.
        withdrawn: take a version although the object has been deleted since.

    Raises:
        ArrivalError: there is no such object or version.
        WithdrawnError: it has been deleted since.
    """
    listed = _versions(client, bucket, key)
    newest = list(islice(listed, _NEWEST))
    if not newest:
        raise ArrivalError("There is no such object")
    is_deleted = newest[0].is_marker
    if is_deleted and version_id is None:
        raise WithdrawnError(_DELETED, file=None)
    named = version_id or newest[0].version_id
    names = [version.version_id for version in newest]
    if named in names:
        place = names.index(named)
        version = newest[place]
        older: Iterator[_Entry] = chain(newest[place + 1 :], listed)
    else:
        # It may be older than those; a key with many versions is not listed to its end.
        version = _head(client, bucket, key, named)
        older = _versions(client, bucket, key, before=named)
    if version.is_marker:
        raise ArrivalError(f"There is no version {named!r}")
    file: FileVersion = {
        "bucket": bucket,
        "key": key,
        "version_id": version.version_id,
        "etag": version.etag,
        "size": version.size,
        "stored_at": version.stored_at,
        "order": _order(key, version, older),
    }
    if is_deleted and not withdrawn:
        raise WithdrawnError(_DELETED, file=file)
    return file


def list_versions(client: Any, bucket: str, prefix: str) -> Iterator[ListedVersion]:
    """All object versions below a prefix but directory markers and deleted objects; S3's order."""
    withdrawn: set[str] = set()
    for page in _pages(client, bucket, prefix):
        withdrawn |= {each["Key"] for each in page.get("DeleteMarkers", []) if each["IsLatest"]}
        for each in page.get("Versions", []):
            if not each["Key"].endswith("/") and each["Key"] not in withdrawn:
                yield ListedVersion(
                    key=each["Key"],
                    version_id=each["VersionId"],
                    stored_at=each["LastModified"],
                    is_latest=each["IsLatest"],
                )


def fetch(client: Any, file: FileVersion, to: Path, *, first: int | None = None) -> None:
    """Fetch the bytes of one object version into a file.

    Arguments:
        client: a boto3 S3 client.
        file: what look_up came back with.
        to: the file that is made, or replaced.
        first: about so many bytes of it are enough, from its beginning.

    Raises:
        ArrivalError: the version is gone, or is not what was looked up.
    """
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
            raise ArrivalError(f"Its version {file['version_id']} is gone") from None
        if code in _CHANGED:
            raise ArrivalError("It has other content than when it was looked up") from None
        raise
    size = 0
    with closing(body), to.open("wb") as target:
        for chunk in body.iter_chunks(CHUNK_BYTES):
            size += len(chunk)
            target.write(chunk)
            if first is not None and size >= first:
                return
    if size != file["size"]:
        raise ArrivalError(f"It has {size} bytes, {file['size']} were announced")


def _order(key: str, version: _Entry, older: Iterable[_Entry]) -> str:
    """Put versions in order of time, of place among those of one second, and of key.

    S3 keeps the time to the second, and lists the versions of one key newest first. Delete markers
    do not count: those that come later must not change what was said of a version before.
    """
    same = takewhile(lambda each: each.stored_at == version.stored_at, older)
    place = sum(not each.is_marker for each in same)
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    return f"{version.stored_at}#{place:06d}#{digest}"


def _head(client: Any, bucket: str, key: str, version_id: str) -> _Entry:
    """What S3 says of one version, as _versions has it."""
    try:
        found = client.head_object(Bucket=bucket, Key=key, VersionId=version_id)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NO_VERSION:
            raise ArrivalError(f"There is no version {version_id!r}") from None
        raise
    return _entry({**found, "Size": found["ContentLength"], "VersionId": version_id})


def _versions(client: Any, bucket: str, key: str, *, before: str | None = None) -> Iterator[_Entry]:
    """Versions and delete markers of one key, newest first, of which S3 is asked a few at a time.

    Arguments:
        client: a boto3 S3 client.
        bucket: where.
        key: whose.
        before: begin after this version, with the next older one.
    """
    asked: dict[str, Any] = {"Bucket": bucket, "Prefix": key, "MaxKeys": _NEWEST}
    if before:
        asked |= {"KeyMarker": key, "VersionIdMarker": before}
    while True:
        page = client.list_object_versions(**asked)
        found = [
            _entry(each, is_marker=kind == "DeleteMarkers")
            for kind in ("Versions", "DeleteMarkers")
            for each in page.get(kind, [])
            if each["Key"] == key
        ]
        # S3 lists each kind by itself; a delete marker of the same second is the later one only
        # where S3 says that it is the latest.
        found.sort(key=lambda each: (each.is_latest, each.stored_at), reverse=True)
        yield from found
        # Other keys that begin like this one come after it.
        if not page["IsTruncated"] or page.get("NextKeyMarker") != key:
            return
        marker = page["NextVersionIdMarker"]
        asked |= {"MaxKeys": _MORE, "KeyMarker": key, "VersionIdMarker": marker}


def _entry(each: Mapping[str, Any], *, is_marker: bool = False) -> _Entry:
    return _Entry(
        version_id=each["VersionId"],
        etag=each.get("ETag", "").strip('"'),
        size=each.get("Size", 0),
        # As HEAD gives it; the emulator lists fractions of a second, which S3 does not keep.
        stored_at=each["LastModified"].replace(microsecond=0).isoformat(),
        is_latest=each.get("IsLatest", False),
        is_marker=is_marker,
    )


def _pages(client: Any, bucket: str, prefix: str) -> Any:
    return client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
