"""What replay_rejects finds, starts, sets aside and says, on a real database."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from include.core.runs import repair
from include.core.runs.repair import MOST_RUNS, Asked, find_waiting, set_aside
from include.core.warehouse.connection import transaction
from include.errors import ReplayError
from tests.support.quarantines import AS_OF, DAG, SINK, Quarantine
from tests.support.worker_processes import die_at, failpoints_of

if TYPE_CHECKING:
    from include.core.runs.repair import WaitingVersion

V1, V2 = ("a.csv", "1"), ("a.csv", "2")
LATER = AS_OF + timedelta(days=1)
FAILPOINTS = failpoints_of([Path(str(repair.__file__))])


@pytest.fixture
def quarantine(ready_uri: str) -> Quarantine:
    return Quarantine(uri=ready_uri)


def test_each_version_is_read_again_for_the_newest_moment_that_had_it(
    quarantine: Quarantine,
) -> None:
    quarantine.run("one", {V1: [3, 5]})
    quarantine.run("two", {V1: [3, 5]}, as_of=LATER)
    quarantine.run("three", {V2: [9]})
    found = find_waiting(quarantine.connect, Asked(sink=SINK))
    assert [(each["version"], each["rows"], each["as_of"]) for each in found["versions"]] == [
        ("1", 2, LATER.isoformat()),
        ("2", 1, AS_OF.isoformat()),
    ]
    assert {each["dag_id"] for each in found["versions"]} == {DAG}
    runs = quarantine.plan()["runs"]
    assert [run["conf"] for run in runs] == [
        {"as_of": LATER.isoformat()},
        {"as_of": AS_OF.isoformat()},
    ]


def test_versions_of_one_moment_are_read_by_one_run_which_is_the_same_when_asked_again(
    quarantine: Quarantine,
) -> None:
    quarantine.run("one", {V1: [3], ("b.csv", "1"): [4]})
    (first,) = quarantine.plan()["runs"]
    (again,) = quarantine.plan()["runs"]
    assert first == again
    assert first["trigger_dag_id"] == DAG
    assert first["trigger_run_id"].startswith("replay__")


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        ({}, [3, 9, 3]),
        ({"code": "short"}, [3, 9]),
        ({"code": "long"}, [3]),
        ({"file": "b.csv"}, [3]),
        ({"version": "2"}, [9]),
        ({"file": "b.csv", "version": "2"}, []),
        ({"code": "' or true --"}, []),
    ],
)
def test_only_rows_that_are_asked_for_are_found_and_set_aside(
    quarantine: Quarantine, asked: dict[str, str], lines: list[int]
) -> None:
    quarantine.run("one", {V1: [3], V2: [9]})
    quarantine.run("two", {("b.csv", "1"): [3]}, code="long")
    found = find_waiting(quarantine.connect, Asked(sink=SINK, **asked))
    assert sum(each["rows"] for each in found["versions"]) == len(lines)
    assert quarantine.set_aside("a word", **asked)["settled"] == len(lines)
    assert len(quarantine.open()) == 3 - len(lines)


def test_way_that_says_why_not_leaves_the_version_and_others_go_on(quarantine: Quarantine) -> None:
    quarantine.run("one", {V1: [3], V2: [4]})
    quarantine.run("two", {("c.csv", "1"): [3]}, dag_id="retired")

    def way(version: WaitingVersion) -> dict[str, str] | str:
        return "the archive has it no more" if version["version"] == "1" else {"as_of": "then"}

    planned = quarantine.plan({DAG: way})
    assert [run["conf"] for run in planned["runs"]] == [{"as_of": "then"}]
    assert sorted(planned["left"]) == [
        "a.csv (version 1): the archive has it no more",
        "c.csv (version 1): there is no DAG retired any more",
    ]
    quarantine.run(planned["runs"][0]["trigger_run_id"], {V2: []})
    assert quarantine.end(planned, ["success"]) == {
        "asked": 3, "settled": 1, "settled_by_others": 0, "waiting": 2,
    }  # fmt: skip
    subject, text = quarantine.notice()
    assert subject == "Sluice covid.us_daily: 1 of 3 rejected rows loaded"
    assert "a.csv (version 1): the archive has it no more" in text
    assert "a.csv (version 2): 1 loaded, 0 left" in text


def test_versions_beyond_those_of_a_hundred_runs_are_left_and_said(quarantine: Quarantine) -> None:
    for number in range(MOST_RUNS + 1):
        version = {("a.csv", f"{number}"): [3]}
        quarantine.run(f"run {number}", version, as_of=AS_OF + timedelta(hours=number))
    planned = quarantine.plan()
    assert len(planned["runs"]) == MOST_RUNS
    assert planned["left"] == ["a.csv (version 0): 100 runs are enough at once; replay again"]


def test_rows_that_are_rejected_again_are_left(quarantine: Quarantine) -> None:
    quarantine.run("one", {V1: [3, 5]})
    planned = quarantine.plan()
    quarantine.run(planned["runs"][0]["trigger_run_id"], {V1: [5, 7]}, code="long")
    assert quarantine.end(planned, ["success"]) == {
        "asked": 2, "settled": 1, "settled_by_others": 0, "waiting": 1,
    }  # fmt: skip
    assert quarantine.open() == [(*V1, 5), (*V1, 7)]


def test_failed_run_fails_the_replay_and_what_the_others_loaded_stays(
    quarantine: Quarantine,
) -> None:
    quarantine.run("one", {V1: [3]})
    quarantine.run("two", {V2: [4]}, as_of=LATER)
    planned = quarantine.plan()
    good, bad = planned["runs"]
    quarantine.run(good["trigger_run_id"], {V2: []}, as_of=LATER)
    quarantine.fail(bad["trigger_run_id"])
    with pytest.raises(ReplayError, match=r"1 run failed: .*1 rejected row loaded, 1 left") as told:
        quarantine.end(planned, ["success", "failed"])
    assert bad["trigger_run_id"] in str(told.value)
    assert quarantine.open() == [(*V1, 3)]
    assert quarantine.query("select 1 from ops.outbox") == []
    # Its cause is gone, and its tasks and those of the replay were cleared.
    quarantine.run(bad["trigger_run_id"], {V1: []})
    assert quarantine.end(planned, ["success", "success"])["settled"] == 2


def test_two_replays_at_once_load_each_row_once_and_say_who_did(quarantine: Quarantine) -> None:
    quarantine.run("one", {V1: [3, 5]})
    first = quarantine.plan()
    second = quarantine.plan()
    quarantine.run("by the other", {V1: [5]})
    quarantine.run(first["runs"][0]["trigger_run_id"], {V1: []})
    for planned, run_id in ((first, "first"), (second, "second")):
        assert quarantine.end(planned, ["success"], run_id=run_id) == {
            "asked": 2, "settled": 1, "settled_by_others": 1, "waiting": 0,
        }  # fmt: skip
    assert "by others:  1" in quarantine.notice("first")[1]


def test_nothing_that_was_asked_for_is_said(quarantine: Quarantine) -> None:
    quarantine.end(quarantine.plan(), [])
    subject, _ = quarantine.notice()
    assert subject == "Sluice covid.us_daily: no rejected row waits that was asked for"


def test_rows_set_aside_have_who_when_and_why_and_the_notice_says_it(
    quarantine: Quarantine,
) -> None:
    quarantine.run("one", {V1: [3]})
    quarantine.set_aside("no such town")
    found = quarantine.query(
        "select settled_how, settled_why, settled_by_dag, settled_by_run,"
        " settled_at between rejected_at and clock_timestamp() from ops.rejected_row"
    )
    assert found == [("set aside", "no such town", "replay_rejects", "repair", True)]
    subject, text = quarantine.notice()
    assert subject == "Sluice covid.us_daily: 1 of 1 rejected row set aside"
    assert "Why:         no such town" in text


def test_row_that_is_rejected_after_a_person_asked_waits(quarantine: Quarantine) -> None:
    quarantine.run("one", {V1: [3]})
    planned = quarantine.plan({})
    quarantine.run("two", {V2: [4]})
    quarantine.end(planned, [], why="a word")
    assert quarantine.open() == [(*V2, 4)]


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_setting_aside_that_dies_sets_nothing_aside_and_its_rerun_does(
    quarantine: Quarantine, failpoint: str, tmp_path: Path
) -> None:
    quarantine.run("one", {V1: [3]})
    planned = quarantine.plan({}) | {"left": []}
    end = partial(quarantine.end, planned, [], why="a word")
    die_at(failpoint, end, failpoints=tmp_path / "failpoints")
    assert quarantine.open() == [(*V1, 3)]
    assert quarantine.query("select 1 from ops.outbox") == []
    assert end()["settled"] == end()["settled"] == 1
    assert len(quarantine.query("select 1 from ops.outbox")) == 1


def test_end_of_a_replay_that_dies_after_the_load_is_told_by_its_rerun(
    quarantine: Quarantine, tmp_path: Path
) -> None:
    quarantine.run("one", {V1: [3]})
    planned = quarantine.plan()
    quarantine.run(planned["runs"][0]["trigger_run_id"], {V1: []})
    end = partial(quarantine.end, planned, ["success"])
    die_at("repair.noticed", end, failpoints=tmp_path / "failpoints")
    assert quarantine.query("select 1 from ops.outbox") == []
    assert end() == {"asked": 1, "settled": 1, "settled_by_others": 0, "waiting": 0}


def test_row_that_a_run_is_about_to_reject_again_is_set_aside_as_well(
    quarantine: Quarantine,
) -> None:
    """The run must not add a row that does not know that it was set aside."""
    quarantine.run("one", {V1: [3]})
    found = find_waiting(quarantine.connect, Asked(sink=SINK))
    with transaction(quarantine.connect, doing="set aside") as cursor:
        set_aside(cursor, Asked(sink=SINK), found, run=quarantine.facts("repair"), why="a word")
        rejecting = threading.Thread(target=quarantine.run, args=("two", {V1: [3]}))
        rejecting.start()
        rejecting.join(0.5)
        assert rejecting.is_alive()
    rejecting.join(10)
    assert quarantine.open() == []
    assert len(quarantine.settled()) == 2
