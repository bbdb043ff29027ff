"""Checked rows to a queue, each batch marked once the queue has acknowledged it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from include.core.aws.batches import Refusal, is_transient, send_batch
from include.core.failpoints import failpoint
from include.core.sending.numbered import NumberedSending
from include.pipelines.csv_upload_to_sqs.envelope import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from include.core.sending.progress import Progress
    from include.pipelines.csv_upload_to_sqs.envelope import Envelope, Row

    Message = tuple[str, Any]  # body and attributes


class Pointer(TypedDict):
    """The body of a message that points to a file of rows; rows is how many, file the upload."""

    bucket: str
    key: str
    sha256: str
    rows: int
    file: str
    version_id: str


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Sends the rows of one object version.

    Attributes:
        client: a boto3 SQS client; threads share it.
        url: the queue.
        envelope: of its messages.
        progress: what has been acknowledged.
    """

    client: Any
    url: str
    envelope: Envelope
    progress: Progress

    def send_rows(self, rows: Iterable[Row], *, total: int, name: str) -> int:
        """Send every row that has not been acknowledged yet, as NumberedSending does.

        Arguments:
            rows: all rows of the file, or of a part of it, in order of their numbers.
            total: how many they are.
            name: of the file, for the log.

        Returns:
            How many rows were sent now.

        Raises:
            AccountingError: there are more or fewer rows than total.
            ArrivalBusyError: another run has taken the file over.
            DeliveryRefusedError, DeliveryUnavailableError: some batch did not get through; the
                others that were on their way have ended, and their acknowledgements are marked.
        """
        sending = NumberedSending(
            send=self._send_batch,
            size=self.envelope.size,
            limits=LIMITS,
            progress=self.progress,
            name=name,
            total=total,
        )
        for _ in sending.run(rows):
            failpoint("deliver.batch_recorded")
        return sending.sent

    def send_pointer(self, pointer: Pointer, *, rejected_only: bool = False) -> None:
        """Send the message that points to a file of rows, unless it has been acknowledged.

        Arguments:
            pointer: its body; sha256 is that of the file.
            rejected_only: the file has not all rows of the upload, to which another one points.

        Raises:
            ArrivalBusyError, DeliveryRefusedError, DeliveryUnavailableError: as send_rows does.
        """
        if self.progress.pointer == pointer["sha256"]:
            return
        named = pointer["sha256"] if rejected_only else None
        self._send([(json.dumps(pointer), self.envelope.attributes(named))])
        failpoint("deliver.pointer_sent")
        self.progress.note_pointer(pointer["sha256"])
        failpoint("deliver.pointer_recorded")

    def _send_batch(self, batch: Sequence[Row]) -> None:
        self._send([(text, self.envelope.attributes(number)) for number, text in batch])
        failpoint("deliver.batch_sent")

    def _send(self, messages: Sequence[Message]) -> None:
        send_batch(messages, self._call, what="messages to the queue")

    def _call(self, messages: Sequence[Message]) -> Mapping[int, Refusal]:
        entries = [
            {"Id": str(place), "MessageBody": body, "MessageAttributes": attributes}
            for place, (body, attributes) in enumerate(messages)
        ]
        answer = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
        taken = {entry["Id"] for entry in answer.get("Successful", ())}
        refused = {entry["Id"]: _refusal(entry) for entry in answer.get("Failed", ())}
        unanswered = Refusal(code="NotInTheAnswer", final=False)
        return {
            place: refused.get(str(place), unanswered)
            for place in range(len(messages))
            if str(place) not in taken
        }


def _refusal(entry: Mapping[str, Any]) -> Refusal:
    code = entry["Code"]
    return Refusal(code=code, final=entry["SenderFault"] and not is_transient(code))
