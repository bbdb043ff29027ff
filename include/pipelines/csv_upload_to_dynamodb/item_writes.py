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
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from include.core.aws.batches import Limits, Refusal, batches, send_batch
from include.core.statements import quote_identifier
from include.errors import DeliveryRefusedError, DeliveryUnavailableError
from include.pipelines.csv_upload_to_dynamodb.items import FILE_VERSION, item_size

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from include.pipelines.csv_upload_to_dynamodb.items import Attribute, Item

# 25 statements a call; a request has 16 MB at most, and a few are held in memory at once.
LIMITS: Final = Limits(entries=25, total_bytes=4_194_304)
# A call waits for DynamoDB nearly all its time. Four keep one task near what one partition takes
# (1,000 writes a second); more tasks side by side are for the pool to grant.
THREADS: Final = 4

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementRequest.html
STATEMENT_CHARACTERS: Final = 8192
_FINAL: Final = frozenset(
    {"AccessDenied", "ItemCollectionSizeLimitExceeded", "ResourceNotFound", "ValidationError"}
)
_ROUNDS: Final = 5
# A statement for each: the key's equality must stand in no OR.
_IS_OLDER: Final = "< ?"
_IS_SAME: Final = "= ?"
_IS_MISSING: Final = "IS MISSING"


@dataclass(frozen=True, kw_only=True)
class ItemTable:
    """A table with a partition key alone, and the attributes that are written here.

    Attributes:
        client: a boto3 client of DynamoDB; threads share it.
        name: of the table.
        key: its partition key.
        columns: attributes of its items but the key and FILE_VERSION.

    Raises:
        DeliveryRefusedError: a statement with all columns is longer than DynamoDB takes.
    """

    client: Any
    name: str
    key: str
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        bare: Item = {self.key: {}, FILE_VERSION: {}}
        every: Item = bare | {name: {} for name in self.columns}
        longest = max(
            len(statement["Statement"])
            for statement in (self.insert(every), self.update(bare, version=_IS_MISSING))
        )
        if longest > STATEMENT_CHARACTERS:
            raise DeliveryRefusedError(
                f"items to the table {self.name}: the statement that changes one names each of "
                f"its {len(self.columns)} columns and has {longest} characters, of which DynamoDB "
                f"takes {STATEMENT_CHARACTERS}. Declare fewer columns, or shorter names"
            )

    def write(self, items: Iterable[Item], *, on_batch: Callable[[], None]) -> Counter[str]:
        """Write items unless the table has the same or a newer version of them.

        An item without FILE_VERSION was not written by this pipeline and counts as older than any
        file. Attributes that are no columns stay. An item of the same version that was
        altered since is written again.

        Arguments:
            items: no two with one key; each has FILE_VERSION. A few batches are held at once.
            on_batch: called after each batch, in the thread of the caller.

        Returns:
            How many were inserted, updated, unchanged (the table has this version) and
            superseded (it has a newer one).

        Raises:
            DeliveryRefusedError, DeliveryUnavailableError: as send_batch says; what was written
            stays.
        """
        outcomes: Counter[str] = Counter()
        work = batches(items, size=item_size, limits=LIMITS)
        with closing(self._in_threads(work)) as written:
            for done in written:
                outcomes.update(done)
                on_batch()
        return outcomes

    def _in_threads(self, work: Iterator[list[Item]]) -> Generator[Counter[str], None, None]:
        pending: deque[Future[Counter[str]]] = deque()
        last: Counter[str] = Counter(inserted=1)
        with ThreadPoolExecutor(THREADS) as pool:
            try:
                for batch in work:
                    # A refused write costs as much as one that is taken: begin with what the
                    # batches before had more of.
                    is_new = 2 * last["inserted"] >= last.total()
                    pending.append(pool.submit(_Batch(self, batch, is_new=is_new).write))
                    if len(pending) > THREADS:
                        last = pending.popleft().result()
                        yield last
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()

    def insert(self, item: Item) -> dict[str, Any]:
        """The statement that makes an item, unless there is one."""
        pairs = ", ".join(f"{_quote_text(name)}: ?" for name in item)
        return {
            "Statement": f"INSERT INTO {quote_identifier(self.name)} VALUE {{{pairs}}}",
            "Parameters": list(item.values()),
        }

    def update(self, item: Item, *, version: str) -> dict[str, Any]:
        """The statement that changes an item, if its version is as given."""
        names = (*self.columns, FILE_VERSION)
        changes = " ".join(
            f"SET {quote_identifier(name)}=?"
            if name in item
            else f"REMOVE {quote_identifier(name)}"
            for name in names
        )
        values = [item[name] for name in names if name in item]
        return {
            "Statement": f"UPDATE {quote_identifier(self.name)} {changes} "
            f"WHERE {quote_identifier(self.key)}=? AND {quote_identifier(FILE_VERSION)} {version}",
            "Parameters": [*values, item[self.key], *([item[FILE_VERSION]] * version.count("?"))],
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }


