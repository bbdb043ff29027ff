"""Records of an API's answers as rows of a table of the lake: typed, checked, one a key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

import duckdb

from include.core.lake.answers import (
    batches,
    bind_answers,
    refuse_as_large,
    refuse_large,
    refuse_page,
)
from include.core.lake.fields import json_paths
from include.core.lake.query import Query
from include.core.lake.rejects import write_rejects
from include.core.snapshot.load_csv import leave_one_a_key
from include.core.statements import fill, quote_identifier, quote_identifiers, read_statement
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.apis import ApiDataset

AS_OF: Final = "as_of"
_RELATION: Final = "_sluice_records"


@dataclass(frozen=True, kw_only=True)
class Page:
    """One archived answer of an API.

    Attributes:
        path: a local file with its bytes.
        key: of the answer in the lake.
        version: SHA-256 of the bytes, in hexadecimal.
        as_of: the hour that it was asked for, UTC.
    """

    path: Path
    key: str
    version: str
    as_of: datetime


@dataclass(frozen=True, kw_only=True)
class HourCounts:
    """Records of one hour; read == kept + rejected + duplicate.

    Attributes:
        read: records in its answers.
        kept: rows that came out.
        rejected: records that broke the declaration, or whose key others have with other values.
        duplicate: records that say what an earlier one of the hour says.
        rejects_by_code: how many were rejected for what.
        unknown: paths in records that no field declares, sorted.
    """

    read: int = 0
    kept: int = 0
    rejected: int = 0
    duplicate: int = 0
    rejects_by_code: dict[str, int]
    unknown: list[str]


def load_records(
    connection: DuckDBPyConnection, dataset: ApiDataset, pages: Sequence[Page], *, rejects: Path
) -> dict[datetime, HourCounts]:
    """Make relation records of the records of some answers: the declared columns, and as_of.

    Records of one key in one hour: of those that say the same one is left; those that differ are
    all rejected. Memory stays flat: answers are read a few at a time, and rows are on disk.

    Arguments:
        connection: where the relation is made, or made anew; from connect_duckdb.
        dataset: what the records are held to.
        pages: the answers.
        rejects: a file of JSON lines that the rejected records are added to, in their order; see
            include/core/runs/quarantine.py. Their line is the record's place in its answer, from 1.

    Returns:
        Counts by hour, of each hour that an answer is of.

    Raises:
        InputFileError: an answer has no records to read, or a required field is gone from all
            records of an hour; nothing is added to the file then.
    """
    return _Load(connection, dataset, pages).run(rejects)


def write_table(connection: DuckDBPyConnection, dataset: ApiDataset, to: Path) -> int:
    """Write relation records as Parquet, in order of hour and key: the same rows, the same bytes.

    Returns:
        How many rows there are.
    """
    return _write(connection, dataset, to, where="true", bound={})


def write_hour(
    connection: DuckDBPyConnection, dataset: ApiDataset, as_of: datetime, to: Path
) -> int:
    """Write the rows of one hour as write_table does.

    Returns:
        How many rows there are.
    """
    return _write(connection, dataset, to, where="as_of = $as_of", bound={"as_of": in_utc(as_of)})


def in_utc(moment: datetime) -> datetime:
    """A point in time without its zone, as the lake has it."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def _write(
    connection: DuckDBPyConnection,
    dataset: ApiDataset,
    to: Path,
    *,
    where: str,
    bound: dict[str, Any],
) -> int:
    names = [*(column.name for column in dataset.columns), AS_OF]
    statement = fill(
        "lake/write_records",
        columns=quote_identifiers(names),
        key=quote_identifiers([AS_OF, *dataset.row_key]),
        where=where,
    )
    row = connection.execute(statement, {"path": str(to), **bound}).fetchone()
    return int(row[0]) if row else 0


