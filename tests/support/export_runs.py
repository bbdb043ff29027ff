"""Runs of table_export_to_kinesis task by task, in this process or in one that dies."""

from __future__ import annotations

import gzip
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from include.core.arrivals.claim import Received, claim_files
from include.core.arrivals.complete import EndResources, Failure, finish_run
from include.core.arrivals.events import LandedObject
from include.core.arrivals.queue import ArrivalQueue
from include.core.arrivals.versions import Landing
from include.core.runs.ledger import RunOfSink
from include.core.runs.run import Run
from include.core.scratch import scratch_folder
from include.datasets import all_datasets
from include.errors import SluiceError, TerminalError
from include.pipelines import table_export_to_kinesis as pipeline
from include.pipelines.landing import LANDING_PREFIXES, LANDING_SUFFIXES
from tests.support.clients import client
from tests.support.stream_runs import StreamPlace
from tests.support.worker_processes import die_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.contracts.exports import TableExport
    from include.core.runs.run import StartedRun

DAG_ID = "table_export_to_kinesis"


@dataclass(frozen=True, kw_only=True)
class ExportPlace(StreamPlace):
    """Where exports land, are published, and are applied.

    Attributes:
        landing: name of a bucket that keeps versions.
        started: the runs that runs have started, oldest first.
        athena: URL of Athena, where large exports are compared.
        database, workgroup: of Glue and of Athena.
    """

    landing: str
    started: list[StartedRun] = field(default_factory=list)
    athena: str | None = None
    database: str = ""
    workgroup: str = ""

    def put(self, place: str, content: str | bytes) -> LandedObject:
        """A file lands below exports/; text ends up as gzip where the name says so."""
        body = content.encode() if isinstance(content, str) else content
        key = f"exports/{place}"
        if key.endswith(".gz") and isinstance(content, str):
            body = gzip.compress(body, mtime=0)
        put = client("s3", self.aws).put_object(Bucket=self.landing, Key=key, Body=body)
        return LandedObject(bucket=self.landing, key=key, version_id=put["VersionId"])

    def body_of(self, landed: LandedObject) -> bytes:
        """The bytes of a file that has landed."""
        answer = client("s3", self.aws).get_object(Bucket=self.landing, Key=landed.key)
        return bytes(answer["Body"].read())

    def publish(
        self,
        *landed: LandedObject,
        run_id: str = "publish",
        again: bool = False,
        decision: Any = None,
    ) -> dict[str, int]:
        """All tasks of a run that has been given files; returns the ledger's counts."""
        received = self.claim(*landed, run_id=run_id, again=again)
        registered = self.registrar(run_id, again=again, decision=decision).register(received.files)
        causes: dict[int, Failure] = {}
        computed: list[pipeline.Computed] = []
        published: list[pipeline.PublishedPart] = []
        for work in registered["work"]:
            try:
                one, parts = self.work_on(work, run_id)
            except SluiceError as error:
                failure = Failure(cause=error.of_file, final=isinstance(error, TerminalError))
                causes |= dict.fromkeys(work["indexes"], failure)
                continue
            computed.append(one)
            published += parts
        ends = pipeline.Settling(registered, computed, published)
        return self.settle(received, ends, causes, run_id)

    def claim(self, *landed: LandedObject, run_id: str, again: bool = False) -> Received:
        """What the first task has claimed."""
        return claim_files(
            self.landing_of_exports,
            landed,
            Run(dag_id=DAG_ID, run_id=run_id),
            connect=self.connect,
            found_by="hand" if again else "event",
            again=again,
        )

    def registrar(
        self, run_id: str = "publish", *, again: bool = False, decision: Any = None
    ) -> pipeline.Registrar:
        return pipeline.Registrar(
            self.landing_of_exports,
            pipeline.Declarations(
                self.dataset_of,
                client("s3", self.aws),
                taken=[dataset.name for dataset in all_datasets()],
                folder=self.folder,
                memory="192MB",
            ),
            connect=self.connect,
            run=Run(dag_id=DAG_ID, run_id=run_id),
            by_hand=again,
            decision=decision,
        )

    def work_on(
        self, work: pipeline.ExportWork, run_id: str = "publish"
    ) -> tuple[pipeline.Computed, list[pipeline.PublishedPart]]:
        """The tasks of one export."""
        dataset = self._dataset(work)
        with self.resources(run_id, "compute") as resources:
            computed = pipeline.take_in(dataset, work, resources=resources)
        if "comparing" in computed:
            # The worker that goes on may be another one.
            comparing = json.loads(json.dumps(computed["comparing"]))
            with self.resources(run_id, "go_on") as resources:
                computed = pipeline.take_in(dataset, work, comparing, resources=resources)
        parts = []
        for part in pipeline.parts_to_publish([computed]):
            with self.resources(run_id, f"part{part['number']}") as resources:
                parts.append(pipeline.publish_part(dataset, part, resources=resources))
        return computed, parts

    def settle(
        self,
        received: Received,
        ends: pipeline.Settling,
        causes: dict[int, Failure],
        run_id: str = "publish",
    ) -> dict[str, int]:
        """The last task but one; what it starts is appended to started."""
        run, now = Run(dag_id=DAG_ID, run_id=run_id), datetime.now(timezone.utc)
        of_sink = RunOfSink(
            **run.parameters, sink=f"kinesis:{self.stream}", as_of=now, started_at=now
        )
        with self.resources(run_id, "settle") as resources:
            results = ends.results(resources)
            counts = finish_run(
                received,
                results,
                resources=EndResources(
                    run=of_sink,
                    connect=self.connect,
                    landing=self.landing_of_exports,
                    lake=self.lake_store,
                    folder=resources.folder,
                    memory=resources.memory,
                    queue=ArrivalQueue(client=None, url="", retry_seconds=1),
                    ui_url="http://localhost:8080",
                ),
                failure_of=lambda index: causes.get(index, Failure(cause="It has no result")),
                on_entered=partial(ends.commit, run=run),
            )
        self.started.extend(ends.next_runs(self.connect, run))
        return counts

    def publish_dying_at(self, failpoint: str, *landed: LandedObject, run_id: str) -> None:
        """A run in a process of its own that must die at a failpoint."""
        work = partial(self.publish, *landed, run_id=run_id)
        die_at(failpoint, work, failpoints=self.failpoints)

    def compare(
        self,
        after: str,
        *,
        before: str | None,
        run_id: str = "compare",
        table: str = "acme/test_table",
    ) -> pipeline.Compared:
        """The task of a run that compares two versions of a table."""
        tenant, name = table.split("/")
        dataset, now = self.dataset_of(tenant, name), datetime.now(timezone.utc)
        assert dataset is not None
        run = RunOfSink(
            dag_id="compare_exports", run_id=run_id, sink="comparisons", as_of=now, started_at=now
        )
        asked: pipeline.Comparison = {
            "tenant": tenant,
            "table": name,
            "from_version": before,
            "to_version": after,
        }
        with self.resources(run_id, "compare") as resources:
            return pipeline.compare(
                dataset, asked, run=run, resources=resources, ui_url="http://localhost:8080"
            )

    def register(self, *landed: LandedObject, run_id: str = "register") -> None:
        """The first task alone: the versions are known, and no run has worked on them."""
        self.registrar(run_id).register(self.claim(*landed, run_id=run_id).files)

    @property
    def landing_of_exports(self) -> Landing:
        return Landing(
            pipeline=DAG_ID,
            client=client("s3", self.aws),
            bucket=self.landing,
            prefix=LANDING_PREFIXES[DAG_ID],
            suffixes=LANDING_SUFFIXES[DAG_ID],
        )

    @contextmanager
    def resources(self, run_id: str, task: str) -> Iterator[pipeline.ExportResources]:
        """What one task of a run works with."""
        with scratch_folder(run_id, task, root=self.folder) as folder:
            yield pipeline.ExportResources(
                run=Run(dag_id=DAG_ID, run_id=run_id),
                connect=self.connect,
                landing=self.landing_of_exports,
                lake=self.lake_store,
                folder=folder,
                memory="192MB",
                stream=client("kinesis", self.kinesis or self.aws),
                stream_name=self.stream,
                athena=self._athena,
            )

    def records(self) -> list[list[dict[str, Any]]]:
        """All records of the stream: of each shard in their order."""
        kinesis, found = client("kinesis", self.aws), []
        for shard in kinesis.list_shards(StreamName=self.stream)["Shards"]:
            answer = kinesis.get_shard_iterator(
                StreamName=self.stream,
                ShardId=shard["ShardId"],
                ShardIteratorType="TRIM_HORIZON",
            )
            of_shard: list[dict[str, Any]] = []
            iterator = answer["ShardIterator"]
            while (answer := kinesis.get_records(ShardIterator=iterator))["Records"]:
                of_shard += [json.loads(record["Data"]) for record in answer["Records"]]
                iterator = answer["NextShardIterator"]
            found.append(of_shard)
        return found

    def states(self) -> dict[str, str]:
        """The state of each export."""
        found = self.query("select tenant, table_name, version, state from ops.export")
        return {f"{tenant}/{table}/{version}": state for tenant, table, version, state in found}

    def _athena(self) -> pipeline.Athena:
        return pipeline.Athena(
            client=client("athena", self.athena or self.aws),
            glue=client("glue", self.aws),
            database=self.database,
            workgroup=self.workgroup,
            lake=self.lake_store,
        )

    def _dataset(self, work: pipeline.ExportWork) -> TableExport:
        dataset = self.dataset_of(work["export"]["tenant"], work["export"]["table"])
        assert dataset is not None
        return dataset
