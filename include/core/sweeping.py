"""Files in the landing bucket that nobody has taken on: their event was lost, or their run was."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from include.core.arrivals import find_missed
from include.core.landing import list_versions
from include.core.ledger import Counts, Details, RunOfSink, record_run
from include.core.notices import compose_notice, count_of, foot, head, section
from include.core.outbox import write_notice
from include.core.postgres import transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from include.core.notices import RunFacts
    from include.core.postgres import Connect
    from include.core.receiving import Landing

PAGE = 1000
# Files of one started run, and of one sweep: what is left is found again by the next.
MOST_A_RUN, MOST_A_SWEEP = 500, 5000


def find(landing: Landing, *, connect: Connect, before: datetime) -> list[dict[str, str]]:
    """Find object versions below a landing prefix that the registry does not know.

    Arguments:
        landing: which prefix.
        connect: opens a connection to the warehouse.
        before: younger objects may have their event under way, and are left.

    Returns:
        key and version_id of each, at most MOST_A_SWEEP, in S3's order. A version whose holder
        let its lease end is among them; one that has failed is not: it has been told of.
    """
    listed = (
        (each["key"], each["version_id"])
        for each in list_versions(landing.client, landing.bucket, landing.prefix)
        # The registry cannot hold a NUL; the event of such a file has failed for it.
        if each["stored_at"] < before and "\0" not in each["key"]
    )
    missed: list[dict[str, str]] = []
    for page in _pages(listed):
        with transaction(connect, doing=f"sweep {landing.prefix}") as cursor:
            found = find_missed(cursor, landing.pipeline, landing.bucket, page)
        missed += [{"key": key, "version_id": version_id} for key, version_id in found]
        if len(missed) >= MOST_A_SWEEP:
            break
    return missed[:MOST_A_SWEEP]


def _pages(listed: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while page := list(islice(listed, PAGE)):
        yield page


def runs_to_start(
    missed: Mapping[str, Sequence[dict[str, str]]], *, name: str
) -> list[dict[str, Any]]:
    """What to trigger so that missed files are processed.

    Arguments:
        missed: for each pipeline what find came back with.
        name: goes into the run ids, so that asking twice starts a run once.

    Returns:
        trigger_dag_id, trigger_run_id and conf of each run.
    """
    return [
        {
            "trigger_dag_id": pipeline,
            "trigger_run_id": f"sweep__{name}__{pipeline}__{start // MOST_A_RUN}",
            "conf": {"objects": list(objects[start : start + MOST_A_RUN]), "again": False},
        }
        for pipeline, objects in missed.items()
        for start in range(0, len(objects), MOST_A_RUN)
    ]


def tell(
    missed: Mapping[str, Sequence[dict[str, str]]],
    *,
    run: RunOfSink,
    facts: RunFacts,
    connect: Connect,
) -> None:
    """Enter what a sweep had to start, with its notice; a sweep that found nothing is silent."""
    found = {pipeline: objects for pipeline, objects in missed.items() if objects}
    if not found:
        return
    total = sum(map(len, found.values()))
    files = [
        {"pipeline": pipeline, "file": each["key"], "version_id": each["version_id"]}
        for pipeline, objects in found.items()
        for each in objects
    ]
    lines = [
        *head(facts, "success"),
        "",
        f"{count_of(total, 'file')} had landed without being processed, and are being so now.",
        "Their event was lost or is very late, or the run that had them ended without a word.",
        *section("Files:", [f"{each['pipeline']}: {each['file']}" for each in files[:20]]),
        *foot(facts),
    ]
    subject = f"{facts.dataset}: {count_of(total, 'missed file')} started"
    with transaction(connect, doing="enter a sweep") as cursor:
        if record_run(cursor, run, Counts(read=0), Details(sources=files)):
            write_notice(cursor, compose_notice(facts, "success", subject, lines))
