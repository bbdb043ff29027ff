"""Runs of api_to_lake task by task, in this process or in one that dies."""

from __future__ import annotations

import json
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg2

from include.core.aws.hand_over import HandOver
from include.core.aws.objects import ObjectStore
from include.core.runs.ledger import RunOfSink
from include.core.runs.outbox import announce_end
from include.core.scratch import scratch_folder
from include.core.web.client import Web
from include.core.web.origins import origin_of
from include.pipelines import api_to_lake as pipeline
from include.pipelines.api_to_lake.partition import partition_key
from tests.support.clients import client
from tests.support.worker_processes import die_at, once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from psycopg2.extensions import connection

    from include.contracts.apis import ApiDataset
    from include.core.runs.run import Run

KEY = "canary-9f1c2b7e"
CENTURY = 100 * 365 * 24 * 3600


def hour(text: str) -> datetime:
    """2020-12-05T08 in UTC."""
    return datetime.fromisoformat(f"{text}:00:00").replace(tzinfo=timezone.utc)


@dataclass(frozen=True, kw_only=True)
class ApiPlace:
    """Where an API is asked, and its table is filled; other processes can have it.

    Attributes:
        dataset: the contract.
        loader_uri: libpq URI of a warehouse that is up to date.
        aws: URL of the emulator.
        lake: name of a bucket.
        database: of Glue.
        stand_in: URL of the API's stand-in.
        folder: for temporary files, failpoints, and what tasks have returned.
        key: of the API.
        late_seconds: how long after its hour an API without a history is asked.
        retry_seconds: as Web has them.
        told: subjects of the notices that were sent, in order.
    """

    dataset: ApiDataset
    loader_uri: str
    aws: str
    lake: str
    database: str
    stand_in: str
    folder: Path
    key: str = KEY
    late_seconds: int = CENTURY
    retry_seconds: float = 60
    told: list[str] = field(default_factory=list)

    def connect(self) -> connection:
        return psycopg2.connect(self.loader_uri)

    @property
    def store(self) -> ObjectStore:
        return ObjectStore(client=client("s3", self.aws), bucket=self.lake)

    def run(self, as_of: datetime, run_id: str = "run", *, refetch: bool = False) -> Any:
        """All tasks of a run, those that have returned left out; what publish returned.

        None where the hour was skipped. A run that is called again is one whose tasks were tried
        again: it goes on where it was.
        """
        keep = partial(self._once, run_id)
        run = self.run_of(as_of, run_id)
        tried = [
            keep(f"fetch {call.name}", partial(self.fetch, call, run, refetch=refetch))
            for call in self.dataset.calls
        ]
        fetched = [found for found in tried if found]
        stored = keep("store", partial(self.store_raw, fetched, run, refetch=refetch))
        published = None
        if stored["state"] != "skipped":
            converted = keep("convert", partial(self.convert, run))
            published = keep("publish", partial(self.publish, converted, stored, run))
        announced = announce_end(self.connect, run, publish=lambda _: None)
        self.told.extend(announced)
        return published

    def run_dying_at(self, failpoint: str, as_of: datetime, run_id: str) -> None:
        """A run in a process of its own that must die at a failpoint."""
        die_at(failpoint, partial(self.run, as_of, run_id), failpoints=self.folder / "failpoints")

    def fetch(self, call: Any, run: RunOfSink, *, refetch: bool) -> pipeline.FetchedCall | None:
        with self.resources(run, f"fetch {call.name}") as lake:
            resources = pipeline.FetchResources(
                web=self.web,
                stand_in=self.stand_in,
                key=self.key,
                late_seconds=self.late_seconds,
                connect=self.connect,
                hand_over=lake.hand_over,
            )
            try:
                return pipeline.fetch(
                    self.dataset, call, as_of=run.as_of, refetch=refetch, resources=resources
                )
            except pipeline.UnansweredCallError:
                return None

    def store_raw(
        self, fetched: list[pipeline.FetchedCall], run: RunOfSink, *, refetch: bool
    ) -> pipeline.StoredHour:
        with self.resources(run, "store_raw") as resources:
            return pipeline.store_raw(
                self.dataset, fetched, run=run, refetch=refetch, resources=resources
            )

    def convert(self, run: RunOfSink) -> pipeline.ConvertedHour:
        with self.resources(run, "convert") as resources:
            return pipeline.convert(self.dataset, run=run, resources=resources)

    def publish(
        self, converted: pipeline.ConvertedHour, stored: pipeline.StoredHour, run: RunOfSink
    ) -> pipeline.PublishedHour:
        with self.resources(run, "publish") as resources:
            return pipeline.publish(self.dataset, converted, stored, run=run, resources=resources)

    @property
    def web(self) -> Web:
        """As the tasks have it, with shorter pauses."""
        return Web(
            hosts=(origin_of(self.dataset.url).host,),
            stand_ins=(self.stand_in,),
            request_seconds=self.dataset.request_seconds,
            retry_seconds=self.retry_seconds,
            sleep=lambda seconds: time.sleep(min(seconds, 0.01)),
        )

    def run_of(self, as_of: datetime, run_id: str) -> RunOfSink:
        return RunOfSink(
            dag_id=self.dataset.name,
            run_id=run_id,
            sink=self.dataset.sink,
            as_of=as_of,
            started_at=as_of,
        )

    @contextmanager
    def resources(self, run: Run, task: str) -> Iterator[pipeline.LakeResources]:
        """What one task of a run works with."""
        with scratch_folder(run.run_id, task, root=self.folder) as folder:
            yield pipeline.LakeResources(
                hand_over=HandOver(store=self.store, prefix=run.work_prefix, folder=folder),
                connect=self.connect,
                glue=client("glue", self.aws),
                database=self.database,
                memory="192MB",
                ui_url="http://localhost:8080",
            )

    def query(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as connected, connected, connected.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    def published(self, as_of: datetime) -> bytes | None:
        """The bytes of the file that has an hour's rows."""
        try:
            answer = self.store.client.get_object(
                Bucket=self.lake, Key=partition_key(self.dataset, as_of)
            )
        except self.store.client.exceptions.NoSuchKey:
            return None
        return bytes(answer["Body"].read())

    def rows(self, as_of: datetime) -> list[tuple[Any, ...]]:
        """The rows of the file that has an hour's rows: as_of first, then the declared columns."""
        body = self.published(as_of)
        if body is None:
            return []
        path = self.folder / "published.parquet"
        path.write_bytes(body)
        names = ", ".join(f'"{column.name}"' for column in self.dataset.columns)
        with duckdb.connect() as opened:
            return opened.execute(
                f"select as_of, {names} from read_parquet('{path}') order by 1, 2"
            ).fetchall()

    def expected(self, *hours: datetime) -> list[tuple[Any, ...]]:
        """What the raw zone says, read by plain Python."""
        rows = []
        for as_of in hours:
            index = self.store.get_json(f"{self.raw_prefix(as_of)}hour.json")
            answers = [answer for each in index["calls"].values() for answer in each]
            for answer in answers:
                found = self.store.client.get_object(Bucket=self.lake, Key=answer["key"])
                for record in _records(json.loads(found["Body"].read()), self.dataset):
                    values = [_value(record, declared) for declared in self.dataset.fields]
                    rows.append((as_of.replace(tzinfo=None), *values))
        # By hour, and by the first column, which is the key.
        return sorted(rows, key=lambda row: row[:2])

    def raw_prefix(self, as_of: datetime) -> str:
        return f"raw/api/{self.dataset.name}/dt={as_of:%Y-%m-%d}/hour={as_of:%H}/"

    def raw_keys(self, as_of: datetime) -> list[str]:
        """Keys of an hour in the raw zone, without the hour's own part."""
        prefix = self.raw_prefix(as_of)
        return [key.removeprefix(prefix) for key in self.store.keys(prefix)]

    def _once(self, run_id: str, task: str, function: Callable[[], Any]) -> Any:
        return once(self.folder / "returned" / run_id / f"{task}.json", function)


def _records(answer: Any, dataset: ApiDataset) -> list[dict[str, Any]]:
    found = answer
    for name in filter(None, dataset.records.split(".")):
        found = found.get(name, []) if dataset.absent_is_empty else found[name]
    return found if isinstance(found, list) else [found]


def _value(record: Any, declared: Any) -> Any:
    for name in declared.path.split("."):
        if isinstance(record, list):
            record = record[int(name)] if int(name) < len(record) else None
        else:
            record = (record or {}).get(name)
    if record is None:
        return None
    if declared.epoch:
        seconds = record / (1000 if declared.epoch == "ms" else 1)
        return datetime.fromtimestamp(seconds, timezone.utc).replace(tzinfo=None)
    if declared.column.type == "timestamptz":
        moment = datetime.fromisoformat(record.replace("Z", "+00:00"))
        return moment.astimezone(timezone.utc).replace(tzinfo=None)
    return float(record) if declared.column.type == "double precision" else record
