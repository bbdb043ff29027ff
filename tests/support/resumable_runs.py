"""Runs of github_csv_to_postgres as Airflow makes them: task by task, each result kept.

A run can live in a process of its own, which dies at a failpoint, or is stopped. Running it
again goes on with the task that has no result yet, as Airflow does after a worker was lost.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict, cast

import psycopg2
from typing_extensions import Unpack

from include.core.aws.objects import ObjectStore
from include.core.warehouse import connection as postgres
from include.core.warehouse import migrations
from include.pipelines import github_csv_to_postgres as pipeline
from tests.support import worker_processes
from tests.support.clients import client
from tests.support.pipeline_runs import PipelineRuns

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from psycopg2.extensions import connection

    from include.contracts.github import GitHubDataset
    from include.core.runs.outbox import Notice


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where runs of a dataset happen; other processes can be told of it.

    Attributes:
        dataset: what to run.
        warehouse_uri: libpq URI.
        aws: URL of the emulator.
        bucket: of archive and hand-over.
        topic: ARN that notices go to.
        sns: URL of SNS, when it is not the emulator's.
        github_url: the stand-in.
        folder: for temporary files, results of tasks, and failpoints.
    """

    dataset: GitHubDataset
    warehouse_uri: str
    aws: str
    bucket: str
    topic: str
    sns: str | None = None
    github_url: str
    folder: Path

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"

    @property
    def failpoints(self) -> Path:
        return self.folder / "failpoints"

    def connect(self) -> connection:
        return psycopg2.connect(self.warehouse_uri)

    def store(self) -> ObjectStore:
        return ObjectStore(client=client("s3", self.aws), bucket=self.bucket)

    def tasks(self) -> PipelineRuns:
        return PipelineRuns(
            dataset=self.dataset,
            connect=self.connect,
            store=self.store(),
            github_url=self.github_url,
            scratch=self.scratch,
        )

    def publish(self, notice: Notice) -> None:
        """Hand a notice to SNS."""
        client("sns", self.sns or self.aws).publish(
            TopicArn=self.topic,
            Subject=notice.subject,
            Message=notice.body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in notice.attributes.items()
            },
        )

    def migrate(self) -> None:
        """Bring the warehouse up to date, as the first load does."""
        migrations.migrate(self.connect)

    def announce(self, run_id: str, publish: Callable[[Notice], None] | None = None) -> list[str]:
        """The last task, through this publish or to SNS."""
        return pipeline.announce_end(
            cast("pipeline.LoadedSnapshot", {}),
            run=self.tasks().run_named(run_id),
            connect=self.connect,
            publish=publish or self.publish,
        )

    def download(
        self, as_of: datetime, run_id: str, *, refetch: bool = False
    ) -> list[pipeline.ArchivedFile]:
        """The first task, if it has no result yet."""
        archived: list[pipeline.ArchivedFile] = self._once(
            run_id,
            "download",
            lambda: self.tasks().download(as_of, run_id=run_id, refetch=refetch),
        )
        return archived

    def prepare(
        self, as_of: datetime, run_id: str, *, refetch: bool = False
    ) -> pipeline.CleanedSnapshot:
        """The tasks before upsert, as far as they have no result yet."""
        archived = self.download(as_of, run_id, refetch=refetch)
        cleaned: pipeline.CleanedSnapshot = self._once(
            run_id,
            "clean_and_merge",
            lambda: self.tasks().clean(archived, as_of, run_id=run_id, refetch=refetch),
        )
        return cleaned

    def run(
        self,
        as_of: datetime,
        run_id: str,
        *,
        refetch: bool = False,
        decision: pipeline.Decision | None = None,
    ) -> pipeline.LoadedSnapshot:
        """All tasks that have no result yet; comes back with what upsert did."""
        cleaned = self.prepare(as_of, run_id, refetch=refetch)
        loaded: pipeline.LoadedSnapshot = self._once(
            run_id,
            "upsert",
            lambda: self.tasks().upsert(cleaned, as_of, run_id=run_id, decision=decision),
        )
        self._once(run_id, "announce", lambda: self.announce(run_id))
        return loaded

    def clear(self, run_id: str, *tasks: str) -> None:
        """Forget the results of these tasks, or of all, so that they are done again."""
        results = self._results(run_id)
        for task in tasks:
            (results / f"{task}.json").unlink(missing_ok=True)
        if not tasks:
            shutil.rmtree(results, ignore_errors=True)

    def _once(self, run_id: str, task: str, function: Callable[[], Any]) -> Any:
        return worker_processes.once(self._results(run_id) / f"{task}.json", function)

    def _results(self, run_id: str) -> Path:
        return self.folder / "results" / self.dataset.name / run_id


class Fate(TypedDict, total=False):
    """What else a run in a process of its own may be given; see Worker."""

    barrier: Barrier
    session: dict[str, str]
    decision: pipeline.Decision


class Worker(worker_processes.Worker):
    """A run in a process of its own, under way as soon as this is made.

    Arguments:
        place: where.
        as_of: the moment to load.
        run_id: which run.
        armed: the failpoint at which it dies.
        barrier: it waits there before its first task.
        session: settings of Postgres that its transactions have instead of the usual.
        decision: the answer that it brings.
    """

    def __init__(
        self,
        place: Place,
        as_of: datetime,
        run_id: str,
        *,
        armed: str | None = None,
        **fate: Unpack[Fate],
    ) -> None:
        run = partial(_run, place, as_of, run_id, fate)
        super().__init__(run, failpoints=place.failpoints, armed=armed)


def _run(place: Place, as_of: datetime, run_id: str, fate: Fate) -> None:
    postgres._SESSION.update(fate.get("session", {}))
    if "barrier" in fate:
        fate["barrier"].wait(worker_processes.WAIT_SECONDS)
    place.run(as_of, run_id, decision=fate.get("decision"))
