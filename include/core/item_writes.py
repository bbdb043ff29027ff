"""Items into a DynamoDB table, so that a newer file's item is never overwritten by an older one's.

Written with BatchExecuteStatement: of DynamoDB's calls the one that takes up to 25 writes, each
with a condition, and answers each by itself. BatchWriteItem has no conditions, and
TransactWriteItems costs twice as much and fails as a whole.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
"""

from __future__ import annotations

from collections import Counter, deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from include.core.batches import Limits, Refusal, batches, send_batch
from include.core.items import FILE_VERSION, item_size
from include.core.sql_files import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from include.core.items import Item

# 25 statements a call; a request has 16 MB at most, and a few are held in memory at once.
LIMITS: Final = Limits(entries=25, total_bytes=4_194_304)
# A call waits for DynamoDB nearly all its time. Four keep one task under what one partition takes
# (1,000 writes a second), and tasks are what the pool counts.
THREADS: Final = 4

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html
_FINAL: Final = frozenset(
    {
        "AccessDenied",
        "ItemCollectionSizeLimitExceeded",
        "ResourceNotFound",
        "ValidationError",
    }
)


@dataclass(frozen=True, kw_only=True)
class ItemTable:
    """A table with a partition key alone, and the attributes that writers here may set in it.

    Attributes:
        client: a boto3 client of DynamoDB; threads share it.
        name: of the table.
        key: its partition key.
        columns: attributes of its items but the key and FILE_VERSION.
    """

    client: Any
    name: str
    key: str
    columns: tuple[str, ...]

    def write(self, items: Iterable[Item], *, on_batch: Callable[[], None]) -> Counter[str]:
        """Write items unless the table has the same or a newer version of them.

        An item that is there without FILE_VERSION was written by somebody else: it counts as
        older than any file. Its attributes that are no columns stay.

        Arguments:
            items: no two with one key; each has FILE_VERSION. A few batches are held at once.
            on_batch: called after each batch, in the thread of the caller.

        Returns:
            How many were written, unchanged (the table has this version) and superseded (it has
            a newer one).

        Raises:
            DeliveryRefusedError, DeliveryUnavailableError: as send_batch says; what was written
            stays.
        """
        outcomes: Counter[str] = Counter()
        for done in self._in_threads(batches(items, size=item_size, limits=LIMITS)):
            outcomes.update(done)
            on_batch()
        return outcomes

    def _in_threads(self, work: Iterator[list[Item]]) -> Iterator[Counter[str]]:
        pending: deque[Future[Counter[str]]] = deque()
        with ThreadPoolExecutor(THREADS) as pool:
            try:
                for batch in work:
                    pending.append(pool.submit(self._write_batch, batch))
                    if len(pending) > THREADS:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()

    def _write_batch(self, batch: list[Item]) -> Counter[str]:
        known: list[Item] = []
        outcomes: Counter[str] = Counter()

        def insert(items: Sequence[Item]) -> dict[int, Refusal]:
            return self._send(
                items, self._insert, "DuplicateItem", lambda item, _: known.append(item)
            )

        def note_stored(item: Item, stored: Item) -> None:
            is_ours = stored[FILE_VERSION] == item[FILE_VERSION]
            outcomes["unchanged" if is_ours else "superseded"] += 1

        def update(items: Sequence[Item]) -> dict[int, Refusal]:
            return self._send(items, self._update, "ConditionalCheckFailed", note_stored)

        what = f"items to the table {self.name}"
        send_batch(batch, insert, what=what)
        send_batch(known, update, what=what)
        outcomes["written"] = len(batch) - outcomes.total()
        return outcomes

    def _send(
        self,
        items: Sequence[Item],
        statement: Callable[[Item], dict[str, Any]],
        settled: str,
        note: Callable[[Item, Item], None],
    ) -> dict[int, Refusal]:
        answer = self.client.batch_execute_statement(Statements=[statement(item) for item in items])
        refused: dict[int, Refusal] = {}
        for place, (item, said) in enumerate(zip(items, answer["Responses"], strict=True)):
            error = said.get("Error")
            if error is None:
                continue
            stored = error.get("Item")
            if error["Code"] == settled and (stored or settled == "DuplicateItem"):
                note(item, stored)
            else:
                refused[place] = Refusal(code=error["Code"], final=error["Code"] in _FINAL)
        return refused

    def _insert(self, item: Item) -> dict[str, Any]:
        pairs = ", ".join(f"{_quote_text(name)}: ?" for name in item)
        return {
            "Statement": f"INSERT INTO {quote_identifier(self.name)} VALUE {{{pairs}}}",
            "Parameters": list(item.values()),
        }

    def _update(self, item: Item) -> dict[str, Any]:
        names = (*self.columns, FILE_VERSION)
        changes = [
            f"SET {quote_identifier(name)}=?"
            if name in item
            else f"REMOVE {quote_identifier(name)}"
            for name in names
        ]
        version = quote_identifier(FILE_VERSION)
        return {
            "Statement": f"UPDATE {quote_identifier(self.name)} {' '.join(changes)} "
            f"WHERE {quote_identifier(self.key)}=? AND ({version} < ? OR {version} IS MISSING)",
            "Parameters": [
                *(item[name] for name in names if name in item),
                item[self.key],
                item[FILE_VERSION],
            ],
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }


def _quote_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
