"""A consumer of the JSON queue, as a partner might write one: it knows the messages alone.

It shares no code with the project: what a file holds is what Python's csv module reads.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.core.arrivals.versions import FileName


@dataclass(frozen=True)
class Message:
    body: str
    attributes: dict[str, str]
    types: dict[str, str]

    @property
    def idempotency_key(self) -> str:
        return self.attributes["idempotency_key"]

    @property
    def row_number(self) -> int:
        return int(self.attributes["row_number"])


@dataclass
class Consumed:
    """What a queue held.

    Attributes:
        messages: in order of their rows, the first of each idempotency key.
        times: how often each row number came.
    """

    messages: list[Message] = field(default_factory=list)
    times: Counter[int] = field(default_factory=Counter)

    @property
    def row_numbers(self) -> list[int]:
        return [message.row_number for message in self.messages]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(message.body) for message in self.messages]

    @property
    def repeats(self) -> int:
        return sum(self.times.values()) - len(self.times)


def drain(sqs: Any, queue_url: str) -> list[Message]:
    """Receive and delete all messages."""
    messages: list[Message] = []
    while True:
        answer = sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        received = answer.get("Messages", [])
        if not received:
            return messages
        for each in received:
            given = each.get("MessageAttributes", {})
            values = {name: attribute["StringValue"] for name, attribute in given.items()}
            types = {name: attribute["DataType"] for name, attribute in given.items()}
            messages.append(Message(each["Body"], values, types))
        handles = [
            {"Id": str(place), "ReceiptHandle": each["ReceiptHandle"]}
            for place, each in enumerate(received)
        ]
        assert not sqs.delete_message_batch(QueueUrl=queue_url, Entries=handles).get("Failed")


def consume(messages: Iterable[Message]) -> Consumed:
    """Drop repeats by idempotency key, and put rows in order; a repeat must say the same."""
    consumed, first = Consumed(), dict[str, Message]()
    for message in messages:
        known = first.setdefault(message.idempotency_key, message)
        assert known == message
        consumed.times[message.row_number] += 1
    consumed.messages = sorted(first.values(), key=lambda message: message.row_number)
    return consumed


def expected_attributes(file: FileName, number: int | None) -> dict[str, str]:
    """What the messages of an object version carry."""
    parts = ["csv_upload_to_sqs", file["bucket"], file["key"], file["version_id"]]
    named = [*parts] if number is None else [*parts, number]
    text = json.dumps(named, separators=(",", ":"))
    return {
        **({} if number is None else {"row_number": str(number)}),
        "file": file["key"],
        "version_id": file["version_id"],
        "idempotency_key": hashlib.sha256(text.encode()).hexdigest(),
    }


def cells_of(content: bytes, key: str) -> list[list[str]]:
    """Header and data rows of a file, as Python's csv module reads them."""
    plain = gzip.decompress(content) if key.endswith(".gz") else content
    reader = csv.reader(io.StringIO(plain.decode("utf-8-sig"), newline=""))
    return [row for row in reader if row]


def as_csv(rows: Iterable[Iterable[str]]) -> bytes:
    """Rows as CSV with every cell quoted: the same cells make the same bytes."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


def check_delivered(consumed: Consumed, content: bytes, file: FileName) -> None:
    """Hold messages against a file whose rows are all good and all text, byte for byte."""
    header, *rows = cells_of(content, file["key"])
    assert consumed.row_numbers == list(range(1, len(rows) + 1))
    for message in consumed.messages:
        assert message.attributes == expected_attributes(file, message.row_number)
        assert message.types == {
            name: "Number" if name == "row_number" else "String" for name in message.attributes
        }
    rebuilt = [[row[name] for name in header] for row in consumed.rows]
    assert all(list(row) == header for row in consumed.rows)
    assert as_csv([header, *rebuilt]) == as_csv([header, *rows])