class _Load:
    """Loads the records of some answers."""

    def __init__(
        self, connection: DuckDBPyConnection, dataset: ApiDataset, pages: Sequence[Page]
    ) -> None:
        self._connection, self._dataset, self._pages = connection, dataset, pages
        self._names = [column.name for column in dataset.columns]

    def run(self, rejects: Path) -> dict[datetime, HourCounts]:
        self._insert()
        read = self._check_hours()
        self._find_shapes()
        unknown = self._by_hour("find_shapes.list_unknown")
        self._run("reject_records.find")
        self._run("reject_records.delete")
        good = dict(self._run("load_records.count_rows").fetchall())
        repeated = leave_one_a_key(
            self._connection,
            _RELATION,
            key=[AS_OF, *self._dataset.row_key],
            columns=[*self._names, AS_OF],
        )
        self._run("reject_records.add_conflicts", {"lines": repeated.conflicts.tolist()})
        kept = dict(self._run("load_records.count_rows").fetchall())
        codes = write_rejects(self._connection, self._dataset, self._pages, to=rejects)
        self._run("load_records.show", columns=quote_identifiers(self._names))
        counts = {}
        for moment in sorted({page.as_of.astimezone(timezone.utc) for page in self._pages}):
            hour, by_code = in_utc(moment), codes[moment]
            in_conflict = by_code.get("key_conflict", 0)
            counts[moment] = HourCounts(
                read=read.get(hour, 0),
                kept=kept.get(hour, 0),
                rejected=sum(by_code.values()),
                duplicate=good.get(hour, 0) - in_conflict - kept.get(hour, 0),
                rejects_by_code=dict(sorted(by_code.items())),
                unknown=unknown.get(hour, []),
            )
        return counts

    def _insert(self) -> None:
        query = Query(self._dataset)
        self._run("load_records.create", columns=query.types())
        statement = fill(
            "lake/load_records.insert",
            records=query.records,
            paths=query.paths,
            objects=query.objects,
            cells=query.cells,
            values=query.values(),
            good=query.good(),
            columns=query.columns(),
        )
        refuse_large(self._pages, self._dataset)
        for batch in batches(self._pages, range(len(self._pages))):
            self._insert_batch(statement, query, batch)
        self._refuse_empty()

    def _insert_batch(self, statement: str, query: Query, batch: list[tuple[int, Page]]) -> None:
        moments = [in_utc(page.as_of) for _, page in batch]
        bound = bind_answers(batch) | query.bound | {"moments": moments}
        try:
            self._connection.execute(statement, bound)
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            # an answer is no JSON, or no text: DuckDB's own words would quote it
            for _, page in batch:
                refuse_page(page, self._dataset)
            raise
        except duckdb.OutOfMemoryException:
            if len(batch) == 1:
                refuse_as_large(batch[0][1])
            for one in batch:
                self._insert_batch(statement, query, [one])

    def _refuse_empty(self) -> None:
        """Refuse answers that have no record because they have no list of them."""
        found = self._run("load_records.list_answers").fetchall()
        filled = {number for (number,) in found}
        for number, page in enumerate(self._pages):
            if number not in filled:
                refuse_page(page, self._dataset)

    def _check_hours(self) -> dict[datetime, int]:
        """Count the records of each hour, and refuse one that a required field is gone from."""
        counts = ", ".join(f"count({quote_identifier(name)})" for name in self._names)
        found = self._run("load_records.count_read", counts=counts).fetchall()
        for hour, _, values in found:
            doubtful = [
                field
                for field, count in zip(self._dataset.fields, values, strict=True)
                if field.column.required and not count
            ]
            if doubtful:
                self._refuse_gone(hour, doubtful)
        return {hour: read for hour, read, _ in found}

    def _refuse_gone(self, hour: datetime, fields: list[Any]) -> None:
        numbers = [n for n, page in enumerate(self._pages) if in_utc(page.as_of) == hour]
        statement = fill(
            "lake/load_records.count_found",
            records=Query(self._dataset).records,
            paths=json_paths(field.path for field in fields),
            counts=", ".join(f"count(found[{place + 1}])" for place in range(len(fields))),
        )
        objects, there = 0, [0] * len(fields)
        for batch in batches(self._pages, numbers):
            row = self._connection.execute(statement, bind_answers(batch)).fetchone()
            more, counts = row or (0, there)
            objects += more
            there = [a + b for a, b in zip(there, counts, strict=True)]
        for field, count in zip(fields, there, strict=True):
            if objects and not count:
                raise InputFileError(
                    file=self._pages[numbers[0]].key,
                    line=None,
                    problem=f"Field {field.path} (column {field.column.name}) is gone from all "
                    f"{objects} records of hour {hour:%Y-%m-%dT%H:%MZ}; raw answers are kept",
                    fix="Ask the API's owner, or declare what has changed",
                )

    def _find_shapes(self) -> None:
        query = Query(self._dataset)
        self._run("find_shapes.create")
        self._run("find_shapes.find_examples")
        statement = fill(
            "lake/find_shapes.insert",
            records=query.records,
            objects=query.objects,
            unknown=query.unknown(),
            repeats=query.repeats(),
        )
        found = self._run("find_shapes.list_answers").fetchall()
        for batch in batches(self._pages, [number for (number,) in found]):
            self._connection.execute(statement, bind_answers(batch))

    def _by_hour(self, statement: str) -> dict[datetime, list[str]]:
        found: dict[datetime, list[str]] = {}
        for hour, text in self._run(statement).fetchall():
            found.setdefault(hour, []).append(text)
        return found

    def _run(
        self, statement: str, bound: dict[str, Any] | None = None, **parts: str
    ) -> DuckDBPyConnection:
        text = fill(f"lake/{statement}", **parts) if parts else read_statement(f"lake/{statement}")
        return self._connection.execute(text, bound or {})
