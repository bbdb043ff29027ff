"""The three files that MWAA reads at a version of their own."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from pathlib import Path

# Key, which is the file's name in the package too, to the parameter that takes its version.
PARAMETERS = {
    "plugins.zip": "PluginsVersion",
    "requirements.txt": "RequirementsVersion",
    "startup.sh": "StartupScriptVersion",
}


def checksum(content: bytes) -> str:
    """The SHA-256 of some bytes, as S3 words it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def stored(s3: Any, bucket: str, key: str) -> tuple[str | None, str]:
    """The SHA-256 that S3 keeps of an object's newest version, and that version's id.

    An ETag would not do: it is the MD5 of the bytes for some kinds of encryption only.

    Returns:
        None and an empty id for an object that is not there; None for one that was put without.
    """
    try:
        head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:  # noqa: PLR2004 -- HTTP
            return None, ""
        raise
    return head.get("ChecksumSHA256"), str(head["VersionId"])


def put(s3: Any, bucket: str, key: str, content: bytes) -> str:
    """Put an object with its SHA-256; returns its version."""
    answer = s3.put_object(Bucket=bucket, Key=key, Body=content, ChecksumSHA256=checksum(content))
    return str(answer["VersionId"])


def upload(s3: Any, bucket: str, package: Path) -> tuple[dict[str, str], list[str]]:
    """Bring the three files up to date in a bucket that keeps versions.

    A file whose bytes are there already keeps its version: each new one makes MWAA replace all
    of its machines, which takes half an hour.

    Returns:
        The version of each parameter, and the keys that were uploaded.
    """
    versions, uploaded = {}, []
    for key, parameter in PARAMETERS.items():
        content = (package / key).read_bytes()
        there, version = stored(s3, bucket, key)
        if there != checksum(content):
            version = put(s3, bucket, key, content)
            uploaded.append(key)
        versions[parameter] = version
    return versions, uploaded
