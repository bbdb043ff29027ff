"""The registry: each object version is processed once, by the run that holds it."""

from __future__ import annotations

import pytest

from include.core.arrivals.registry import Held, claim
from include.core.warehouse.connection import transaction
from include.errors import ArrivalBusyError
from tests.support.registry import COUNTS, DAG, FILE, Registry, run_of


def test_new_version_is_claimed_and_entered_with_what_is_known_of_it(registry: Registry) -> None:
    claimed = registry.claim("a")
    assert claimed.held == Held(
        pipeline=DAG, bucket="landing", key=FILE["key"], version_id="v1", token=1
    )
    assert (claimed.counts, claimed.file_order) == (None, FILE["order"])
    assert registry.progress(claimed) is None
    known = registry.row("etag", "size", "sequencer", "found_by", "state", "attempts")
    assert known == ("e1", 7, "00A1", "event", "claimed", 1)
    assert registry.row("claimed_until > now() + interval '59 min'") == (True,)


def test_other_version_bucket_or_pipeline_is_claimed_beside_it(registry: Registry) -> None:
    registry.claim("a")
    assert registry.claim("b", version_id="v2").held
    assert registry.claim("b", bucket="other").held
    assert registry.claim("b", key="uploads/sqs/other.csv").held


def test_same_run_takes_its_version_again_with_a_new_token_and_its_progress(
    registry: Registry,
) -> None:
    first = registry.held("a")
    registry.keep(first, {"batch": 3})
    again = registry.hold("a")
    assert again.held is not None
    assert (again.held.token, registry.progress(again)) == (2, {"batch": 3})
    assert registry.row("attempts") == (1,)
    with pytest.raises(ArrivalBusyError, match="has taken it over"):
        registry.keep(first, {"batch": 4})
    assert registry.progress(again) == {"batch": 3}


def test_same_run_of_another_dag_is_another_run(registry: Registry) -> None:
    registry.claim("a")
    with transaction(registry.connect, doing="claim") as cursor:
        assert claim(cursor, DAG, FILE, run_of("a", dag_id="other")).held is None


def test_order_of_a_version_stays_as_it_was_first_seen(registry: Registry) -> None:
    registry.claim("a")
    registry.fail("a")
    assert registry.claim("b", order="later").file_order == FILE["order"]


def test_sequencer_is_added_once_it_is_known(registry: Registry) -> None:
    registry.claim("a", sequencer=None)
    registry.claim("a", sequencer="00A2")
    registry.claim("a", sequencer=None)
    assert registry.row("sequencer") == ("00A2",)


def test_failed_version_is_taken_by_any_run_with_its_progress(registry: Registry) -> None:
    registry.keep(registry.held("a"), {"batch": 3})
    registry.fail("a")
    assert registry.state() == ("failed", "a", "it broke")
    assert registry.row("claimed_until") == (None,)
    taken = registry.claim("b")
    assert taken.held is not None
    assert registry.progress(taken) == {"batch": 3}
    assert registry.state() == ("claimed", "b", "it broke")


def test_what_failed_for_good_is_taken_by_its_run_or_by_hand_only(registry: Registry) -> None:
    registry.claim("a")
    registry.fail("a", final=True)
    for found_by in ("event", "sweep"):
        refused = registry.claim("b", found_by=found_by)
        assert (refused.held, refused.failed, refused.busy_seconds) == (None, True, 0)
    assert registry.row("state", "run_id", "attempts") == ("failed", "a", 1)
    assert registry.claim("a").held
    registry.fail("a", final=True)
    assert registry.claim("b", found_by="hand").held
    assert registry.row("state", "final", "cause") == ("claimed", False, "it broke")


def test_cause_of_the_last_try_stays_until_the_version_is_done(registry: Registry) -> None:
    held = registry.held("a")
    registry.note_cause("b", "not its run")
    assert registry.state() == ("claimed", "a", None)
    registry.note_cause("a", "the queue is away")
    registry.renew(held)
    registry.hold("a")
    assert registry.state() == ("claimed", "a", "the queue is away")
    registry.complete("a")
    registry.note_cause("a", "too late")
    assert registry.state() == ("done", "a", None)


def test_task_that_is_cleared_after_its_run_failed_goes_on_with_its_token(
    registry: Registry,
) -> None:
    held = registry.held("a")
    registry.fail("a")
    assert registry.renew(held)
    assert registry.row("state", "claimed_until > now()") == ("claimed", True)


def test_version_that_is_done_keeps_its_counts_and_nothing_of_the_way(registry: Registry) -> None:
    claimed = registry.claim("a")
    for part in (0, 1, 2):
        registry.keep(registry.held("a"), {"batch": 3}, part=part)
    assert registry.complete("a")
    assert registry.row("state", "counts", "claimed_until", "cause") == (
        ("done", COUNTS, None, None)
    )
    assert [registry.progress(claimed, part=part) for part in (0, 1, 2)] == [None] * 3


def test_version_that_another_run_has_done_is_known(registry: Registry) -> None:
    registry.claim("a")
    registry.complete("a")
    found = registry.claim("b")
    assert (found.held, found.counts, found.mine, found.busy_seconds) == (None, COUNTS, False, 0)
    assert registry.hold("b").counts == COUNTS
    assert registry.state() == ("done", "a", None)


def test_version_that_another_run_has_done_is_claimed_anew_on_purpose(registry: Registry) -> None:
    registry.keep(registry.held("a"), {"batch": 3})
    registry.complete("a")
    claimed = registry.claim("b", again=True)
    assert claimed.held is not None
    assert (claimed.held.token, registry.progress(claimed)) == (2, None)
    assert registry.row("state", "run_id", "counts") == ("claimed", "b", None)


def test_version_that_the_same_run_has_done_stays_done_even_on_purpose(registry: Registry) -> None:
    registry.claim("a")
    registry.complete("a")
    for again in (False, True):
        found = registry.claim("a", again=again)
        assert (found.held, found.counts, found.mine) == (None, COUNTS, True)
        assert found.file_order == FILE["order"]


def test_what_is_done_is_not_written_again_by_its_run(registry: Registry) -> None:
    held = registry.held("a")
    registry.complete("a")
    before = registry.row("ctid::text", "xmin::text", "arrival")
    assert registry.complete("a", {"counts": {"read": 9}})
    registry.fail("a")
    assert registry.release("a") == 0
    registry.claim("a", again=True)
    assert registry.row("ctid::text", "xmin::text", "arrival") == before
    assert not registry.renew(held)
    assert registry.row("state", "counts", "claimed_until") == ("done", COUNTS, None)


def test_failure_that_is_entered_again_is_not_written_again(registry: Registry) -> None:
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
    assert registry.complete("a")
    assert registry.state() == ("done", "a", None)


def test_version_that_no_run_claimed_cannot_be_completed(registry: Registry) -> None:
    assert not registry.complete("a")
    registry.fail("a")
    assert registry.missed((FILE["key"], "v1")) == [(FILE["key"], "v1")]


def test_run_that_ended_lets_go_of_what_it_held_and_of_nothing_else(registry: Registry) -> None:
    registry.claim("a")
    registry.complete("a")
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
    registry.complete("c")
    key = FILE["key"]
    listed = [(key, name) for name in ("v1", "lapsed", "claimed", "failed", "unknown")]
    assert registry.missed(*listed) == [(key, "lapsed"), (key, "unknown")]
    assert registry.missed() == []
    assert registry.missed((key, "claimed"), bucket="other") == [(key, "claimed")]
