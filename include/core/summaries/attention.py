"""What needs a person, over all sinks: the page shows it on top."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict

from include.core.runs.notices import count_of
from include.core.statements import read_statement
from include.core.summaries.bounded import encode, moment
from include.core.summaries.summary import PREFIX, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg2.extensions import cursor

    from include.core.aws.objects import ObjectStore

KEY: Final = f"{PREFIX}/attention.json"
MOST_ITEMS: Final = 500
MOST_BYTES: Final = 1_500_000
Kind = Literal["dead_letters", "missed_hours", "failed_files", "quarantine_grows", "question"]


class Item(TypedDict):
    """Something that needs a person.

    Attributes:
        kind: what.
        dag_id: of which DAG; who may not read it does not see the item.
        sink: of which sink; None where it is of the DAG as a whole.
        count: how many.
        words: one sentence.
        since: ISO 8601; None where that is not known.
    """

    kind: Kind
    dag_id: str
    sink: str | None
    count: int
    words: str
    since: str | None


def find_items(cursor: cursor) -> list[Item]:
    """What the warehouse knows of that needs a person."""
    return [item for kind in _WORDS for item in _items(cursor, kind)]


def dead_letters(sqs: Any, queue_url: str, *, dag_id: str, sink: str | None) -> list[Item]:
    """What waits in a dead-letter queue, as far as SQS knows: its counts are approximate.

    Arguments:
        sqs: a boto3 SQS client.
        queue_url: of the queue.
        dag_id: of which DAG.
        sink: of which sink, where the messages are rows that nobody could take.

    Raises:
        ClientError: as SQS says.
    """
    name = "ApproximateNumberOfMessages"
    answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])
    count = int(answer["Attributes"][name])
    if not count:
        return []
    words = f"{count_of(count, 'message')} in the dead-letter queue {queue_url.rsplit('/', 1)[-1]}"
    return [
        Item(kind="dead_letters", dag_id=dag_id, sink=sink, count=count, words=words, since=None)
    ]


def write_items(store: ObjectStore, items: Sequence[Item]) -> None:
    """Put what needs a person where the page finds it, instead of what was there."""
    now = datetime.now(timezone.utc)
    value = {"version": VERSION, "written_at": now, "items": list(items[:MOST_ITEMS])}
    store.put_body(KEY, encode(value, most_bytes=MOST_BYTES))


# The statement that finds them, what there is one of or more, and what is said of it.
_WORDS: Final[dict[Kind, tuple[str, str, str]]] = {
    "question": ("find_attention.question", "question", "{}: a person decides about rows"),
    "failed_files": ("find_attention.failed_files", "file", "{} failed; no later version is in"),
    "missed_hours": ("find_attention.missed_hours", "hour", "{} of the last week missing in part"),
    "quarantine_grows": ("find_attention.quarantine_grows", "row", "{} put aside by the last runs"),
}


def _items(cursor: cursor, kind: Kind) -> Iterable[Item]:
    statement, thing, words = _WORDS[kind]
    cursor.execute(read_statement(f"summaries/{statement}"))
    for dag_id, sink, count, since in cursor.fetchall():
        yield Item(
            kind=kind,
            dag_id=dag_id,
            sink=sink,
            count=count,
            words=words.format(count_of(count, thing)),
            since=moment(since) if since else None,
        )
