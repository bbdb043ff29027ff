"""The folder of DAGs in the bucket, which MWAA copies to its machines every half minute."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.deploy.code_files import checksum, put, stored
from infra.deploy.errors import DeployError

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "dags/"
_AT_ONCE = 8
_MOST_DELETED = 1000  # keys that one DeleteObjects takes


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a sync did.

    Attributes:
        uploaded: keys that were new or had other bytes, in the order of their upload.
        deleted: keys of files that are gone.
        kept: how many keys stayed as they were.
    """

    uploaded: list[str]
    deleted: list[str]
    kept: int


def sync(s3: Any, bucket: str, package: Path) -> Changes:
    """Make the objects under dags/ be the package's files, and touch no other.

    What DAG files import is there before they are, and goes after they have gone. A file counts
    as changed when its SHA-256 does.

    Raises:
        DeployError: S3 did not delete all that it was asked to.
    """
    folder = package / PREFIX
    wanted = {
        PREFIX + path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file()
    }
    there = _keys(s3, bucket)
    changed = _differing(s3, bucket, wanted, there)
    uploaded = sorted(changed, key=_imports_first)
    for group in (False, True):
        _put_all(s3, bucket, {k: wanted[k] for k in uploaded if _is_dag_file(k) is group})
    gone = sorted(there - wanted.keys(), key=_imports_first, reverse=True)
    _delete(s3, bucket, gone)
    kept = len(there & wanted.keys()) - len(there & changed)
    return Changes(uploaded=uploaded, deleted=gone, kept=kept)


def _is_dag_file(key: str) -> bool:
    name = key.removeprefix(PREFIX)
    return "/" not in name and name.endswith(".py")


def _imports_first(key: str) -> tuple[bool, str]:
    return _is_dag_file(key), key


def _keys(s3: Any, bucket: str) -> set[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX)
    keys = {str(found["Key"]) for page in pages for found in page.get("Contents", [])}
    # The console makes such an object for a folder.
    return {key for key in keys if not key.endswith("/")}


def _differing(s3: Any, bucket: str, wanted: dict[str, Path], there: set[str]) -> set[str]:
    def differs(key: str) -> bool:
        return stored(s3, bucket, key)[0] != checksum(wanted[key].read_bytes())

    both = sorted(wanted.keys() & there)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(differs, both)
        return (wanted.keys() - there) | {
            key for key, other in zip(both, answers, strict=True) if other
        }


def _put_all(s3: Any, bucket: str, files: dict[str, Path]) -> None:
    def upload(key: str) -> None:
        put(s3, bucket, key, files[key].read_bytes())

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(upload, files))


def _delete(s3: Any, bucket: str, keys: list[str]) -> None:
    for start in range(0, len(keys), _MOST_DELETED):
        named = [{"Key": key} for key in keys[start : start + _MOST_DELETED]]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": named, "Quiet": True})
        if errors := answer.get("Errors"):
            raise DeployError(f"S3 did not delete {len(errors)} files of {bucket}: {errors[:3]}")
