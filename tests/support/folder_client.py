"""A folder in the place of an S3 bucket, for what reads and writes whole objects."""

from __future__ import annotations

import base64
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.core.aws.objects import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Body:
    """The bytes of one object."""

    path: Path

    def read(self) -> bytes:
        return self.path.read_bytes()

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while chunk := file.read(size):
                yield chunk


class FolderClient:
    """boto3's S3 client as far as whole objects go in and out; the bucket is a folder."""

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Body]:  # noqa: N803 -- boto3's names
        return {"Body": Body(_there(Bucket, Key, "GetObject"))}

    def head_object(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, str]:  # noqa: N803 -- as above
        digest = sha256_of(_there(Bucket, Key, "HeadObject"))
        return {"ChecksumSHA256": base64.b64encode(bytes.fromhex(digest)).decode()}

    def put_object(self, *, Bucket: str, Key: str, Body: IO[bytes] | bytes, **_: Any) -> None:  # noqa: N803 -- as above
        path = Path(Bucket) / Key
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(Body, bytes):
            path.write_bytes(Body)
            return
        with path.open("wb") as file:
            shutil.copyfileobj(Body, file)

    def get_paginator(self, _: str) -> FolderClient:
        """The one list that is asked for, of what lies below a prefix."""
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803 -- as above
        folder = Path(Bucket)
        keys = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        return [{"Contents": [{"Key": key} for key in keys if key.startswith(Prefix)]}]


def _there(bucket: str, key: str, operation: str) -> Path:
    path = Path(bucket) / key
    if not path.exists():
        raise ClientError({"Error": {"Code": "404", "Message": ""}}, operation)
    return path
