"""Event messages as S3 and SNS write them, and what somebody might forge."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus


def record(
    bucket: str,
    key: str,
    version_id: str | None = None,
    *,
    name: str = "ObjectCreated:Put",
    source: str = "aws:s3",
    sequencer: str = "0055AED6DCD90281E5",
) -> dict[str, Any]:
    """One record; the key is encoded as S3 does it."""
    found = {"key": quote_plus(key, safe="/"), "size": 7, "eTag": "e", "sequencer": sequencer}
    return {
        "eventVersion": "2.1",
        "eventSource": source,
        "awsRegion": "us-east-1",
        "eventName": name,
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": found | ({"versionId": version_id} if version_id else {}),
        },
    }


def body(*records: Any) -> str:
    return json.dumps({"Records": list(records)})


def in_envelope(message: str) -> str:
    """What SNS makes of a message where delivery is not raw."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
            "TopicArn": "arn:aws:sns:us-east-1:123456789012:landing",
            "Message": message,
        }
    )
