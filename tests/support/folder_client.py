"""A folder in the place of an S3 bucket, for what reads and writes whole objects."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

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
    """boto3's S3 client as far as whole files go in and out; the bucket is a folder."""

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Body]:  # noqa: N803 -- boto3's names
        return {"Body": Body(Path(Bucket) / Key)}

    def put_object(self, *, Bucket: str, Key: str, Body: IO[bytes], **_: Any) -> None:  # noqa: N803 -- as above
        path = Path(Bucket) / Key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            shutil.copyfileobj(Body, file)
