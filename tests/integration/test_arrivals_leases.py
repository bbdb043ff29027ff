"""Who holds a version, for how long, and who is shut out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from include.core.warehouse.connection import transaction
from include.errors import ArrivalBusyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.core.arrivals.registry import Claim
    from tests.support.registry import Registry


def test_version_that_another_run_holds_is_busy_for_the_rest_of_its_lease(
    registry: Registry,
) -> None:
    registry.claim("a")
    claimed = registry.claim("b")
    assert (claimed.held, claimed.counts) == (None, None)
    assert 3590 <= claimed.busy_seconds <= 3600
    assert registry.claim("b", again=True).held is None
    with pytest.raises(ArrivalBusyError, match=r"Another run holds it, for 3\d+ s"):
        registry.hold("b")


def test_lease_that_is_over_passes_the_version_on_and_shuts_the_late_writer_out(
    registry: Registry,
) -> None:
    late = registry.held("a")
    registry.keep(late, {"batch": 3})
    registry.end_lease()
    taken = registry.claim("b")
    assert taken.held is not None
    assert (taken.held.token, registry.progress(taken)) == (2, {"batch": 3})
    with pytest.raises(ArrivalBusyError, match="Another run has taken it over"):
        registry.renew(late)
    with pytest.raises(ArrivalBusyError, match="Another run has taken it over"):
        registry.keep(late, {"batch": 4})
    with pytest.raises(ArrivalBusyError, match="Another run holds it"):
        registry.hold("a")
    assert not registry.complete("a")
    registry.fail("a")
    assert registry.release("a") == 0
    assert registry.row("state", "run_id") == ("claimed", "b")
    assert registry.progress(taken) == {"batch": 3}
    registry.keep(taken.held, {"batch": 5})
    assert registry.complete("b")
    assert registry.row("attempts", "token") == (2, 2)


def test_holder_whose_lease_is_over_goes_on_while_no_other_run_has_claimed(
    registry: Registry,
) -> None:
    held = registry.held("a")
    registry.end_lease()
    registry.renew(held)
    assert registry.claim("b").held is None


def test_each_part_keeps_its_own_progress(registry: Registry) -> None:
    claimed = registry.claim("a")
    assert claimed.held is not None
    for part in (1, 2):
        registry.keep(claimed.held, {"batch": part}, part=part)
    registry.keep(claimed.held, {"batch": 9}, part=1)
    assert [registry.progress(claimed, part=part) for part in (0, 1, 2)] == [
        None, {"batch": 9}, {"batch": 2},
    ]  # fmt: skip


def at_once(ask: Callable[[str], Claim]) -> list[Claim]:
    """Eight runs ask at the same moment."""
    barrier = threading.Barrier(8)

    def run(number: int) -> Claim:
        barrier.wait(10)
        return ask(f"run {number}")

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(run, range(8)))


def test_of_runs_that_ask_at_once_exactly_one_gets_it(registry: Registry) -> None:
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
    registry.complete(holder)
    with transaction(registry.connect, doing="rename") as cursor:
        cursor.execute("update ops.arrival set run_id = 'before'")
    only_one_gets_it(again=True)
