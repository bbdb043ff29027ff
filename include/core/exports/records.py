"""Records of the changes stream: JSON, one operation each, and one that ends a version.

An operation: {"tenant", "table", "version", "publication", "sequence" (from 1), "operation"
(INSERT, UPDATE or DELETE), "key" (object), "before" (object or null), "after" (object or null),
"idempotency_key"}. Its partition key is the row's key as JSON, or the SHA-256 of that where it is
longer than 256 characters: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html

publication names the delta that an operation belongs to. A version that is worked out anew from
another base is another publication: operations of one and of the other never mix.

The end of a version, once in each shard and after all its operations: {"tenant", "table",
"version", "publication", "operation": "END", "base" (version or null), "operations",
"inserts", "updates", "deletes", "rows" (of the whole export), "checksum" (of all its rows, see
row_text)}.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Operation = Literal["INSERT", "UPDATE", "DELETE"]


class Change(TypedDict):
    """One operation on one row."""

    tenant: str
    table: str
    version: str
    publication: str
    sequence: int
    operation: Operation
    key: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    idempotency_key: str


class End(TypedDict):
    """What ends a version; counts are those of all shards together."""

    tenant: str
    table: str
    version: str
    publication: str
    operation: Literal["END"]
    base: str | None
    operations: int
    inserts: int
    updates: int
    deletes: int
    rows: int
    checksum: str
