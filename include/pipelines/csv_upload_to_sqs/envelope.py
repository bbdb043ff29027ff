"""The message of a row: its attributes, its size, and whether a queue takes it."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Final

from include.core.aws.batches import Limits

if TYPE_CHECKING:
    from include.core.arrivals.versions import FileName

    Row = tuple[int, str]  # number and JSON

PIPELINE: Final = "csv_upload_to_sqs"

# Body, and name, type and value of each attribute; a call as a whole has the same limit as one
# message: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
LIMITS: Final = Limits(entries=10, total_bytes=1_048_576)

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
UNSENDABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Envelope:
    """The message of each row of one object version: what is around the row's JSON.

    Message attributes: row_number (Number), file (the object's key), version_id, and
    idempotency_key, the hexadecimal SHA-256 of the JSON array [pipeline, bucket, key, version_id,
    row_number], ASCII and without blanks. The message that points to a whole file has neither
    row_number nor that element; of one that points to rows that were rejected before, the element
    is the SHA-256 of their file.

    Arguments:
        file: bucket, key and version_id.

    Attributes:
        bytes_around: of a message, as a queue counts them, without the digits of the row's number
            and its JSON.
    """

    def __init__(self, file: FileName) -> None:
        names = [PIPELINE, file["bucket"], file["key"], file["version_id"]]
        start = json.dumps(names, separators=(",", ":"))[:-1]
        self._digest = hashlib.sha256(start.encode())
        self._common = {
            "file": _attribute("String", file["key"]),
            "version_id": _attribute("String", file["version_id"]),
        }
        self.bytes_around = sum(
            len(name.encode()) + sum(len(text.encode()) for text in attribute.values())
            for name, attribute in self.attributes(0).items()
        ) - len("0")

    def attributes(self, number: int | str | None) -> dict[str, dict[str, str]]:
        """The attributes of the message of a row, or of a pointer: to all rows, or to a SHA-256."""
        digest, is_row = self._digest.copy(), isinstance(number, int)
        digest.update(b"]" if number is None else f",{json.dumps(number)}]".encode())
        numbered = {"row_number": _attribute("Number", str(number))} if is_row else {}
        key = {"idempotency_key": _attribute("String", digest.hexdigest())}
        return {**numbered, **self._common, **key}

    def size(self, row: Row) -> int:
        """Bytes of a row's message, as a queue counts them."""
        number, text = row
        body = len(text) if text.isascii() else len(text.encode())
        return body + self.bytes_around + len(str(number))


def _attribute(kind: str, value: str) -> dict[str, str]:
    return {"DataType": kind, "StringValue": value}
