"""Which version of each item a DynamoDB table has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from include.core.aws.batches import Limits, Refusal, batches, send_batch
from include.pipelines.csv_upload_to_dynamodb.items import FILE_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from include.pipelines.csv_upload_to_dynamodb.items import Attribute, Item

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html; what comes
# back of an item, key and version, cannot reach the 16 MB that an answer may have.
_LIMITS: Final = Limits(entries=100, total_bytes=100)


def find_versions(
    client: Any, table: str, *, key: str, keys: Iterable[tuple[str, Attribute]]
) -> Iterator[tuple[str, str | None]]:
    """Read, strongly consistent, the FILE_VERSION of items.

    Arguments:
        client: a boto3 client of DynamoDB.
        table: its name.
        key: its partition key.
        keys: each key as text and as attribute, none twice.

    Returns:
        For each key its text and the item's FILE_VERSION: None when there is no such item, ""
        when it has no version.

    Raises:
        DeliveryRefusedError, DeliveryUnavailableError: as send_batch says.
    """
    for batch in batches(keys, size=lambda _: 1, limits=_LIMITS):
        found = _find_batch(client, table, key, batch)
        yield from ((text, found.get(_value(attribute))) for text, attribute in batch)


def find_item(client: Any, table: str, key: Item) -> Item | None:
    """Read one item whole, strongly consistent; None where there is none.

    Arguments:
        client: a boto3 client of DynamoDB.
        table: its name.
        key: its partition key as attribute.

    Raises:
        DeliveryRefusedError, DeliveryUnavailableError: as send_batch says.
    """
    found: list[Item] = []

    def read(keys: Sequence[Item]) -> dict[int, Refusal]:
        request = {table: {"Keys": list(keys), "ConsistentRead": True}}
        answer = client.batch_get_item(RequestItems=request)
        found.extend(answer["Responses"].get(table, []))
        unread = answer.get("UnprocessedKeys")
        return {0: Refusal(code="UnprocessedKeys", final=False)} if unread else {}

    send_batch([key], read, what=f"keys to the table {table}")
    return next(iter(found), None)


def _find_batch(
    client: Any, table: str, key: str, batch: Sequence[tuple[str, Attribute]]
) -> dict[Any, str]:
    found: dict[Any, str] = {}

    def read(entries: Sequence[tuple[str, Attribute]]) -> dict[int, Refusal]:
        answer = client.batch_get_item(RequestItems={table: _request(key, entries)})
        for item in answer["Responses"].get(table, []):
            found[_value(item[key])] = item.get(FILE_VERSION, {}).get("S", "")
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        unread = {_value(each[key]) for each in left}
        return {
            place: Refusal(code="UnprocessedKeys", final=False)
            for place, (_, attribute) in enumerate(entries)
            if _value(attribute) in unread
        }

    send_batch(batch, read, what=f"keys to the table {table}")
    return found


def _request(key: str, entries: Sequence[tuple[str, Attribute]]) -> dict[str, Any]:
    return {
        "Keys": [{key: attribute} for _, attribute in entries],
        "ConsistentRead": True,
        "ProjectionExpression": "#key, #version",
        "ExpressionAttributeNames": {"#key": key, "#version": FILE_VERSION},
    }


def _value(attribute: Attribute) -> Any:
    return next(iter(attribute.values()))