class _Batch:
    """Items on their way, each among those believed to be new or to have a version."""

    def __init__(self, table: ItemTable, items: list[Item], *, is_new: bool) -> None:
        self._table = table
        self._new: list[Item] = items if is_new else []
        self._known: dict[str, list[Item]] = {
            _IS_OLDER: [] if is_new else items,
            _IS_SAME: [],
            _IS_MISSING: [],
        }
        self._outcomes: Counter[str] = Counter()

    def write(self) -> Counter[str]:
        """Write until nothing is left; what others do to the items meanwhile takes more rounds."""
        what = f"items to the table {self._table.name}"
        for _ in range(_ROUNDS):
            new, self._new = self._new, []
            send_batch(new, self._insert, what=what)
            for version in self._known:
                known, self._known[version] = self._known[version], []
                send_batch(known, partial(self._update, version=version), what=what)
            if not self._new and not any(self._known.values()):
                return self._outcomes
        raise DeliveryUnavailableError(f"{what}: others make, alter and delete the same ones")

    def _insert(self, items: Sequence[Item]) -> dict[int, Refusal]:
        statements = [self._table.insert(item) for item in items]
        return self._send(
            items,
            statements,
            outcome="inserted",
            conflict="DuplicateItem",
            resolve=lambda item, _: self._known[_IS_OLDER].append(item),
        )

    def _update(self, items: Sequence[Item], *, version: str) -> dict[int, Refusal]:
        statements = [self._table.update(item, version=version) for item in items]
        return self._send(
            items,
            statements,
            outcome="updated",
            conflict="ConditionalCheckFailed",
            resolve=self._judge,
        )

    def _send(
        self,
        items: Sequence[Item],
        statements: list[dict[str, Any]],
        *,
        outcome: str,
        conflict: str,
        resolve: Callable[[Item, Item | None], None],
    ) -> dict[int, Refusal]:
        answer = self._table.client.batch_execute_statement(Statements=statements)
        refused: dict[int, Refusal] = {}
        for place, (item, said) in enumerate(zip(items, answer["Responses"], strict=True)):
            error = said.get("Error")
            if error is None:
                self._outcomes[outcome] += 1
            elif error["Code"] == conflict:
                resolve(item, error.get("Item"))
            else:
                refused[place] = Refusal(code=error["Code"], final=error["Code"] in _FINAL)
        return refused

    def _judge(self, item: Item, stored: Item | None) -> None:
        """Decide what to do with an item that is not there, or not as this batch took it to be."""
        if stored is None:
            self._new.append(item)
        elif FILE_VERSION not in stored:
            self._known[_IS_MISSING].append(item)
        elif stored[FILE_VERSION] != item[FILE_VERSION]:
            if stored[FILE_VERSION].get("S", "~") < item[FILE_VERSION]["S"]:
                self._known[_IS_OLDER].append(item)
            else:
                self._outcomes["superseded"] += 1
        elif all(_is_same(stored.get(name), item.get(name)) for name in self._table.columns):
            self._outcomes["unchanged"] += 1
        else:
            self._known[_IS_SAME].append(item)


def _is_same(one: Attribute | None, other: Attribute | None) -> bool:
    if one and other and "N" in one and "N" in other:
        return Decimal(one["N"]) == Decimal(other["N"])
    return one == other


def _quote_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
