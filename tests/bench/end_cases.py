"""The whole way from a CSV file to a table in Postgres, by the tasks of the pipeline."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

import psycopg2

from include.contracts.github import GitHubDataset, GitHubFile
from include.core.aws.hand_over import HandOver
from include.core.aws.objects import ObjectStore
from include.core.runs.ledger import RunOfSink
from include.core.scratch import scratch_folder
from include.pipelines import github_csv_to_postgres as pipeline
from include.pipelines.github_csv_to_postgres import transform
from include.settings import Settings
from tests.bench import source
from tests.support.folder_client import FolderClient

if TYPE_CHECKING:
    from include.core.aws.objects import Stored

NAME: Final = "bench"
_FILE: Final = GitHubFile(
    name="published", owner="bench", repository="rows", path="rows.csv", contract=source.CONTRACT
)
_CLEANING: Final = f"select {', '.join(column.name for column in source.COLUMNS)} from {_FILE.name}"


def end_sluice(
    *, uri: str, table: str, archived: Stored, as_of: str, folder: str
) -> tuple[float, dict[str, int]]:
    """The pipeline from its archived file to the commit: clean_and_merge, then upsert_snapshot.

    What else the pipeline asks between download and commit, such as whether the table holds
    these sources already, belongs here too.

    Arguments:
        uri: of the warehouse.
        table: in schema public.
        archived: the file, with its path below folder as key.
        as_of: ISO 8601; also names the run.
        folder: stands for the bucket, and is for local files.
    """
    began = time.perf_counter()
    moment, dataset, target = datetime.fromisoformat(as_of), _dataset(table), Path(folder)
    run = RunOfSink(
        dag_id=NAME,
        run_id=as_of,
        sink=dataset.table.sink,
        as_of=moment,
        started_at=datetime.now(timezone.utc),
    )
    store = ObjectStore(client=FolderClient(), bucket=folder)
    with scratch_folder(NAME, root=target) as scratch:
        resources = pipeline.Resources(
            hand_over=HandOver(store=store, prefix=run.work_prefix, folder=scratch),
            memory=Settings.duckdb_memory,
            ui_url="",
            answer_seconds=Settings.answer_seconds,
        )
        file = _archived(archived, size=(target / archived["key"]).stat().st_size)
        # The statement of a dataset is a file of the product, which this dataset is no part of.
        with patch.object(transform, "read_statement", return_value=_CLEANING):
            cleaned = pipeline.clean_and_merge(dataset, [file], as_of=moment, resources=resources)
        connect = partial(psycopg2.connect, uri)
        loaded = pipeline.upsert_snapshot(
            dataset, cleaned, run=run, connect=connect, resources=resources
        )
    seconds = time.perf_counter() - began
    counts = ("inserted", "updated", "unchanged")
    return seconds, {name: loaded[name] for name in counts}  # type: ignore[literal-required] # all three are


def _dataset(table: str) -> GitHubDataset:
    return GitHubDataset(
        name=NAME,
        title="Rows of the benchmarks",
        description="Invented.",
        owner="bench",
        schedule="0 0 * * *",
        sources=(_FILE,),
        table=source.table(table),
    )


def _archived(file: Stored, *, size: int) -> pipeline.ArchivedFile:
    """A file as download leaves it: the same bytes are the same commit."""
    return pipeline.ArchivedFile(
        source=_FILE.name,
        repository=f"{_FILE.owner}/{_FILE.repository}",
        path=_FILE.path,
        commit=file["sha256"][:40],
        committed_at="2020-01-01T00:00:00Z",
        key=file["key"],
        size=size,
        sha256=file["sha256"],
        fetched=False,
    )
