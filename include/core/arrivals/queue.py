"""The queue of a pipeline's arrivals: messages leave it after the commit, not before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from include.core.aws.batches import Limits, Refusal, batches, send_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Send = Callable[[Sequence["ReceivedMessage"]], Mapping[int, Refusal]]

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html
_LIMITS = Limits(entries=10, total_bytes=10)
_MOST_SECONDS = 43_200  # of a message's invisibility, by SQS
# A message that another run received since, or that has gone to the dead-letter queue.
_NOT_OURS = ("ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight")


class ReceivedMessage(TypedDict):
    """A message that a run has received, as its tasks exchange it in JSON.

    files are indexes of the run's files that it names. again: it must be received once more,
    however the files end. busy_seconds: how long another run may hold one of the files yet.
    """

    message_id: str
    receipt: str
    files: list[int]
    again: bool
    busy_seconds: int


@dataclass(frozen=True, kw_only=True)
class ArrivalQueue:
    """The queue that a run's messages came from.

    Attributes:
        client: a boto3 SQS client.
        url: the queue.
        retry_seconds: pause before a message whose file failed is received again.
    """

    client: Any
    url: str
    retry_seconds: int

    def delete(self, messages: Iterable[ReceivedMessage]) -> None:
        """Delete messages whose work is committed; one whose receipt is out of date is left.

        Raises:
            DeliveryUnavailableError: SQS did not answer properly.
        """

        def send(batch: Sequence[ReceivedMessage]) -> Mapping[int, Refusal]:
            entries = [
                {"Id": str(place), "ReceiptHandle": message["receipt"]}
                for place, message in enumerate(batch)
            ]
            answer = self.client.delete_message_batch(QueueUrl=self.url, Entries=entries)
            return _refusals(answer)

        _send_all(messages, send, what="delete arrival messages")

    def hide(self, messages: Iterable[ReceivedMessage], *, seconds: int) -> None:
        """Let messages be received again after so many seconds from now; errors as of delete."""

        def send(batch: Sequence[ReceivedMessage]) -> Mapping[int, Refusal]:
            entries = [
                {
                    "Id": str(place),
                    "ReceiptHandle": message["receipt"],
                    "VisibilityTimeout": min(seconds, _MOST_SECONDS),
                }
                for place, message in enumerate(batch)
            ]
            answer = self.client.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)
            return _refusals(answer)

        _send_all(messages, send, what="change how long arrival messages stay hidden")


def _send_all(messages: Iterable[ReceivedMessage], send: Send, *, what: str) -> None:
    for batch in batches(messages, size=lambda _: 1, limits=_LIMITS):
        send_batch(batch, send, what=what)


def _refusals(answer: Mapping[str, Any]) -> dict[int, Refusal]:
    return {
        int(entry["Id"]): Refusal(code=entry["Code"], final=entry["SenderFault"])
        for entry in answer.get("Failed", [])
        if not any(code in entry["Code"] for code in _NOT_OURS)
    }
