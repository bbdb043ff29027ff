"""Files in the landing bucket that no run has: their event was lost, or their run was.

Those whose name no pipeline takes, such as notes.txt, have no event at all: the sweep enters them
as failed, and names each in one notice.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypedDict

from include.core.arrivals.events import name_problem, printable
from include.core.arrivals.registry import find_missed, refuse
from include.core.arrivals.versions import list_versions, look_up
from include.core.runs.ledger import Counts, Details, RunOfSink, record_run
from include.core.runs.notices import compose_notice, count_of, foot, head, section
from include.core.runs.outbox import write_notice
from include.core.warehouse.connection import transaction
from include.errors import ArrivalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from include.core.arrivals.versions import FileVersion, Landing
    from include.core.runs.notices import RunFacts
    from include.core.runs.outbox import Notice
    from include.core.runs.run import StartedRun
    from include.core.warehouse.connection import Connect

PAGE = 1000
# Files of one started run, and of one sweep: what is left is found again by the next.
MOST_A_RUN, MOST_A_SWEEP = 500, 5000
# Of one sweep, since each is looked up in S3.
MOST_REFUSED = 500
FILES_IN_NOTICE = 20


class MissedFile(TypedDict):
    """An object version below a landing prefix that no run has processed."""

    key: str
    version_id: str


class RefusedFile(MissedFile):
    """One whose name no pipeline takes, and why."""

    cause: str


class Found(TypedDict):
    """What a sweep found below one landing prefix, as its tasks exchange it in JSON."""

    missed: list[MissedFile]
    refused: list[RefusedFile]


class _MissedEntry(TypedDict):
    """A missed file as the ledger has it."""

    pipeline: str
    file: str
    version_id: str


class _RefusedEntry(_MissedEntry):
    """A refused file as the ledger has it."""

    cause: str


def find(landing: Landing, *, connect: Connect, before: datetime) -> Found:
    """Find object versions below a landing prefix that the registry does not know.

    Arguments:
        landing: which prefix.
        connect: opens a connection to the warehouse.
        before: younger objects may have their event under way, and are left.

    Returns:
        missed: those that a run can take, at most MOST_A_SWEEP, in S3's order. A version whose
        lease is over is among them; one that has failed is not: a notice has named it. refused:
        those whose name no pipeline takes, at most MOST_REFUSED.
    """
    listed = (
        (each.key, each.version_id)
        for each in list_versions(landing.client, landing.bucket, landing.prefix)
        # The registry cannot hold a NUL; the event of such a file has failed for it.
        if each.stored_at < before and "\0" not in each.key
    )
    found: Found = {"missed": [], "refused": []}
    for page in _pages(listed):
        problems = {
            key: problem for key, _ in page if (problem := name_problem(key, landing.suffixes))
        }
        named = [each for each in page if each[0] not in problems]
        misnamed = [each for each in page if each[0] in problems]
        with transaction(connect, doing=f"sweep {landing.prefix}") as cursor:
            which = (cursor, landing.pipeline, landing.bucket)
            found["missed"] += [
                {"key": key, "version_id": version} for key, version in find_missed(*which, named)
            ]
            found["refused"] += [
                {"key": key, "version_id": version, "cause": problems[key]}
                for key, version in find_missed(*which, misnamed)
            ]
        if len(found["missed"]) >= MOST_A_SWEEP:
            break
    return {
        "missed": found["missed"][:MOST_A_SWEEP],
        "refused": found["refused"][:MOST_REFUSED],
    }


def _pages(listed: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while page := list(islice(listed, PAGE)):
        yield page


def runs_to_start(found: Mapping[str, Found], *, name: str) -> list[StartedRun]:
    """What to trigger so that missed files are processed.

    Arguments:
        found: for each pipeline what find came back with.
        name: goes into the run ids, so that asking twice starts a run once.
    """
    return [
        {
            "trigger_dag_id": pipeline,
            "trigger_run_id": f"sweep__{name}__{pipeline}__{start // MOST_A_RUN}",
            "conf": {"objects": files["missed"][start : start + MOST_A_RUN], "again": False},
        }
        for pipeline, files in found.items()
        for start in range(0, len(files["missed"]), MOST_A_RUN)
    ]


def record_sweep(
    found: Mapping[str, Found],
    *,
    landings: Sequence[Landing],
    run: RunOfSink,
    facts: RunFacts,
    connect: Connect,
) -> None:
    """Enter what a sweep had to start or refuse, with its notice; nothing where it found nothing.

    Arguments:
        found: for each pipeline what find came back with.
        landings: of these pipelines.
        run: the sweep, for the ledger.
        facts: what its notice says of it.
        connect: opens a connection to the warehouse.
    """
    missed: list[_MissedEntry] = [
        {"pipeline": pipeline, "file": each["key"], "version_id": each["version_id"]}
        for pipeline, files in found.items()
        for each in files["missed"]
    ]
    looked_up = list(_look_up_refused(found, landings))
    refused = [entry for entry, _ in looked_up]
    if not missed and not refused:
        return
    with transaction(connect, doing="enter a sweep") as cursor:
        for entry, file in looked_up:
            refuse(cursor, entry["pipeline"], file, run, cause=entry["cause"])
        if record_run(cursor, run, Counts(read=0), Details(sources=missed, failures=refused)):
            write_notice(cursor, _notice(facts, missed, refused))


def _look_up_refused(
    found: Mapping[str, Found], landings: Sequence[Landing]
) -> Iterator[tuple[_RefusedEntry, FileVersion]]:
    """Files to refuse, each with what S3 says of it; one that was deleted since is left out."""
    of = {landing.pipeline: landing for landing in landings}
    for pipeline, files in found.items():
        for each in files["refused"]:
            key, version_id = each["key"], each["version_id"]
            try:
                file = look_up(of[pipeline].client, of[pipeline].bucket, key, version_id)
            except ArrivalError:
                continue
            entry: _RefusedEntry = {
                "pipeline": pipeline,
                "file": key,
                "version_id": version_id,
                "cause": each["cause"],
            }
            yield entry, file


def _notice(
    facts: RunFacts, missed: Sequence[_MissedEntry], refused: Sequence[_RefusedEntry]
) -> Notice:
    parts = [
        f"{count_of(len(missed), 'missed file')} started" if missed else "",
        f"{count_of(len(refused), 'file')} refused" if refused else "",
    ]
    started = [
        "",
        f"{count_of(len(missed), 'file')} had landed without being processed. Runs start now.",
        "Their event was lost or is very late, or the run that had them was lost.",
        *section("Files:", _listed((each["pipeline"], each["file"]) for each in missed)),
    ]
    left = [
        "",
        f"{count_of(len(refused), 'file')} will not be processed. No other notice names them.",
        *section(
            "Refused (all are in ops.arrival):",
            _listed((each["pipeline"], each["file"], each["cause"]) for each in refused),
        ),
    ]
    lines = [
        *head(facts, "success"),
        *(started if missed else []),
        *(left if refused else []),
        *foot(facts),
    ]
    subject = f"{facts.dataset}: {', '.join(part for part in parts if part)}"
    return compose_notice(facts, "success", subject, lines)


def _listed(files: Iterable[tuple[str, ...]]) -> list[str]:
    """A line for each of the first files: pipeline, key, and cause where there is one."""
    first = islice(files, FILES_IN_NOTICE)
    return [": ".join((pipeline, printable(key), *cause)) for pipeline, key, *cause in first]
