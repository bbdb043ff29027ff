"""What the event of an asset is given: what the ledger has of a run, in bounds."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from include.core.runs.ledger import Counts, Details, RunOfSink, record_failure, record_run
from include.core.runs.updates import find_update, format_counts
from include.core.warehouse.connection import transaction

if TYPE_CHECKING:
    from include.core.warehouse.connection import Connect

NOW = datetime(2020, 12, 1, 8, 30, tzinfo=timezone.utc)
RUN = RunOfSink(dag_id="d", run_id="r", sink="public.thing", as_of=NOW, started_at=NOW)
COUNTS = Counts(read=9, rejected=1, duplicate=1, inserted=2, updated=1, unchanged=3, superseded=1)
COMMIT = "0123456789" * 4
MOST_BYTES = 65_536


def enter(connect: Connect, sources: list[dict[str, Any]], status: str = "success") -> None:
    with transaction(connect, doing="enter") as cursor:
        details = Details(sources=sources, warnings=["a row was odd"])
        record_run(cursor, RUN, COUNTS, details, status=status)


def test_update_has_the_counts_of_the_ledger_and_the_versions_of_its_sources(
    loader: Connect,
) -> None:
    version = {"repository": "o/r", "path": "a.csv", "commit": COMMIT}
    enter(loader, [{**version, "key": "raw/a.csv", "sha256": "0" * 64, "read": 9}])
    assert find_update(loader, RUN, RUN.sink) == {
        "dag_id": "d",
        "run_id": "r",
        "sink": "public.thing",
        "as_of": "2020-12-01T08:30:00Z",
        "read": 9,
        "rejected": 1,
        "duplicate": 1,
        "inserted": 2,
        "updated": 1,
        "unchanged": 3,
        "superseded": 1,
        "delivered": 0,
        "deleted": 0,
        "sources": [version],
        "source_count": 1,
    }


def test_update_names_twenty_sources_of_a_thousand_in_their_order(loader: Connect) -> None:
    # Keys of S3 and its ids of versions have 1,024 bytes at most.
    versions = [{"file": f"{n:0>1024}", "version_id": "v" * 1024} for n in range(1000)]
    enter(loader, [{**version, "read": 1} for version in versions])
    update = find_update(loader, RUN, RUN.sink)
    assert update is not None
    assert (update["sources"], update["source_count"]) == (versions[:20], 1000)
    assert len(json.dumps(update)) < MOST_BYTES


@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_run_that_failed_or_found_nothing_to_do_is_no_update(loader: Connect, status: str) -> None:
    enter(loader, [], status)
    assert find_update(loader, RUN, RUN.sink) is None


def test_run_that_the_ledger_does_not_have_or_has_failed_early_is_no_update(
    loader: Connect,
) -> None:
    assert find_update(loader, RUN, RUN.sink) is None
    with transaction(loader, doing="fail") as cursor:
        record_failure(cursor, RUN, task="download", cause="GitHub is out")
    assert find_update(loader, RUN, RUN.sink) is None


def test_run_into_another_sink_is_no_update_of_this_one(loader: Connect) -> None:
    enter(loader, [])
    assert find_update(loader, RUN, "public.other") is None


def test_counts_for_people_leave_out_those_of_no_row(loader: Connect) -> None:
    enter(loader, [])
    update = find_update(loader, RUN, RUN.sink)
    assert update is not None
    words = "9 read, 1 rejected, 1 duplicate, 2 inserted, 1 updated, 3 unchanged, 1 superseded"
    assert format_counts(update) == words
    assert format_counts({**update, **dict.fromkeys(vars(COUNTS), 0)}) == "0 read"  # type: ignore[typeddict-item]
