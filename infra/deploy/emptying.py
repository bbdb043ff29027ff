"""Empties buckets that are about to be deleted."""

from __future__ import annotations

from typing import Any

from infra.deploy.errors import DeployError

_PAGE = 1000  # versions that one listing gives, and one DeleteObjects takes


def empty(s3: Any, bucket: str) -> int:
    """Delete every version of every object, and every delete marker; returns how many.

    Lists anew after each batch, so it also gets what was written in between.

    Raises:
        DeployError: S3 did not delete one of them.
    """
    deleted = 0
    while batch := _versions(s3, bucket):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        if errors := answer.get("Errors"):
            raise DeployError(f"S3 did not delete {len(errors)} objects of {bucket}: {errors[:3]}")
        deleted += len(batch)
    return deleted


def _versions(s3: Any, bucket: str) -> list[dict[str, str]]:
    page = s3.list_object_versions(Bucket=bucket, MaxKeys=_PAGE)
    found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
