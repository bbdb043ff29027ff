"""Event messages of S3: what they say has arrived, and which of it is let in.

The format: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from include.errors import ArrivalError

SUFFIXES = (".csv", ".csv.gz")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_KEY_BYTES = 1024
_IDENTIFIER = re.compile(r"[\x21-\x7e]{1,1024}")


@dataclass(frozen=True, kw_only=True)
class Announced:
    """An object that somebody says has arrived.

    Attributes:
        bucket, key: where.
        version_id: which version; the newest when None.
        sequencer: orders events of one key only; None when it was not an event that said so.
    """

    bucket: str
    key: str
    version_id: str | None = None
    sequencer: str | None = None


def read_event(body: str) -> list[Announced]:
    """Read the body of one message: none, one or more objects.

    S3's test event, events of other kinds than a new object, and directory markers announce
    nothing.

    Arguments:
        body: the event, bare or in the envelope that SNS puts around it.

    Raises:
        ArrivalError: the body is no event of S3.
    """
    try:
        event = json.loads(body)
        if event.get("Type") == "Notification" and "Message" in event:
            event = json.loads(event["Message"])
        if event.get("Event") == "s3:TestEvent":
            return []
        read = [_announced(record) for record in event["Records"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ArrivalError("The message is no event of S3") from None
    return [each for each in read if each is not None]


def _announced(record: dict[str, Any]) -> Announced | None:
    if record["eventSource"] != "aws:s3":
        raise KeyError
    if not record["eventName"].startswith("ObjectCreated:"):
        return None
    found = record["s3"]["object"]
    key = unquote_plus(found["key"], errors="strict")
    if len(key.encode()) > _KEY_BYTES:
        raise ValueError
    if key.endswith("/"):
        return None
    return Announced(
        bucket=str(record["s3"]["bucket"]["name"]),
        key=key,
        version_id=_identifier(found.get("versionId")),
        sequencer=_identifier(found.get("sequencer")),
    )


def _identifier(value: Any) -> str | None:
    name: str | None = value
    if name is not None and not _IDENTIFIER.fullmatch(name):
        raise ValueError
    return name


def check_place(announced: Announced, *, bucket: str, prefix: str) -> None:
    """Hold what was announced to the bucket and the prefix that a pipeline reads.

    Raises:
        ArrivalError: it is elsewhere, or its key has a NUL, which the registry cannot hold.
    """
    if announced.bucket != bucket:
        raise ArrivalError("The event names a bucket that this pipeline does not read")
    if not announced.key.startswith(prefix):
        raise ArrivalError(f"It is outside of {prefix}, which this pipeline reads")
    if "\0" in announced.key:
        raise ArrivalError("The key has a NUL in it. Upload the file again under another name")


def shown(key: str) -> str:
    """A key, or what stands for it where it has characters that harm those who read them."""
    return key if key.isprintable() else repr(key)


def check_name(key: str) -> None:
    """Hold the name of a file to what can be a file's.

    Raises:
        ArrivalError: an empty or dotted segment, a control character, or another suffix than
            SUFFIXES in any letter case. It does not repeat the key: whoever tells of it names it.
    """
    segments = key.split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise ArrivalError(
            "A segment of the key is empty or dotted. Upload the file again under another name"
        )
    if not key.isprintable():
        raise ArrivalError(
            "The key has unprintable characters. Upload the file again under another name"
        )
    if not key.lower().endswith(SUFFIXES):
        raise ArrivalError(
            f"The name does not end in {' or '.join(SUFFIXES)}, in small or capital letters. "
            "Upload the file again as CSV, under a name that does"
        )
