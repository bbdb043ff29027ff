"""Rejected rows leave quarantine through the real scheduler, by the form of replay_rejects."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from include.core.summaries.summary import key_of
from tests.support.narrow_contract import (
    AS_OF,
    DAG,
    MOST,
    ROWS,
    SINK,
    WAITING,
    lake,
    narrow,
    rejected,
)
from tests.support.scheduled_runs import ScheduledRuns
from tests.support.team_dags import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from infra.local.stack import Stack

REPLAY = "replay_rejects"


@pytest.fixture
def runs(stack: Stack) -> ScheduledRuns:
    found = ScheduledRuns(stack)
    # A database that no run has used has no tables yet.
    assert found.trigger("migrate_warehouse")[1] == "success"
    return found


def started(runs: ScheduledRuns, last: int) -> list[tuple[str, str]]:
    """DAG and state of the runs that a replay has started."""
    return [(dag, state) for dag, run, state in runs.since(last) if run.startswith("replay__")]


def test_row_that_a_wider_contract_takes_ends_in_the_table(
    runs: ScheduledRuns, tmp_path: Path
) -> None:
    with rejected(runs, tmp_path) as waiting:
        last = runs.last()
        run_id, state = runs.trigger(REPLAY, sink=SINK, action="replay")
        assert state == "success"
        assert started(runs, last) == [(DAG, "success")]
        found = len(runs.query(ROWS, MOST))
        ((left,),) = runs.query(WAITING, SINK)
        assert found > 2
        assert found == waiting - left
        settled = runs.query(
            "select settled_how, settled_by_dag, count(*) from ops.rejected_row"
            " where settled_at is not null and sink = %s group by 1, 2",
            SINK,
        )
        assert settled == [("loaded", DAG, found)]
        (notice,) = runs.notices(run_id)
        assert notice["Subject"] == f"Sluice {SINK}: {found} of {waiting} rejected rows loaded"
        # Cleared, it starts no other run, and says nothing again.
        runs.clear(REPLAY, run_id)
        assert runs.wait(REPLAY, run_id) == "success"
        assert len(runs.query(ROWS, MOST)) == found


def test_rows_that_are_set_aside_stay_out_of_the_table(runs: ScheduledRuns, tmp_path: Path) -> None:
    with rejected(runs, tmp_path) as waiting:
        last = runs.last()
        asked = {"sink": SINK, "code": "above_maximum", "action": "set_aside"}
        assert runs.trigger(REPLAY, **asked)[1] == "failed"
        assert runs.query(WAITING, SINK) == [(waiting,)]
        run_id, state = runs.trigger(REPLAY, **asked, why="no such number")
        assert (state, started(runs, last)) == ("success", [])
        (notice,) = runs.notices(run_id)
        assert "set aside" in notice["Subject"]
        aside = runs.query(
            "select count(*) from ops.rejected_row where settled_why = 'no such number'"
        )
        assert runs.query(WAITING, SINK) == [(waiting - aside[0][0],)]
        shown = lake(runs).get_json(key_of("sinks", SINK))
        assert shown["open_rejects"]["total"] == waiting - aside[0][0]
        # Another run of the same version rejects the same lines, which stay set aside.
        narrow(runs, tmp_path).run(AS_OF, run_id="narrow again")
        assert runs.query(WAITING, SINK) == [(waiting - aside[0][0],)]


def test_run_that_fails_fails_the_replay_until_both_are_cleared(
    runs: ScheduledRuns, tmp_path: Path
) -> None:
    with rejected(runs, tmp_path) as waiting:
        ((key,),) = runs.query(
            "select details #>> '{sources,0,key}' from ops.run where run_id = 'narrow'"
        )
        store = lake(runs)
        answer = store.client.get_object(Bucket=store.bucket, Key=key)
        kept, metadata = answer["Body"].read(), answer["Metadata"]
        store.client.put_object(Bucket=store.bucket, Key=key, Body=b"damaged", Metadata=metadata)
        for made in store.keys(f"work/{DAG}/clean/"):
            store.client.delete_object(Bucket=store.bucket, Key=made)
        last = runs.last()
        run_id, state = runs.trigger(REPLAY, sink=SINK)
        assert (state, started(runs, last)) == ("failed", [(DAG, "failed")])
        assert runs.query(WAITING, SINK) == [(waiting,)]
        (notice,) = runs.notices(run_id)
        assert "Failed task: settle" in notice["Message"]
        assert "1 run failed: covid_us_daily replay__" in notice["Message"]
        store.client.put_object(Bucket=store.bucket, Key=key, Body=kept, Metadata=metadata)
        ((replayed,),) = [(run,) for dag, run, _ in runs.since(last) if dag == DAG]
        runs.clear(DAG, replayed)
        assert runs.wait(DAG, replayed) == "success"
        runs.clear(REPLAY, run_id)
        assert runs.wait(REPLAY, run_id) == "success"
        assert len(runs.query(ROWS, MOST)) > 2


def test_version_that_the_archive_has_no_more_is_left_and_said(
    runs: ScheduledRuns, tmp_path: Path
) -> None:
    with rejected(runs, tmp_path) as waiting:
        store = lake(runs)
        for key in store.keys("raw/github/nytimes/covid-19-data/"):
            if key.endswith("/us.csv"):
                store.client.delete_object(Bucket=store.bucket, Key=key)
        last = runs.last()
        run_id, state = runs.trigger(REPLAY, sink=SINK)
        assert (state, started(runs, last)) == ("success", [])
        assert runs.query(WAITING, SINK) == [(waiting,)]
        (notice,) = runs.notices(run_id)
        assert "the archive has it no more" in notice["Message"]


def land(runs: ScheduledRuns, key: str, body: bytes) -> None:
    runs.stack.emulator.client("s3").put_object(
        Bucket=runs.stack.running.outputs["LandingBucket"], Key=key, Body=body
    )


def rows(good: int) -> bytes:
    """A file of good rows and one that is too short."""
    lines = [f"{number},1,Main St,Springfield,01234" for number in range(good)]
    return "\n".join(["ID,HouseNum,Street,Town,Zip", *lines, "2,x", ""]).encode()


def order_lines(good: int) -> bytes:
    """An export of good rows and one without a product."""
    lines = [f"{number},1,nails,2,0.5,2026-03-01,2026-03-01T08:30:00" for number in range(1, good)]
    header = "order_id,line,product,quantity,price,ordered_on,changed_at"
    return "\n".join([header, *lines, "1,2,,2,0.5,2026-03-01,2026-03-01T08:30:00", ""]).encode()


@pytest.mark.thorough(usual=1)
@pytest.mark.parametrize(
    ("dag_id", "key", "body"),
    [
        ("csv_upload_to_sqs", "uploads/sqs/replayed.csv", rows(30)),
        ("csv_upload_to_dynamodb", "uploads/dynamodb/replayed.csv", rows(30)),
        (
            "table_export_to_kinesis",
            "exports/replays/order_lines/v1/all.csv.gz",
            gzip.compress(order_lines(200)),
        ),
    ],
)
def test_every_dag_takes_what_a_replay_gives_it(
    runs: ScheduledRuns, dag_id: str, key: str, body: bytes
) -> None:
    land(runs, key, body)
    waiting = "select sink, version from ops.open_reject where file = %s"
    wait_until(lambda: bool(runs.query(waiting, key)))
    ((sink, version),) = runs.query(waiting, key)
    last = runs.last()
    run_id, state = runs.trigger(REPLAY, sink=sink, file=key, version=version)
    assert (state, started(runs, last)) == ("success", [(dag_id, "success")])
    (notice,) = runs.notices(run_id)
    assert notice["Subject"] == f"Sluice {sink}: 0 of 1 rejected row loaded"
    (replayed,) = [run for dag, run, _ in runs.since(last) if run.startswith("replay__")]
    ((read, rejected_again, delivered),) = runs.query(
        "select read, rejected, delivered from ops.run where run_id = %s", replayed
    )
    assert rejected_again == 1
    if dag_id == "csv_upload_to_sqs":
        assert (read, delivered) == (1, 0)


def test_records_of_the_stream_are_read_again_by_its_dag(runs: ScheduledRuns) -> None:
    outputs = runs.stack.running.outputs
    stream = outputs["ChangesStream"]
    kinesis = runs.stack.emulator.client("kinesis")
    kinesis.put_record(StreamName=stream, Data=b"noise", PartitionKey="a")
    assert runs.trigger("kinesis_to_postgres")[1] == "success"
    sink = f"kinesis:{stream}"
    waiting = "select count(*) from ops.open_reject where sink = %s and code = 'not_json'"
    assert runs.query(waiting, sink) == [(1,)]
    last = runs.last()
    _, state = runs.trigger(REPLAY, sink=sink, code="not_json")
    assert (state, started(runs, last)) == ("success", [("kinesis_to_postgres", "success")])
    assert runs.query(waiting, sink) == [(1,)]
