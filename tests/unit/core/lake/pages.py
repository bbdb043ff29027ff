"""Answers of an API for tests, and what loads them."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from include.contracts import ApiCall, ApiDataset, ApiField, ApiKey
from include.contracts.files import NO_REJECTS
from include.core.lake.records import HourCounts, Page, load_records
from include.core.runs.quarantine import QuarantineRow, read_rejected
from include.core.snapshot.database import connect_duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyConnection

HOUR = datetime(2026, 1, 1, 10, tzinfo=timezone.utc)


def dataset_of(
    *fields: ApiField, key: Sequence[str], event_time: str, records: str = ""
) -> ApiDataset:
    return ApiDataset(
        name="things",
        title="Things",
        description="Things of the tests.",
        owner="tests",
        schedule=None,
        url="https://api.example.com/things",
        key=ApiKey(connection="things_api", parameter="key"),
        calls=(ApiCall(name="all", params={}),),
        fields=fields,
        row_key=tuple(key),
        event_time=event_time,
        records=records,
        rejects=NO_REJECTS,
    )


def page_of(folder: Path, body: object, name: str = "a.json", as_of: datetime = HOUR) -> Page:
    """An answer whose bytes are given, or what JSON makes of a value."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    path = folder / name
    path.write_bytes(content)
    version = hashlib.sha256(content).hexdigest()
    return Page(path=path, key=f"raw/{name}", version=version, as_of=as_of)


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What came of some answers."""

    connection: DuckDBPyConnection
    folder: Path
    counts: dict[datetime, HourCounts]
    rejects: list[QuarantineRow]

    @property
    def hour(self) -> HourCounts:
        (counts,) = self.counts.values()
        return counts

    def rows(self, columns: str = "*") -> list[tuple[Any, ...]]:
        """The records in order of hour and key."""
        return self.connection.execute(f"select {columns} from records order by all").fetchall()


@contextmanager
def loaded(dataset: ApiDataset, *bodies: object, as_of: datetime = HOUR) -> Iterator[Loaded]:
    """Load some answers of an hour."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        pages = [page_of(folder, body, f"{n:03}.json", as_of) for n, body in enumerate(bodies)]
        with loaded_pages(dataset, pages, folder) as found:
            yield found


@contextmanager
def loaded_pages(dataset: ApiDataset, pages: Sequence[Page], folder: Path) -> Iterator[Loaded]:
    """Load some answers."""
    rejects = folder / "rejects.jsonl"
    rejects.touch()
    with connect_duckdb(folder, memory="192MB") as connection:
        counts = load_records(connection, dataset, pages, rejects=rejects)
        yield Loaded(
            connection=connection,
            folder=folder,
            counts=counts,
            rejects=[*read_rejected(rejects)],
        )
