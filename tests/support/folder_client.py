"""A folder in the place of an S3 bucket, for what only reads objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Body:
    """The bytes of one object."""

    path: Path

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while chunk := file.read(size):
                yield chunk


class FolderClient:
    """The one call of boto3's S3 client that fetching an object takes; the bucket is a folder."""

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Body]:  # noqa: N803 -- boto3's names
        return {"Body": Body(Path(Bucket) / Key)}
