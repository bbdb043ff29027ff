"""Runs of github_csv_to_postgres in one process, over real HTTP, S3 and Postgres."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from include.core.aws.hand_over import HandOver
from include.core.runs.ledger import RunOfSink
from include.core.runs.outbox import announce
from include.core.runs.run import Run
from include.core.scratch import scratch_folder
from include.core.warehouse.migrations import migrate
from include.core.web.client import Web
from include.pipelines import github_csv_to_postgres as pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from include.contracts.github import GitHubDataset
    from include.core.aws.objects import ObjectStore
    from include.core.runs.outbox import Notice
    from include.core.warehouse.connection import Connect

UI_URL = "http://localhost:8080"
MEMORY = "256MB"
ANSWER_SECONDS = 3600


def moment(text: str) -> datetime:
    """2020-11-30 (08:30 then) or 2020-11-30T10:00:00, in UTC."""
    full = text if "T" in text else f"{text}T08:30:00"
    return datetime.fromisoformat(full).replace(tzinfo=timezone.utc)


def write_version(root: Path, path: str, committed_at: str, content: str | bytes) -> None:
    """Add a version of a file to the folder of a GitHub stand-in.

    Arguments:
        root: the stand-in's folder.
        path: owner/repository/path in it.
        committed_at: such as 2020-12-01T141004Z.
        content: text, or bytes as they are.
    """
    folder = root / path
    folder.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    (folder / f"{committed_at}.csv").write_bytes(data)


@dataclass(kw_only=True)
class PipelineRuns:
    """A place where datasets can be run.

    Attributes:
        dataset: what to run.
        connect: opens a connection to the warehouse.
        store: the bucket of archive and hand-over.
        github_url: the stand-in.
        scratch: folder for temporary files.
        published: notices handed to SNS, in order.
    """

    dataset: GitHubDataset
    connect: Connect
    store: ObjectStore
    github_url: str
    scratch: Path
    published: list[Notice] = field(default_factory=list)

    def run(
        self,
        as_of: datetime,
        *,
        run_id: str | None = None,
        refetch: bool = False,
        dry_run: bool = False,
        decision: pipeline.Decision | None = None,
    ) -> pipeline.LoadedSnapshot:
        """All tasks of one run, as the DAG wires them; comes back with what upsert did."""
        name = run_id or f"scheduled__{as_of.isoformat()}"
        archived = self.download(as_of, run_id=name, refetch=refetch)
        cleaned = self.clean(archived, as_of, run_id=name, refetch=refetch)
        loaded = self.upsert(cleaned, as_of, run_id=name, dry_run=dry_run, decision=decision)
        if not dry_run:
            self.announce(name)
        return loaded

    def download(
        self, as_of: datetime, *, run_id: str, refetch: bool = False
    ) -> list[pipeline.ArchivedFile]:
        web = Web(
            hosts=self.dataset.hosts,
            stand_ins=(self.github_url,),
            retry_seconds=2,
            sleep=lambda _: None,
        )
        github = pipeline.GitHub(web=web, api_url=self.github_url, raw_url=self.github_url)
        archived = []
        for source in self.dataset.sources:
            with self._folder(run_id, f"download-{source.name}") as folder:
                archived.append(
                    pipeline.download(
                        source,
                        as_of=as_of,
                        refetch=refetch,
                        github=github,
                        store=self.store,
                        folder=folder,
                    )
                )
        return archived

    def clean(
        self,
        archived: list[pipeline.ArchivedFile],
        as_of: datetime,
        *,
        run_id: str,
        refetch: bool = False,
    ) -> pipeline.CleanedSnapshot:
        with self._folder(run_id, "clean_and_merge") as folder:
            return pipeline.clean_and_merge(
                self.dataset,
                archived,
                as_of=as_of,
                resources=self._resources(folder),
                refetch=refetch,
            )

    def upsert(
        self,
        cleaned: pipeline.CleanedSnapshot,
        as_of: datetime,
        *,
        run_id: str,
        dry_run: bool = False,
        decision: pipeline.Decision | None = None,
    ) -> pipeline.LoadedSnapshot:
        migrate(self.connect)
        run = RunOfSink(
            dag_id=self.dataset.name,
            run_id=run_id,
            sink=self.dataset.table.sink,
            as_of=as_of,
            started_at=datetime.now(timezone.utc),
        )
        with self._folder(run_id, "upsert") as folder:
            opened: Any = {
                "run": run,
                "connect": self.connect,
                "resources": self._resources(folder),
            }
            decided = pipeline.decide(self.dataset, decision, **opened)
            return decided or pipeline.upsert_snapshot(
                self.dataset, cleaned, dry_run=dry_run, **opened
            )

    def announce(self, run_id: str) -> list[Notice]:
        return announce(self.connect, self.run_named(run_id), publish=self.published.append)

    def run_named(self, run_id: str) -> Run:
        return Run(dag_id=self.dataset.name, run_id=run_id)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement, in a transaction of its own."""
        with closing(self.connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    def content(self) -> list[tuple[Any, ...]]:
        """The whole table, in order of key."""
        return sorted(self.query(f"table {self.dataset.table.sink}"))

    def versions(self) -> dict[tuple[Any, ...], str]:
        """xmin of each row by key: it changes when a row is written."""
        key = ", ".join(self.dataset.table.key)
        found = self.query(f"select xmin::text, {key} from {self.dataset.table.sink}")
        return {tuple(row[1:]): row[0] for row in found}

    def ledger(self, run_id: str) -> dict[str, Any]:
        """The ledger row of a run."""
        columns = (
            "as_of, status, read, rejected, duplicate, inserted, updated, unchanged, superseded,"
            " deleted, details"
        )
        (row,) = self.query(f"select {columns} from ops.run where run_id = %s", run_id)
        return dict(zip(columns.replace(" ", "").split(","), row, strict=True))

    def _resources(self, folder: Path) -> pipeline.Resources:
        prefix = f"work/{self.dataset.name}/clean"
        return pipeline.Resources(
            hand_over=HandOver(store=self.store, prefix=prefix, folder=folder),
            memory=MEMORY,
            ui_url=UI_URL,
            answer_seconds=ANSWER_SECONDS,
        )

    def _folder(self, run_id: str, task: str) -> Any:
        return scratch_folder(self.dataset.name, run_id, task, root=self.scratch)
