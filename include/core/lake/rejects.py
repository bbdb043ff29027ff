"""Records that are not taken: read again from their answers, and set aside with their fault."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

from include.core.csv.faults import Fault, Reject
from include.core.lake.answers import batches, bind_answers
from include.core.lake.cells import REASONS
from include.core.lake.query import Query
from include.core.runs.quarantine import set_aside
from include.core.statements import fill, read_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.apis import ApiDataset
    from include.core.lake.records import Page

CONFLICT = "key_conflict"


def write_rejects(
    connection: DuckDBPyConnection, dataset: ApiDataset, pages: Sequence[Page], *, to: Path
) -> dict[datetime, Counter[str]]:
    """Add the records of table _sluice_rejected to a file of JSON lines, in their order.

    Arguments:
        connection: where the table is.
        dataset: the records are held to its fields again.
        pages: all answers, in the order of their numbers.
        to: the file, as include/core/runs/quarantine.py reads it.

    Returns:
        How many have each code, by hour.
    """
    counts: dict[datetime, Counter[str]] = defaultdict(Counter)
    for number, rejects in groupby(_rejects(connection, dataset, pages), lambda found: found[0]):
        page = pages[number]
        with set_aside(to, file=page.key, version=page.version) as add:
            for _, reject in rejects:
                counts[page.as_of][reject.code] += 1
                add(reject)
    return counts


def _rejects(
    connection: DuckDBPyConnection, dataset: ApiDataset, pages: Sequence[Page]
) -> Iterator[tuple[int, Reject]]:
    """Each rejected record, with the number of its answer."""
    query, key = Query(dataset), ", ".join(dataset.row_key)
    fault, faults = query.fault()
    conflict = len(faults)
    statement = fill(
        "lake/reject_records.list",
        records=query.records,
        paths=query.paths,
        cells=query.cells,
        values=query.values(),
        fault=f"if(is_conflict, {conflict}, {fault})",
    )
    faults.append((key, CONFLICT, ""))
    found = connection.execute(read_statement("lake/reject_records.list_answers")).fetchall()
    for batch in batches(pages, [number for (number,) in found]):
        bound: dict[str, Any] = bind_answers(batch) | query.bound
        rows = connection.execute(statement, bound)
        for number, line, wrong, raw in iter(rows.fetchone, None):
            column, code, asked = faults[wrong]
            yield number, Reject.of(line, Fault(code, asked, reasons=REASONS), raw, column=column)
