"""Files in the landing bucket that nobody has taken on: their event was lost, or their run was.

Those whose name no pipeline takes, such as notes.txt, have no event at all: the sweep enters them
as failed, and tells of each once.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from include.core.arrivals.events import check_name, shown
from include.core.arrivals.registry import find_missed, refuse
from include.core.arrivals.versions import list_versions, look_up
from include.core.runs.ledger import Counts, Details, RunOfSink, record_run
from include.core.runs.notices import compose_notice, count_of, foot, head, section
from include.core.runs.outbox import write_notice
from include.core.warehouse.connection import transaction
from include.errors import ArrivalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from include.core.arrivals.claim import Landing
    from include.core.runs.notices import RunFacts
    from include.core.runs.outbox import Notice
    from include.core.warehouse.connection import Connect

    File = dict[str, Any]
    Found = Mapping[str, Mapping[str, Sequence[File]]]

PAGE = 1000
# Files of one started run, and of one sweep: what is left is found again by the next.
MOST_A_RUN, MOST_A_SWEEP = 500, 5000
# Of one sweep, since each is looked up in S3.
MOST_REFUSED = 500
MOST_FILES_TOLD = 20


def find(landing: Landing, *, connect: Connect, before: datetime) -> dict[str, list[File]]:
    """Find object versions below a landing prefix that the registry does not know.

    Arguments:
        landing: which prefix.
        connect: opens a connection to the warehouse.
        before: younger objects may have their event under way, and are left.

    Returns:
        missed: key and version_id of each that a run can take, at most MOST_A_SWEEP, in S3's
        order. A version whose holder let its lease end is among them; one that has failed is not:
        it has been told of. refused: key, version_id and cause of each whose name no pipeline
        takes, at most MOST_REFUSED.
    """
    listed = (
        (each["key"], each["version_id"])
        for each in list_versions(landing.client, landing.bucket, landing.prefix)
        # The registry cannot hold a NUL; the event of such a file has failed for it.
        if each["stored_at"] < before and "\0" not in each["key"]
    )
    missed: list[File] = []
    refused: list[File] = []
    for page in _pages(listed):
        causes = {key: cause for key, _ in page if (cause := _refusal(key))}
        named = [each for each in page if each[0] not in causes]
        misnamed = [each for each in page if each[0] in causes]
        with transaction(connect, doing=f"sweep {landing.prefix}") as cursor:
            given = (cursor, landing.pipeline, landing.bucket)
            missed += [_file(*each) for each in find_missed(*given, named)]
            refused += [
                _file(*each) | {"cause": causes[each[0]]} for each in find_missed(*given, misnamed)
            ]
        if len(missed) >= MOST_A_SWEEP:
            break
    return {"missed": missed[:MOST_A_SWEEP], "refused": refused[:MOST_REFUSED]}


def _refusal(key: str) -> str | None:
    """Why no pipeline takes a file of this name."""
    try:
        check_name(key)
    except ArrivalError as error:
        return str(error)
    return None


def _file(key: str, version_id: str) -> File:
    return {"key": key, "version_id": version_id}


def _pages(listed: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while page := list(islice(listed, PAGE)):
        yield page


def runs_to_start(found: Found, *, name: str) -> list[dict[str, Any]]:
    """What to trigger so that missed files are processed.

    Arguments:
        found: for each pipeline what find came back with.
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
        for pipeline, objects in ((name, files["missed"]) for name, files in found.items())
        for start in range(0, len(objects), MOST_A_RUN)
    ]


def tell(
    found: Found,
    *,
    landings: Sequence[Landing],
    run: RunOfSink,
    facts: RunFacts,
    connect: Connect,
) -> None:
    """Enter what a sweep had to start or refuse, with its notice; one that found nothing is silent.

    Arguments:
        found: for each pipeline what find came back with.
        landings: of these pipelines.
        run: the sweep, for the ledger.
        facts: what its notice tells of it.
        connect: opens a connection to the warehouse.
    """
    missed = _all(found, "missed")
    looked_up = list(_looked_up(found, landings))
    refused = [each for each, _ in looked_up]
    if not missed and not refused:
        return
    with transaction(connect, doing="enter a sweep") as cursor:
        for each, file in looked_up:
            named = {"dag_id": run.dag_id, "run_id": run.run_id, "cause": each["cause"]}
            refuse(cursor, each["pipeline"], file, **named)
        if record_run(cursor, run, Counts(read=0), Details(sources=missed, failures=refused)):
            write_notice(cursor, _notice(facts, missed, refused))


def _all(found: Found, name: str) -> list[File]:
    return [
        {"pipeline": pipeline, "file": each["key"], **{k: v for k, v in each.items() if k != "key"}}
        for pipeline, files in found.items()
        for each in files[name]
    ]


def _looked_up(found: Found, landings: Sequence[Landing]) -> Iterator[tuple[File, File]]:
    """Files to refuse, each with what S3 says of it; one that was deleted since needs no word."""
    of = {landing.pipeline: landing for landing in landings}
    for each in _all(found, "refused"):
        landing = of[each["pipeline"]]
        try:
            file = look_up(landing.client, landing.bucket, each["file"], each["version_id"])
        except ArrivalError:
            continue
        yield each, file


def _notice(facts: RunFacts, missed: Sequence[File], refused: Sequence[File]) -> Notice:
    parts = [
        f"{count_of(len(missed), 'missed file')} started" if missed else "",
        f"{count_of(len(refused), 'file')} refused" if refused else "",
    ]
    started = [
        "",
        f"{count_of(len(missed), 'file')} had landed without being processed. Runs start now.",
        "Their event was lost or is very late, or the run that had them ended without a word.",
        *section("Files:", _told(missed)),
    ]
    left = [
        "",
        f"{count_of(len(refused), 'file')} will not be processed. No other notice tells of them.",
        *section("Refused (all are in ops.arrival):", _told(refused)),
    ]
    lines = [
        *head(facts, "success"),
        *(started if missed else []),
        *(left if refused else []),
        *foot(facts),
    ]
    subject = f"{facts.dataset}: {', '.join(part for part in parts if part)}"
    return compose_notice(facts, "success", subject, lines)


def _told(files: Sequence[File]) -> list[str]:
    return [
        ": ".join(filter(None, (each["pipeline"], shown(each["file"]), each.get("cause"))))
        for each in files[:MOST_FILES_TOLD]
    ]
