"""The queue of a pipeline's arrivals: messages leave it after the commit, not before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.aws.batches import Limits, Refusal, batches, send_batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Message = dict[str, Any]

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html
_LIMITS = Limits(entries=10, total_bytes=10)
_MOST_SECONDS = 43_200  # of a message's invisibility, by SQS
# A message that somebody else received since, or that has gone to the dead-letter queue.
_NOT_OURS = ("ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight")


def delete(client: Any, queue_url: str, messages: Iterable[Message]) -> None:
    """Delete messages whose work is committed.

    Arguments:
        client: a boto3 SQS client.
        queue_url: the queue that they were received from.
        messages: message_id and receipt of each; one whose receipt is out of date is left.

    Raises:
        DeliveryUnavailableError: SQS did not answer properly.
    """

    def send(batch: Sequence[Message]) -> Mapping[int, Refusal]:
        entries = [
            {"Id": str(place), "ReceiptHandle": message["receipt"]}
            for place, message in enumerate(batch)
        ]
        return _refusals(client.delete_message_batch(QueueUrl=queue_url, Entries=entries))

    for batch in batches(messages, size=lambda _: 1, limits=_LIMITS):
        send_batch(batch, send, what="delete arrival messages")


def hide(client: Any, queue_url: str, messages: Iterable[Message], *, seconds: int) -> None:
    """Let messages be received again after so many seconds from now; arguments as of delete."""

    def send(batch: Sequence[Message]) -> Mapping[int, Refusal]:
        entries = [
            {
                "Id": str(place),
                "ReceiptHandle": message["receipt"],
                "VisibilityTimeout": min(seconds, _MOST_SECONDS),
            }
            for place, message in enumerate(batch)
        ]
        answer = client.change_message_visibility_batch(QueueUrl=queue_url, Entries=entries)
        return _refusals(answer)

    for batch in batches(messages, size=lambda _: 1, limits=_LIMITS):
        send_batch(batch, send, what="change how long arrival messages stay hidden")


def _refusals(answer: Mapping[str, Any]) -> dict[int, Refusal]:
    return {
        int(entry["Id"]): Refusal(code=entry["Code"], final=entry["SenderFault"])
        for entry in answer.get("Failed", [])
        if not any(code in entry["Code"] for code in _NOT_OURS)
    }
