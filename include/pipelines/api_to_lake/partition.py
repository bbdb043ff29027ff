"""Transform: the file of a day, or of an hour, from the raw answers of its hours.

Every run makes the whole file anew, so that a rerun gives the same bytes, and nothing has to be
merged or tidied. Of other hours it has the answers that are published. One whose answers cannot be
converted any more, since the declaration has changed, keeps what the published file has of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.core.lake.answers import glob_of
from include.core.lake.changes import Changes, compare_hour
from include.core.lake.query import Query
from include.core.lake.records import AS_OF, HourCounts, load_records, write_table
from include.core.runs.quarantine import refuse_rejects
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.files import columns_of
from include.core.statements import fill, quote_identifier, quote_text
from include.errors import InputFileError, RejectLimitError
from include.pipelines.api_to_lake.pages import fetch_pages, pages_of
from include.pipelines.api_to_lake.raw_zone import published_of_day, read_index

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.apis import ApiDataset
    from include.core.aws.objects import ObjectStore
    from include.pipelines.api_to_lake.raw_zone import HourIndex


@dataclass(frozen=True, kw_only=True)
class Partition:
    """One file of a table of the lake, ready to take the place of the published one.

    Attributes:
        path: the local file.
        rejects: the file of the hour's rejected records.
        index: which answers the hour has in it.
        base: ETag of the published file that it was made beside; None where there was none.
        counts: of the hour's records.
        changes: the hour's rows beside the published file.
    """

    path: Path
    rejects: Path
    index: HourIndex
    base: str | None
    counts: HourCounts
    changes: Changes


def partition_key(dataset: ApiDataset, as_of: datetime) -> str:
    """Where the file is that has an hour's rows."""
    hour = f"hour={as_of:%H}/" if dataset.partition == "hour" else ""
    return f"lake/{dataset.name}/dt={as_of:%Y-%m-%d}/{hour}part.parquet"


def make_partition(
    dataset: ApiDataset, as_of: datetime, *, store: ObjectStore, folder: Path, memory: str
) -> Partition:
    """Make the file that has an hour's rows from the raw zone.

    Arguments:
        dataset: the contract.
        as_of: the hour.
        store: the lake.
        folder: an empty one, for local files.
        memory: DuckDB's memory limit.

    Raises:
        InputFileError: an answer of this hour is none, or a required field is gone.
        RejectLimitError: too many records of this hour were rejected.
        ArchiveError: an answer is not what was put there.
    """
    published = folder / "published.parquet"
    # First what is published: an answer that comes after it is found by whoever replaces it.
    base = store.fetch_current(partition_key(dataset, as_of), published)
    index = read_index(store, dataset, as_of)
    with connect_duckdb(folder, memory=memory) as connection:
        made = _Made(dataset, connection, store, folder, published if base else None)
        for hour, answers in _hours(dataset, as_of, index, store).items():
            made.add(hour, answers, mine=hour == as_of)
        path = folder / "part.parquet"
        made.finish(path)
        changes = compare_hour(connection, dataset, published if base else None, as_of)
    return Partition(
        path=path,
        rejects=made.rejects,
        index=index,
        base=base,
        counts=made.counts,
        changes=changes,
    )


def _hours(
    dataset: ApiDataset, as_of: datetime, index: HourIndex, store: ObjectStore
) -> dict[datetime, HourIndex]:
    """The hours of a partition, in order of time, and which answers each has there."""
    others = {} if dataset.partition == "hour" else published_of_day(store, dataset, as_of)
    return dict(sorted({**others, as_of: index}.items()))


class _Made:
    """A partition that is being made, an hour at a time."""

    def __init__(
        self,
        dataset: ApiDataset,
        connection: DuckDBPyConnection,
        store: ObjectStore,
        folder: Path,
        published: Path | None,
    ) -> None:
        self._dataset, self._connection = dataset, connection
        self._store, self._folder, self._published = store, folder, published
        self.rejects = folder / "rejects.jsonl"
        self.counts = HourCounts(
            read=0, kept=0, rejected=0, duplicate=0, rejects_by_code={}, unknown=[]
        )
        types = f"{Query(dataset).types()}, {AS_OF} timestamp_ms"
        connection.execute(fill("api_to_lake/gather_hours.create", columns=types))

    def add(self, hour: datetime, index: HourIndex, *, mine: bool) -> None:
        """Add the rows of an hour."""
        rejects = self.rejects if mine else self._folder / "rejects_of_others.jsonl"
        rejects.write_text("")
        pages = pages_of(self._dataset, hour, index, folder=self._folder)
        fetch_pages(self._store, pages)
        try:
            counts = load_records(self._connection, self._dataset, pages, rejects=rejects).get(hour)
            if counts:
                self._check(counts, rejects)
        except (InputFileError, RejectLimitError):
            if mine:
                raise
            self._keep_published(hour)
            return
        finally:
            for page in pages:
                page.path.unlink()
        if mine and counts:
            self.counts = counts
        self._take("records")

    def finish(self, path: Path) -> None:
        """Write the file, and leave its rows as relation records."""
        self._connection.execute(fill("api_to_lake/gather_hours.finish"))
        write_table(self._connection, self._dataset, path)

    def _check(self, counts: HourCounts, rejects: Path) -> None:
        refuse_rejects(
            self._dataset.name,
            self._dataset.rejects,
            read=counts.read,
            rejects_file=rejects,
            outcome="The hour is not in the table; its answers are kept",
        )

    def _keep_published(self, hour: datetime) -> None:
        if self._published is None:
            return
        there = columns_of(self._connection, glob_of(self._published))
        names = [*(column.name for column in self._dataset.columns), AS_OF]
        columns = [
            f"{'' if name in there else 'null as '}{quote_identifier(name)}" for name in names
        ]
        moment = quote_text(hour.strftime("%Y-%m-%d %H:%M:%S"))
        statement = fill(
            "api_to_lake/gather_hours.published",
            columns=", ".join(columns),
            path=quote_text(glob_of(self._published)),
            hour=moment,
        )
        self._connection.execute(statement)
        self._take("of_hour")

    def _take(self, relation: str) -> None:
        statement = fill("api_to_lake/gather_hours.add", relation=quote_identifier(relation))
        self._connection.execute(statement)
