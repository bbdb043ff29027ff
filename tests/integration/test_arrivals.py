"""The registry: each object version is processed once, by the run that holds it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from include.core import arrivals
from include.core.arrivals import Claim, Held, claim, failed_files, find_missed, note_progress
from include.core.postgres import transaction
from include.core.sql_files import read_statement
from include.errors import ArrivalBusyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.core.postgres import Connect

FILE: dict[str, Any] = {
    "bucket": "landing",
    "key": "uploads/sqs/orders.csv",
    "version_id": "v1",
    "etag": "e1",
    "size": 7,
    "stored_at": "2026-11-21T06:00:00+00:00",
    "order": "2026-11-21T06:00:00+00:00#000000#00000000",
    "sequencer": "00A1",
}
COUNTS = {"counts": {"read": 1, "delivered": 1}}
DAG = "csv_upload_to_sqs"


class Registry:
    """The registry as the runs a, b and c of one DAG use it."""

    def __init__(self, connect: Connect) -> None:
        self.connect = connect

    def claim(self, run_id: str, *, again: bool = False, **other: Any) -> Claim:
        with transaction(self.connect, doing="claim") as cursor:
            file = FILE | other
            return claim(cursor, DAG, file, dag_id=DAG, run_id=run_id, again=again)

    def held(self, run_id: str) -> Held:
        held = self.claim(run_id).held
        assert held is not None
        return held

    def hold(self, run_id: str) -> Claim:
        return arrivals.hold(self.connect, DAG, FILE, dag_id=DAG, run_id=run_id)

    def note(self, held: Held, progress: dict[str, Any] | None = None) -> None:
        with transaction(self.connect, doing="note") as cursor:
            note_progress(cursor, held, progress)

    def finish(self, run_id: str, counts: dict[str, Any] = COUNTS) -> bool:
        with transaction(self.connect, doing="finish") as cursor:
            return arrivals.finish(cursor, DAG, FILE, dag_id=DAG, run_id=run_id, counts=counts)

    def fail(self, run_id: str, cause: str = "it broke") -> None:
        with transaction(self.connect, doing="fail") as cursor:
            arrivals.fail(cursor, DAG, FILE, dag_id=DAG, run_id=run_id, cause=cause)

    def release(self, run_id: str) -> int:
        with transaction(self.connect, doing="release") as cursor:
            return arrivals.release_run(cursor, dag_id=DAG, run_id=run_id, cause="lost")

    def failed_files(self, run_id: str) -> list[tuple[str, str]]:
        with transaction(self.connect, doing="look") as cursor:
            return failed_files(cursor, dag_id=DAG, run_id=run_id)

    def missed(self, *versions: tuple[str, str], bucket: str = "landing") -> list[tuple[str, str]]:
        with transaction(self.connect, doing="look") as cursor:
            return find_missed(cursor, DAG, bucket, versions)

    def end_lease(self) -> None:
        """As if the holder had been silent for longer than its lease."""
        with transaction(self.connect, doing="end the lease") as cursor:
            cursor.execute("update ops.arrival set claimed_until = now() - interval '1 s'")

    def row(self, *columns: str) -> tuple[Any, ...]:
        with transaction(self.connect, doing="look") as cursor:
            cursor.execute(f"select {', '.join(columns)} from ops.arrival")
            rows = cursor.fetchall()
        assert len(rows) == 1
        return tuple(rows[0])

    def state(self) -> tuple[str, str, str | None]:
        state, run_id, cause = self.row("state", "run_id", "cause")
        return state, run_id, cause


@pytest.fixture
def registry(ready_uri: str) -> Registry:
    return Registry(lambda: psycopg2.connect(ready_uri))


def test_new_version_is_claimed_and_entered_with_what_is_known_of_it(registry: Registry) -> None:
    claimed = registry.claim("a")
    assert claimed.held == Held(
        pipeline=DAG, bucket="landing", key=FILE["key"], version_id="v1", token=1
    )
    assert (claimed.progress, claimed.counts, claimed.file_order) == (None, None, FILE["order"])
    known = registry.row("etag", "size", "sequencer", "found_by", "state", "attempts")
    assert known == ("e1", 7, "00A1", "event", "claimed", 1)
    assert registry.row("claimed_until > now() + interval '59 min'") == (True,)


def test_other_version_bucket_or_pipeline_is_claimed_beside_it(registry: Registry) -> None:
    registry.claim("a")
    assert registry.claim("b", version_id="v2").held
    assert registry.claim("b", bucket="other").held
    assert registry.claim("b", key="uploads/sqs/other.csv").held


def test_version_that_another_run_holds_is_busy_for_the_rest_of_its_lease(
    registry: Registry,
) -> None:
    registry.claim("a")
    claimed = registry.claim("b")
    assert (claimed.held, claimed.counts) == (None, None)
    assert 3590 <= claimed.busy_seconds <= 3600
    assert registry.claim("b", again=True).held is None
    with pytest.raises(ArrivalBusyError, match=r"orders\.csv: another run holds it, for 3\d+ s"):
        registry.hold("b")


def test_same_run_takes_its_version_again_with_a_new_token_and_its_progress(
    registry: Registry,
) -> None:
    first = registry.held("a")
    registry.note(first, {"batch": 3})
    again = registry.hold("a")
    assert again.held is not None
    assert (again.held.token, again.progress) == (2, {"batch": 3})
    assert registry.row("attempts") == (1,)
    with pytest.raises(ArrivalBusyError, match="has taken it over"):
        registry.note(first, {"batch": 4})


def test_same_run_of_another_dag_is_another_run(registry: Registry) -> None:
    registry.claim("a")
    with transaction(registry.connect, doing="claim") as cursor:
        assert claim(cursor, DAG, FILE, dag_id="other", run_id="a").held is None


def test_order_of_a_version_stays_as_it_was_first_seen(registry: Registry) -> None:
    registry.claim("a")
    registry.fail("a")
    assert registry.claim("b", order="later").file_order == FILE["order"]


def test_sequencer_is_added_once_it_is_known(registry: Registry) -> None:
    registry.claim("a", sequencer=None)
    registry.claim("a", sequencer="00A2")
    registry.claim("a", sequencer=None)
    assert registry.row("sequencer") == ("00A2",)


def lease_ends(registry: Registry) -> None:
    """Another run takes the file over, and the late writer comes back."""
    late = registry.held("a")
    registry.note(late, {"batch": 3})
    registry.end_lease()
    taken = registry.claim("b")
    assert taken.held is not None
    assert (taken.held.token, taken.progress) == (2, {"batch": 3})
    with pytest.raises(ArrivalBusyError, match="another run has taken it over"):
        registry.note(late, {"batch": 4})
    with pytest.raises(ArrivalBusyError, match="another run holds it"):
        registry.hold("a")
    assert not registry.finish("a")
    registry.fail("a")
    assert registry.release("a") == 0
    assert registry.row("state", "run_id", "progress") == ("claimed", "b", {"batch": 3})
    registry.note(taken.held, {"batch": 5})
    assert registry.finish("b")


def test_lease_that_is_over_passes_the_version_on_and_shuts_the_late_writer_out(
    registry: Registry,
) -> None:
    lease_ends(registry)
    assert registry.row("attempts", "token") == (2, 2)


def test_holder_whose_lease_is_over_goes_on_while_nobody_else_has_claimed(
    registry: Registry,
) -> None:
    held = registry.held("a")
    registry.end_lease()
    registry.note(held)
    assert registry.claim("b").held is None


def test_progress_renews_the_lease_and_stays_where_none_is_given(registry: Registry) -> None:
    held = registry.held("a")
    registry.note(held, {"batch": 1})
    registry.end_lease()
    registry.note(held)
    assert registry.row("progress", "claimed_until > now()") == ({"batch": 1}, True)


def test_failed_version_is_taken_by_any_run_with_its_progress(registry: Registry) -> None:
    registry.note(registry.held("a"), {"batch": 3})
    registry.fail("a")
    assert registry.state() == ("failed", "a", "it broke")
    assert registry.row("claimed_until") == (None,)
    taken = registry.claim("b")
    assert taken.held is not None
    assert taken.progress == {"batch": 3}
    assert registry.state() == ("claimed", "b", None)


def test_task_that_is_cleared_after_its_run_failed_goes_on_with_its_token(
    registry: Registry,
) -> None:
    held = registry.held("a")
    registry.fail("a")
    registry.note(held)
    assert registry.row("state", "claimed_until > now()") == ("claimed", True)


def test_version_that_is_done_keeps_its_counts_and_nothing_of_the_way(registry: Registry) -> None:
    registry.note(registry.held("a"), {"batch": 3})
    assert registry.finish("a")
    assert registry.row("state", "counts", "progress", "claimed_until", "cause") == (
        ("done", COUNTS, None, None, None)
    )


def test_version_that_another_run_has_done_is_known(registry: Registry) -> None:
    registry.claim("a")
    registry.finish("a")
    found = registry.claim("b")
    assert (found.held, found.counts, found.mine, found.busy_seconds) == (None, COUNTS, False, 0)
    assert registry.hold("b").counts == COUNTS
    assert registry.state() == ("done", "a", None)


def test_version_that_another_run_has_done_is_claimed_anew_on_purpose(registry: Registry) -> None:
    registry.note(registry.held("a"), {"batch": 3})
    registry.finish("a")
    claimed = registry.claim("b", again=True)
    assert claimed.held is not None
    assert (claimed.held.token, claimed.progress) == (2, None)
    assert registry.row("state", "run_id", "counts") == ("claimed", "b", None)


def test_version_that_the_same_run_has_done_stays_done_even_on_purpose(registry: Registry) -> None:
    registry.claim("a")
    registry.finish("a")
    for again in (False, True):
        found = registry.claim("a", again=again)
        assert (found.held, found.counts, found.mine) == (None, COUNTS, True)
        assert found.file_order == FILE["order"]


def test_what_is_done_is_not_written_again_by_its_run(registry: Registry) -> None:
    held = registry.held("a")
    registry.finish("a")
    before = registry.row("ctid::text", "xmin::text", "arrival")
    assert registry.finish("a", {"counts": {"read": 9}})
    registry.fail("a")
    assert registry.release("a") == 0
    registry.claim("a", again=True)
    assert registry.row("ctid::text", "xmin::text", "arrival") == before
    registry.note(held, {"batch": 3})
    assert registry.row("state", "counts", "progress", "claimed_until") == (
        ("done", COUNTS, None, None)
    )


def test_failure_that_is_told_again_is_not_written_again(registry: Registry) -> None:
    registry.claim("a")
    registry.fail("a")
    before = registry.row("xmin::text", "arrival")
    registry.fail("a")
    assert registry.row("xmin::text", "arrival") == before
    registry.fail("a", "something else")
    assert registry.state() == ("failed", "a", "something else")


def test_what_failed_can_still_be_finished_by_its_run(registry: Registry) -> None:
    registry.claim("a")
    registry.fail("a")
    assert registry.finish("a")
    assert registry.state() == ("done", "a", None)


def test_version_that_nobody_claimed_cannot_be_finished(registry: Registry) -> None:
    assert not registry.finish("a")
    registry.fail("a")
    assert registry.missed((FILE["key"], "v1")) == [(FILE["key"], "v1")]


def test_run_that_ended_lets_go_of_what_it_held_and_of_nothing_else(registry: Registry) -> None:
    registry.claim("a")
    registry.finish("a")
    registry.claim("a", version_id="v2")
    registry.claim("a", version_id="v3")
    registry.claim("b", version_id="v4")
    assert registry.failed_files("a") == []
    assert registry.release("a") == 2
    assert registry.release("a") == 0
    assert registry.failed_files("a") == [(FILE["key"], "v2"), (FILE["key"], "v3")]
    assert registry.failed_files("b") == []
    assert registry.claim("c", version_id="v3").held
    assert registry.claim("c", version_id="v4").held is None


def test_missed_are_the_unknown_and_those_whose_lease_is_over(registry: Registry) -> None:
    registry.claim("a", version_id="lapsed")
    registry.end_lease()
    registry.claim("a", version_id="claimed")
    registry.claim("b", version_id="failed")
    registry.release("b")
    registry.claim("c")
    registry.finish("c")
    key = FILE["key"]
    listed = [(key, name) for name in ("v1", "lapsed", "claimed", "failed", "unknown")]
    assert registry.missed(*listed) == [(key, "lapsed"), (key, "unknown")]
    assert registry.missed() == []
    assert registry.missed((key, "claimed"), bucket="other") == [(key, "claimed")]


def at_once(ask: Callable[[str], Claim]) -> list[Claim]:
    """Eight runs ask at the same moment."""
    barrier = threading.Barrier(8)

    def run(number: int) -> Claim:
        barrier.wait(10)
        return ask(f"run {number}")

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(run, range(8)))


def eight_ask(registry: Registry) -> None:
    """Eight runs ask for a new file, then for a failed one, a lapsed one, and a done one."""

    def only_one_gets_it(*, again: bool = False) -> str:
        claims = at_once(lambda run_id: registry.claim(run_id, again=again))
        assert sum(claim.held is not None for claim in claims) == 1
        return str(registry.row("run_id")[0])

    holder = only_one_gets_it()
    registry.fail(holder)
    only_one_gets_it()
    registry.end_lease()
    holder = only_one_gets_it()
    registry.finish(holder)
    with transaction(registry.connect, doing="rename") as cursor:
        cursor.execute("update ops.arrival set run_id = 'before'")
    only_one_gets_it(again=True)


def test_of_runs_that_ask_at_once_exactly_one_gets_it(registry: Registry) -> None:
    eight_ask(registry)


def without(name: str, part: str, instead: str = "true") -> Callable[[str], str]:
    """Statements as they are, but for a part of one."""

    def read(asked: str) -> str:
        text = read_statement(asked)
        if asked != name:
            return text
        assert part in text
        return text.replace(part, instead)

    return read


@pytest.mark.parametrize(
    ("statement", "part", "fault"),
    [
        pytest.param(
            "arrivals/claim_arrival",
            "arrival.claimed_until < clock_timestamp()",
            eight_ask,
            id="lease",
        ),
        pytest.param("arrivals/renew_arrival", "token = %(token)s", lease_ends, id="fence"),
        pytest.param("arrivals/finish_arrival", "run_id = %(run_id)s", lease_ends, id="finish"),
        pytest.param("arrivals/fail_arrival", "run_id = %(run_id)s", lease_ends, id="fail"),
    ],
)
def test_fault_is_seen_when_the_guard_is_off(
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
    statement: str,
    part: str,
    fault: Callable[[Registry], None],
) -> None:
    monkeypatch.setattr(arrivals, "read_statement", without(statement, part))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        fault(registry)
