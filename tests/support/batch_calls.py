"""How calls of batches name their entries, and how their answers tell what was refused.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

# The field that has the entries; keys lie below the name of their table.
ENTRIES = {
    "SendMessageBatch": "Entries",
    "BatchExecuteStatement": "Statements",
    "PutEvents": "Entries",
    "BatchGetItem": "Keys",
    "PutRecords": "Records",
}
NOTHING: dict[str, dict[str, Any]] = {
    "SendMessageBatch": {"Successful": []},
    "BatchExecuteStatement": {"Responses": []},
    "PutEvents": {"FailedEntryCount": 0, "Entries": []},
    "BatchGetItem": {"Responses": {}},
    "PutRecords": {"FailedRecordCount": 0, "Records": []},
}


def entries_of(action: str, asked: dict[str, Any]) -> list[Any]:
    """Messages, statements, events, keys or records of a call."""
    return list(_holder(action, asked)[ENTRIES[action]])


def without(action: str, asked: dict[str, Any], places: Sequence[int]) -> dict[str, Any]:
    """The call without the entries at these places; empty if those are all."""
    kept = [each for at, each in enumerate(entries_of(action, asked)) if at not in places]
    if not kept:
        return {}
    less = {**_holder(action, asked), ENTRIES[action]: kept}
    if action != "BatchGetItem":
        return less
    (table,) = asked["RequestItems"]
    return {**asked, "RequestItems": {table: less}}


def refuse(
    action: str,
    asked: dict[str, Any],
    answer: dict[str, Any],
    places: Sequence[int],
    *,
    code: str,
    sender_fault: bool,
) -> dict[str, Any]:
    """The answer to the rest of a call as one to all of it.

    Arguments:
        action: which call.
        asked: the whole of it.
        answer: to what `without` left.
        places: entries that are refused.
        code: what they are refused with.
        sender_fault: what SQS says of whose fault it is.
    """
    entries = entries_of(action, asked)
    if action == "SendMessageBatch":
        failed = [
            {"Id": entries[at]["Id"], "Code": code, "SenderFault": sender_fault} for at in places
        ]
        return {**answer, "Failed": [*answer.get("Failed", []), *failed]}
    if action == "BatchGetItem":
        (table,) = asked["RequestItems"]
        return {**answer, "UnprocessedKeys": {table: {"Keys": [entries[at] for at in places]}}}
    said: dict[str, Any] = {"ErrorCode": code, "ErrorMessage": "secret"}
    if action == "BatchExecuteStatement":
        said = {"Error": {"Code": code, "Message": "secret"}}
    field = {"PutEvents": "Entries", "PutRecords": "Records"}.get(action, "Responses")
    count = "FailedRecordCount" if action == "PutRecords" else "FailedEntryCount"
    rest = iter(answer[field])
    merged = [said if at in places else next(rest) for at in range(len(entries))]
    return {**answer, field: merged, count: len(places)}


def _holder(action: str, asked: dict[str, Any]) -> dict[str, Any]:
    if action != "BatchGetItem":
        return asked
    (request,) = asked["RequestItems"].values()
    return dict(request)
