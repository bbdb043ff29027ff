"""Rows leave quarantine in the transaction that loads their version, and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.errors import CheckViolation, InsufficientPrivilege

from include.core.runs import quarantine as module
from include.core.runs.ledger import RunOfSink
from include.core.runs.quarantine import add_rows, quarantine_rows
from include.core.warehouse.connection import transaction
from tests.support.quarantines import AS_OF, DAG, SINK, Quarantine, reject
from tests.support.worker_processes import die_at, failpoints_of

V1, V2 = ("a.csv", "1"), ("a.csv", "2")
FAILPOINTS = failpoints_of([Path(str(module.__file__))])


@pytest.fixture
def quarantine(ready_uri: str) -> Quarantine:
    return Quarantine(uri=ready_uri)


def test_row_that_is_not_rejected_again_has_left_and_the_others_wait(
    quarantine: Quarantine,
) -> None:
    quarantine.run("one", {V1: [3, 5], V2: [3]})
    quarantine.run("two", {V1: [5]})
    assert quarantine.settled() == [("one", 3, "loaded", "two")]
    assert quarantine.open() == [(*V1, 5), (*V2, 3)]


def test_line_that_several_runs_reject_waits_once_as_the_last_one_saw_it(
    quarantine: Quarantine,
) -> None:
    quarantine.run("one", {V1: [3]})
    quarantine.run("two", {V1: [3]}, code="long")
    assert quarantine.query("select run_id, code from ops.open_reject") == [("two", "long")]
    first = quarantine.query("select min(rejected_at) from ops.rejected_row")
    assert quarantine.query("select waits_since from ops.open_reject") == first
    quarantine.run("three", {V1: []})
    assert quarantine.open() == []
    assert quarantine.settled() == [("one", 3, "loaded", "three"), ("two", 3, "loaded", "three")]


def test_row_that_is_rejected_again_after_it_was_loaded_waits_again(
    quarantine: Quarantine,
) -> None:
    quarantine.run("one", {V1: [3]})
    quarantine.run("two", {V1: []})
    quarantine.run("three", {V1: [3]})
    assert quarantine.query("select run_id, line from ops.open_reject") == [("three", 3)]


def test_run_that_failed_leaves_its_rows_where_they_are(quarantine: Quarantine) -> None:
    quarantine.run("one", {V1: [3]})
    quarantine.fail("two")
    assert (quarantine.open(), quarantine.settled()) == ([(*V1, 3)], [])


def test_other_sink_and_other_version_are_left_alone(quarantine: Quarantine) -> None:
    quarantine.run("one", {V1: [3]})
    quarantine.run("two", {V1: []}, sink="covid.us_states_daily")
    quarantine.run("three", {V2: [], ("b.csv", "1"): []})
    assert quarantine.open() == [(*V1, 3)]


def test_cleared_run_keeps_what_it_has_loaded_now_as_settled_by_itself(
    quarantine: Quarantine,
) -> None:
    quarantine.run("one", {V1: [3, 5]})
    quarantine.run("one", {V1: [5]})
    assert quarantine.settled() == [("one", 3, "loaded", "one")]
    assert quarantine.query("select count(*) from ops.rejected_row where settled_at is null") == [
        (1,)
    ]
    before = quarantine.query("select line, settled_at from ops.rejected_row order by line")[0]
    quarantine.run("one", {V1: [5]})
    after = quarantine.query("select line, settled_at from ops.rejected_row order by line")[0]
    assert before == after


def test_row_that_was_set_aside_stays_so_however_often_it_is_rejected(
    quarantine: Quarantine,
) -> None:
    quarantine.run("one", {V1: [3]})
    quarantine.run("two", {V1: [3, 5]})
    assert quarantine.set_aside("no such town", code="short", version="1")["settled"] == 2
    for run_id in ("one", "three"):
        quarantine.run(run_id, {V1: [3, 5]})
    assert quarantine.open() == []
    whys = quarantine.query("select distinct settled_how, settled_why from ops.rejected_row")
    assert whys == [("set aside", "no such town")]
    quarantine.run("four", {V2: [3]})
    assert quarantine.open() == [(*V2, 3)]


def test_records_without_a_line_are_told_apart_by_their_version(quarantine: Quarantine) -> None:
    quarantine.run("one", {("shard", "1"): [None], ("shard", "2"): [None]})
    quarantine.run("two", {("shard", "1"): [], ("shard", "2"): [None]})
    assert quarantine.open() == [("shard", "2", None)]


def test_rows_that_are_added_settle_what_was_read_and_keep_what_the_run_had(
    quarantine: Quarantine,
) -> None:
    quarantine.run("one", {V1: [3]})
    run = RunOfSink(dag_id=DAG, run_id="two", sink=SINK, as_of=AS_OF, started_at=AS_OF)
    for version, line, read in ((V2, 9, [V1]), (V1, 4, [])):
        with transaction(quarantine.connect, doing="add") as cursor:
            assert add_rows(cursor, run, SINK, [reject(*version, line)], read=read) == 1
    assert quarantine.open() == [(*V1, 4), (*V2, 9)]


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_run_that_dies_before_it_commits_settles_nothing_and_its_rerun_does(
    quarantine: Quarantine, failpoint: str, tmp_path: Path
) -> None:
    quarantine.run("one", {V1: [3, 5]})
    load = partial(quarantine.run, "two", {V1: [5]})
    die_at(failpoint, load, failpoints=tmp_path / "failpoints")
    assert (quarantine.open(), quarantine.settled()) == ([(*V1, 3), (*V1, 5)], [])
    load()
    assert quarantine.settled() == [("one", 3, "loaded", "two")]


def test_many_rows_of_one_version_take_seconds(quarantine: Quarantine) -> None:
    many = range(1, 20_001)
    quarantine.run("one", {V1: many})
    quarantine.run("two", {V1: [line for line in many if line % 2]})
    assert len(quarantine.open()) == 10_000
    assert len(quarantine.settled()) == 10_000


LINES = st.sets(st.integers(1, 4))
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("run"),
            st.sampled_from("abc"),
            st.dictionaries(st.sampled_from([V1, V2]), LINES, min_size=1),
        ),
        st.tuples(st.just("aside"), st.sampled_from("12"), st.just(None)),
    ),
    max_size=7,
)


def test_what_waits_is_what_the_last_reading_rejected_but_for_what_was_set_aside(
    quarantine: Quarantine,
) -> None:
    """Whatever runs read which versions, again and again, and whatever people set aside."""

    @settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(STEPS)
    def waits_as_expected(steps: list[Any]) -> None:
        quarantine.query("delete from ops.rejected_row")
        quarantine.query("delete from ops.outbox where true")
        waiting: dict[tuple[str, str], set[int]] = defaultdict(set)
        aside: dict[tuple[str, str], set[int]] = defaultdict(set)
        mine: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for kind, name, read in steps:
            if kind == "aside":
                version = ("a.csv", name)
                quarantine.set_aside("word", version=name)
                aside[version] |= waiting.pop(version, set())
                continue
            # What a run no longer reads when it is tried again is no reject of its any more.
            nothing: set[int] = set()
            versions = {**dict.fromkeys(mine[name], nothing), **read}
            quarantine.run(name, versions)
            mine[name] |= read.keys()
            for version, lines in versions.items():
                waiting[version] = set(lines) - aside[version]
        expected = [(*version, line) for version, lines in waiting.items() for line in lines]
        assert quarantine.open() == sorted(expected)

    waits_as_expected()


def test_settlement_is_whole_or_not_at_all(quarantine: Quarantine) -> None:
    quarantine.run("one", {V1: [3]})
    for change in (
        "settled_at = now()",
        "settled_at = now(), settled_how = 'eaten', settled_by_dag = '', settled_by_run = ''",
        "settled_at = now(), settled_how = 'set aside', settled_by_dag = '', settled_by_run = ''",
    ):
        with pytest.raises(CheckViolation):
            quarantine.query(f"update ops.rejected_row set {change}")


def test_loader_settles_rows_and_changes_nothing_else_of_them(quarantine: Quarantine) -> None:
    for statement in (
        "update ops.rejected_row set raw = ''",
        "update ops.rejected_row set code = ''",
        "update ops.rejected_row set run_id = ''",
    ):
        with pytest.raises(InsufficientPrivilege):
            quarantine.query(statement)


def test_rows_are_replaced_by_none_where_nothing_was_read(quarantine: Quarantine) -> None:
    quarantine.run("one", {V1: [3]})
    run = RunOfSink(dag_id=DAG, run_id="one", sink=SINK, as_of=AS_OF, started_at=AS_OF)
    with transaction(quarantine.connect, doing="replace") as cursor:
        assert quarantine_rows(cursor, run, [reject(*V2, 7)]) == 1
    assert quarantine.query("select version, line from ops.rejected_row") == [("2", 7)]
