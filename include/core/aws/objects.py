"""Whole files in and out of one S3 bucket, each checked by its SHA-256 on the way."""

from __future__ import annotations

import base64
import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from botocore.exceptions import ClientError

from include.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Bytes that are read at once: a file of any size needs no more memory.
CHUNK_BYTES = 1 << 20
# head_object has no body to name an error in, so it answers with the bare status.
_NOT_FOUND = ("404", "NoSuchKey", "NotFound")
# Of a condition that does not hold, and of one that another write has crossed:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
_LOST = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """What S3 says of an object.

    Attributes:
        size: bytes.
        metadata: user metadata; "sha256" is there for all that Sluice puts.
        etag: changes with its content.
    """

    size: int
    metadata: dict[str, str]
    etag: str


def sha256_of(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _base64(digest: str) -> str:
    """A hexadecimal digest as S3 writes it."""
    return base64.b64encode(bytes.fromhex(digest)).decode()


@dataclass(frozen=True, kw_only=True)
class ObjectStore:
    """One bucket.

    Attributes:
        client: a boto3 S3 client.
        bucket: its name.
    """

    client: Any
    bucket: str

    def head(self, key: str) -> StoredObject | None:
        """What is known of an object, None when there is none.

        Raises:
            ArchiveError: somebody else put it there.
        """
        answer = self._head(key)
        if answer is None:
            return None
        if "sha256" not in answer["Metadata"]:
            raise ArchiveError(
                f"s3://{self.bucket}/{key} is not what was put there: it has no SHA-256. "
                "Rerun with refetch, or restore the object's earlier version"
            )
        return StoredObject(
            size=answer["ContentLength"], metadata=answer["Metadata"], etag=answer["ETag"]
        )

    def put_file(self, key: str, path: Path, *, metadata: dict[str, str] | None = None) -> str:
        """Store a file; S3 refuses it if it arrives damaged.

        Arguments:
            key: where.
            path: the file, at most 5 GiB.
            metadata: ASCII text, kept with the object beside its "sha256".

        Returns:
            The file's SHA-256 in hexadecimal.
        """
        return self._put(key, path, metadata or {}, {})

    def replace_file(self, key: str, path: Path, *, etag: str | None) -> bool:
        """Put a file in the place of an object, unless somebody else has put another one there.

        Arguments:
            key: where.
            path: the file, at most 5 GiB.
            etag: of the object that it replaces; None where there was none.

        Returns:
            False when the object is another one by now, and stays.
        """
        with _losing() as lost:
            self._put(key, path, {}, _in_place_of(etag))
        return not lost

    def fetch_current(self, key: str, to: Path) -> str | None:
        """Fetch an object as it is now into a file; its ETag, None where there is none."""
        answer = self._get(key)
        if answer is None:
            return None
        _save(answer, to)
        return str(answer["ETag"])

    def get_file(self, key: str, to: Path, *, sha256: str) -> None:
        """Fetch an object into a file.

        Arguments:
            key: where it is.
            to: the file that is made, or replaced.
            sha256: what its bytes must have, in hexadecimal.

        Raises:
            ArchiveError: there is no such object, or it is not what was put there.
        """
        answer = self._get(key)
        if answer is None:
            raise ArchiveError(f"s3://{self.bucket}/{key} is gone. Clear the task that makes it")
        if _save(answer, to) != sha256:
            raise ArchiveError(
                f"s3://{self.bucket}/{key} is not what was put there: its SHA-256 differs. "
                "Rerun with refetch, or restore the object's earlier version"
            )

    def has(self, stored: Stored) -> bool:
        """Whether an object is there whose bytes have the SHA-256 that S3 took when it was put."""
        answer = self._head(stored["key"], ChecksumMode="ENABLED")
        return bool(answer and answer.get("ChecksumSHA256") == _base64(stored["sha256"]))

    def put_json(self, key: str, value: Mapping[str, object]) -> None:
        """Store a small JSON object."""
        self.put_body(key, json.dumps(value, sort_keys=True).encode())

    def put_body(self, key: str, body: bytes) -> None:
        """Store JSON that is written out already."""
        self._put_body(key, body, {})

    def tag_of(self, key: str) -> str | None:
        """The ETag of an object, whoever put it there; None where there is none."""
        answer = self._head(key)
        return str(answer["ETag"]) if answer else None

    def replace_body(self, key: str, body: bytes, *, tag: str | None) -> bool:
        """Store JSON in the place of an object, unless somebody else has put another one there.

        Arguments:
            key: where.
            body: the JSON.
            tag: ETag of the object that it replaces; None where there was none.

        Returns:
            False when the object is another one by now, and stays.
        """
        with _losing() as lost:
            self._put_body(key, body, _in_place_of(tag))
        return not lost

    def get_json(self, key: str) -> Any:
        """The value of an object of JSON, None where there is none or it is no JSON."""
        answer = self._get(key)
        if answer is None:
            return None
        try:
            return json.loads(answer["Body"].read())
        except ValueError:
            return None

    def keys(self, prefix: str) -> list[str]:
        """The keys below a prefix, in order of their UTF-8 bytes."""
        return list(self.tags(prefix))

    def tags(self, prefix: str) -> dict[str, str]:
        """The ETags of the objects below a prefix, by key, in order of the keys' UTF-8 bytes."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix
        )
        return {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", [])}

    def delete(self, key: str) -> None:
        """Delete an object; its version stays for as long as the bucket keeps those."""
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def first_json(self, prefix: str, *, after: str) -> dict[str, Any] | None:
        """The first JSON object below a prefix whose key sorts after a given one.

        Arguments:
            prefix: ends in a slash.
            after: the rest of a key below the prefix, itself excluded.
        """
        # S3 lists keys in order of their UTF-8 bytes, so moments in ISO 8601 are in order of time.
        answer = self.client.list_objects_v2(
            Bucket=self.bucket, Prefix=prefix, StartAfter=prefix + after, MaxKeys=1
        )
        found = answer.get("Contents", [])
        if not found:
            return None
        body = self.client.get_object(Bucket=self.bucket, Key=found[0]["Key"])["Body"].read()
        value: dict[str, Any] = json.loads(body)
        return value

    def _head(self, key: str, **more: str) -> Any:
        """What S3 says of an object; None where there is none."""
        try:
            return self.client.head_object(Bucket=self.bucket, Key=key, **more)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_FOUND:
                return None
            raise

    def _put_body(self, key: str, body: bytes, condition: Mapping[str, str]) -> None:
        self.client.put_object(
            Bucket=self.bucket, Key=key, Body=body, ContentType="application/json", **condition
        )

    def _get(self, key: str) -> Any:
        """What S3 answers about an object that is to be read; None where there is none."""
        try:
            return self.client.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_FOUND:
                return None
            raise

    def _put(
        self, key: str, path: Path, metadata: Mapping[str, str], condition: Mapping[str, str]
    ) -> str:
        digest = sha256_of(path)
        with path.open("rb") as file:
            self.client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=file,
                ChecksumSHA256=_base64(digest),
                Metadata={**metadata, "sha256": digest},
                **condition,
            )
        return digest


def _in_place_of(tag: str | None) -> dict[str, str]:
    """The condition that an object has this ETag still; None: that there is none still."""
    return {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}


@contextmanager
def _losing() -> Iterator[list[str]]:
    """A list that gets the code of the refusal where a condition does not hold."""
    lost: list[str] = []
    try:
        yield lost
    except ClientError as error:
        code = error.response["Error"]["Code"]
        # An object that was deleted matches no tag.
        if code not in (*_LOST, *_NOT_FOUND):
            raise
        lost.append(code)


def _save(answer: Any, to: Path) -> str:
    """Write the body of an answer to a file; its SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with to.open("wb") as file:
        for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


class Stored(TypedDict):
    """An object as one task names it to the next, in JSON."""

    key: str
    sha256: str
