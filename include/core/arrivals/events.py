"""Event messages of S3: which objects have landed, and which of them a pipeline may read.

The format: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from include.errors import ArrivalError

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_KEY_BYTES = 1024
_IDENTIFIER = re.compile(r"[\x21-\x7e]{1,1024}")


@dataclass(frozen=True, kw_only=True)
class LandedObject:
    """An object that an event, a person or the sweep names.

    Attributes:
        bucket, key: where.
        version_id: which version; the newest when None.
        sequencer: orders events of one key only; None where no event named the object.
    """

    bucket: str
    key: str
    version_id: str | None = None
    sequencer: str | None = None


def read_event(body: str) -> list[LandedObject]:
    """Read the body of one message: none, one or more objects.

    S3's test event, events of other kinds than a new object, and directory markers name none.

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
        read = [_landed_object(record) for record in event["Records"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ArrivalError("The message is no event of S3") from None
    return [each for each in read if each is not None]


def _landed_object(record: dict[str, Any]) -> LandedObject | None:
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
    return LandedObject(
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


def check_place(landed: LandedObject, *, bucket: str, prefix: str) -> None:
    """Refuse an object outside of the bucket and the prefix that a pipeline reads.

    Raises:
        ArrivalError: it is elsewhere, or its key has a NUL, which the registry cannot hold.
    """
    if landed.bucket != bucket:
        raise ArrivalError("The event names a bucket that this pipeline does not read")
    if not landed.key.startswith(prefix):
        raise ArrivalError(f"It is outside of {prefix}, which this pipeline reads")
    if "\0" in landed.key:
        raise ArrivalError("The key has a NUL in it. Upload the file again under another name")


def printable(key: str) -> str:
    """A key, or its repr where it has characters that harm those who read them."""
    return key if key.isprintable() else repr(key)


def name_problem(key: str, suffixes: tuple[str, ...]) -> str | None:
    """Why no file may have this name, in sentences that do not repeat it; None for a good name.

    A good name has no empty or dotted segment, no control character, and one of the suffixes in any
    letter case.

    Arguments:
        key: the name.
        suffixes: ends of names that the pipeline takes, in small letters.
    """
    segments = key.split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        return "A segment of the key is empty or dotted. Upload the file again under another name"
    if not key.isprintable():
        return "The key has unprintable characters. Upload the file again under another name"
    if not key.lower().endswith(suffixes):
        return (
            f"The name does not end in {' or '.join(suffixes)}, in small or capital letters. "
            "Upload the file again as CSV, under a name that does"
        )
    return None
