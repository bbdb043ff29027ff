"""Checked rows to a queue: several batches on their way at once, each acknowledgement marked."""

from __future__ import annotations

import json
import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

from include.core.aws.batches import Refusal, batches, is_transient, send_batch
from include.core.failpoints import failpoint
from include.errors import AccountingError
from include.pipelines.csv_upload_to_sqs.envelope import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from include.pipelines.csv_upload_to_sqs.envelope import Envelope, Row
    from include.pipelines.csv_upload_to_sqs.progress import Progress, Span

    Message = tuple[str, Any]  # body and attributes

# A call takes 10 to 20 ms; four at once send some 2,000 rows a second and use one core. More would
# send more rows twice after a crash.
SENDERS: Final = 4
LOG_SECONDS: Final = 10.0

log = logging.getLogger(__name__)


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
        """Send every row that has not been acknowledged yet.

        An acknowledgement is marked before another batch takes its batch's place: when this is
        cut off at any moment, at most SENDERS batches have been sent that are not marked. They
        are sent again by the next try; no other row is.

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
        throughput = _Throughput(name=name, total=total)
        unsent = batches(self._unsent(rows, throughput), size=self.envelope.size, limits=LIMITS)
        spans = _with_spans(unsent, self.progress.acked)
        for acknowledged in _send_side_by_side(spans, self._send_batch):
            self.progress.note([span for span, _ in acknowledged])
            failpoint("deliver.batch_recorded")
            throughput.count(sum(len(batch) for _, batch in acknowledged))
        throughput.log()
        if throughput.seen != total:
            raise AccountingError(f"{name}: {total} rows to send, {throughput.seen} seen")
        return throughput.sent

    def send_pointer(self, pointer: Pointer) -> None:
        """Send the message that points to a file of rows, unless it has been acknowledged.

        Arguments:
            pointer: its body; sha256 is that of the file.

        Raises:
            ArrivalBusyError, DeliveryRefusedError, DeliveryUnavailableError: as send_rows does.
        """
        if self.progress.pointer == pointer["sha256"]:
            return
        self._send([(json.dumps(pointer), self.envelope.attributes(None))])
        failpoint("deliver.pointer_sent")
        self.progress.note_pointer(pointer["sha256"])
        failpoint("deliver.pointer_recorded")

    def _unsent(self, rows: Iterable[Row], throughput: _Throughput) -> Iterator[Row]:
        has = self.progress.has
        for row in rows:
            throughput.seen += 1
            if not has(row[0]):
                yield row

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


def _with_spans(unsent: Iterator[list[Row]], acked: int) -> Iterator[tuple[Span, list[Row]]]:
    """Each batch with the numbers up to its last row that no batch before it has."""
    for batch in unsent:
        last = batch[-1][0]
        yield (acked + 1, last), batch
        acked = last


def _send_side_by_side(
    unsent: Iterator[tuple[Span, list[Row]]], send: Callable[[list[Row]], None]
) -> Iterator[list[tuple[Span, list[Row]]]]:
    """Send batches in threads; yields those that are acknowledged, before any more are begun."""
    under_way: dict[Future[None], tuple[Span, list[Row]]] = {}
    error: BaseException | None = None
    with ThreadPoolExecutor(max_workers=SENDERS, thread_name_prefix="sender") as threads:
        while True:
            while error is None and len(under_way) < SENDERS and (batch := next(unsent, None)):
                under_way[threads.submit(send, batch[1])] = batch
            if not under_way:
                break
            ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
            results = [(under_way.pop(future), future.exception()) for future in ended]
            error = next((failure for _, failure in results if failure), error)
            if acknowledged := [batch for batch, failure in results if failure is None]:
                yield acknowledged
    if error is not None:
        raise error


class _Throughput:
    """Counts rows, and logs how fast they are sent.

    Attributes:
        seen: rows there are, those acknowledged before this try among them.
        sent: rows acknowledged in this try.
    """

    def __init__(self, *, name: str, total: int) -> None:
        self._name, self._total = name, total
        self.seen = self.sent = 0
        self._began = self._last = time.monotonic()

    def count(self, rows: int) -> None:
        self.sent += rows
        if time.monotonic() - self._last >= LOG_SECONDS:
            self.log()

    def log(self) -> None:
        self._last = time.monotonic()
        rate = self.sent / max(self._last - self._began, 0.001)
        log.info(
            "%s: %d rows sent of %d, %.0f rows a second", self._name, self.sent, self._total, rate
        )
