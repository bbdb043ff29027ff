"""Places where pipelines run: warehouses, buckets, queues, and GitHub with three versions."""

from __future__ import annotations

import itertools
import json
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import psycopg2
import pytest

from include.core.aws import batches
from include.datasets import covid_us_daily, covid_us_states_daily
from infra.local.stand_ins.github import GitHubStandIn
from tests.support import covid_oracle as oracle
from tests.support.clients import client, s3_in_pages
from tests.support.databases import copy_database
from tests.support.invariants import Trial
from tests.support.landing_bucket import Bucket
from tests.support.pipeline_runs import write_version
from tests.support.registry import Registry
from tests.support.resumable_runs import Place
from tests.support.upload_runs import UploadRuns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.core.aws.objects import ObjectStore
    from infra.local.postgres import Server
    from tests.conftest import Aws

# Each version adds a day; the second revises one, drops one and has a bad row.
STATES, DAYS = 40, 650
US = {
    "2020-12-01": {1: 10, 2: 20, 3: 30, 4: 40},
    "2020-12-02": {1: 10, 2: 21, 3: 30, 5: 50, 6: 60},
    "2020-12-03": {1: 10, 2: 22, 3: 30, 4: 40, 5: 50, 7: 70},
}
_numbers = itertools.count()


@pytest.fixture
def github_root(tmp_path: Path) -> Path:
    """Three versions of both sources of covid_us_daily, each committed at 06:00 of its day."""
    folder = tmp_path / "github"
    for version, days in US.items():
        us = ["date,cases,deaths", *(f"2020-11-{day:02},{n},1" for day, n in days.items())]
        if version == "2020-12-02":
            us.append("2020-11-08,many,1")
        combined = [
            "Date,Country/Region,Province/State,Confirmed,Recovered,Deaths",
            *(f"2020-11-{day:02},US,,9,{int(version[-2:]) + day},1" for day in list(days)[:3]),
        ]
        time = f"{version}T060000Z"
        write_version(folder, oracle.US, time, "\n".join([*us, ""]))
        write_version(folder, oracle.COMBINED, time, "\n".join([*combined, ""]))
    return folder


@pytest.fixture
def github(github_root: Path) -> Iterator[GitHubStandIn]:
    with GitHubStandIn(github_root) as stand_in:
        yield stand_in


@pytest.fixture
def place(
    warehouse_uri: str, aws: Aws, lake: ObjectStore, github: GitHubStandIn, tmp_path: Path
) -> Place:
    """Where covid_us_daily can be run, by this process and by others."""
    topic = aws.client("sns").create_topic(Name=f"faults-{next(_numbers)}")["TopicArn"]
    return Place(
        dataset=covid_us_daily.DATASET,
        warehouse_uri=warehouse_uri,
        aws=aws.endpoint,
        bucket=lake.bucket,
        topic=topic,
        github_url=github.url,
        folder=tmp_path,
    )


@pytest.fixture
def notices_queue(place: Place, aws: Aws) -> str:
    """A queue that receives all that the place's topic is given."""
    sqs = aws.client("sqs")
    queue = str(sqs.create_queue(QueueName=place.topic.rsplit(":", 1)[-1])["QueueUrl"])
    wanted = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = wanted["Attributes"]["QueueArn"]
    aws.client("sns").subscribe(TopicArn=place.topic, Protocol="sqs", Endpoint=arn)
    return queue


@pytest.fixture
def trial(place: Place, github_root: Path, notices_queue: str) -> Iterator[Trial]:
    """Runs of covid_us_daily, read by others all the time."""
    with Trial(place=place, root=github_root, queue=notices_queue) as under_way:
        yield under_way


@pytest.fixture
def large(place: Place, github_root: Path, notices_queue: str) -> Iterator[Trial]:
    """Runs of covid_us_states_daily, 26,000 rows, of which the second version revises many."""
    for version, factor in (("2020-12-01", 10), ("2020-12-02", 7)):
        lines = [
            f"{date(2019, 7, 1) + timedelta(days=day)},State {state},{state:02},"
            f"{day * state // factor},{day}"
            for day in range(DAYS)
            for state in range(1, STATES + 1)
        ]
        text = "\n".join(["date,state,fips,cases,deaths", *lines, ""])
        write_version(github_root, oracle.STATES, f"{version}T060000Z", text)
    states = replace(place, dataset=covid_us_states_daily.DATASET)
    with Trial(place=states, root=github_root, queue=notices_queue) as under_way:
        yield under_way


@pytest.fixture(scope="session")
def shared_warehouse_uri(postgres: Server, migrated: str) -> Iterator[str]:
    """The libpq URI of a warehouse that is up to date, for all tests of a worker."""
    yield copy_database(postgres, migrated, "shared")
    postgres.drop_database("shared")


@pytest.fixture
def ready_uri(shared_warehouse_uri: str, postgres: Server) -> str:
    """The loader's libpq URI of a warehouse that is up to date, without a row of any run."""
    with closing(psycopg2.connect(shared_warehouse_uri)) as opened, opened:
        opened.cursor().execute(
            "truncate ops.arrival, ops.arrival_progress, ops.run, ops.rejected_row, ops.outbox"
        )
    return postgres.uri("sluice_loader", "shared")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches that failed in part go again almost at once."""
    monkeypatch.setattr(batches, "_backoff", lambda _: 0.01)


@pytest.fixture
def landing(aws: Aws) -> str:
    """A bucket of its own that keeps versions, empty."""
    name, s3 = f"landing-{next(_numbers)}", client("s3", aws.endpoint)
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture
def runs(aws: Aws, ready_uri: str, landing: str, tmp_path: Path) -> UploadRuns:
    """A bucket where files land, and a queue that redrives to another."""
    sqs = client("sqs", aws.endpoint)
    dead_letters = sqs.create_queue(QueueName=f"{landing}-dead-letters")["QueueUrl"]
    named = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])
    redrive = {"deadLetterTargetArn": named["Attributes"]["QueueArn"], "maxReceiveCount": 3}
    queue = sqs.create_queue(QueueName=landing, Attributes={"RedrivePolicy": json.dumps(redrive)})
    return UploadRuns(
        warehouse_uri=ready_uri,
        aws=aws.endpoint,
        bucket=landing,
        queue=queue["QueueUrl"],
        dead_letters=dead_letters,
        folder=tmp_path,
    )


@pytest.fixture
def registry(ready_uri: str) -> Registry:
    return Registry(lambda: psycopg2.connect(ready_uri))


@pytest.fixture
def bucket(aws: Aws, landing: str) -> Bucket:
    """Times are as S3 gives them, to the second."""
    return Bucket(s3=s3_in_pages(aws.endpoint), name=landing)
