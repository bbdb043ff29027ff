"""Records of answers that bear a key, whether they were taken or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include.core.csv.faults import printable
from include.core.lake.answers import batches, bind_answers
from include.core.lake.query import Query
from include.core.statements import fill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from include.contracts.apis import ApiDataset
    from include.core.lake.records import Page


class KeyedRecord(NamedTuple):
    """A record that bears the key.

    Attributes:
        page: number of its answer among those that were given, from 0.
        line: its place in the answer, from 1, as rejected records have it.
        raw: its JSON without blanks, from `printable`.
    """

    page: int
    line: int
    raw: str


def find_records(
    connection: DuckDBPyConnection,
    dataset: ApiDataset,
    pages: Sequence[Page],
    key: Mapping[str, str],
    *,
    most: int,
) -> list[KeyedRecord]:
    """Find the records of a key, in their order.

    Arguments:
        connection: from connect_duckdb.
        dataset: what says where the columns of the key are in a record.
        pages: the answers, which load_records takes.
        key: the canonical text of each column of row_key.
        most: how many are found at most.
    """
    query = Query(dataset)
    statement = fill(
        "lake/find_records",
        records=query.records,
        paths=query.paths,
        cells=query.cells,
        values=query.values(),
        same_key=query.same(key),
    )
    found: list[KeyedRecord] = []
    for batch in batches(pages, range(len(pages))):
        bound = bind_answers(batch) | query.bound | {"most": most - len(found)}
        rows = connection.execute(statement, bound).fetchall()
        found += [KeyedRecord(page, line, printable(raw)) for page, line, raw in rows]
    return found
