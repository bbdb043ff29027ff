"""What the notice of a repair says: rows that left quarantine, those that stay, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from include.core.runs.notices import compose_notice, count_of, foot, head, section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.core.runs.notices import RunFacts
    from include.core.runs.outbox import Notice
    from include.core.runs.run import StartedRun

_SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True)
class VersionOutcome:
    """What has become of the rows of a version that were asked for.

    Attributes:
        file, version: which.
        asked: how many; the sum of the others.
        settled: loaded by the runs that were started, or set aside by this one.
        settled_by_others: by any other run meanwhile.
        waiting: still in quarantine.
    """

    file: str
    version: str
    asked: int
    settled: int
    settled_by_others: int
    waiting: int


def total(outcomes: Sequence[VersionOutcome]) -> dict[str, int]:
    """The rows of all versions together, by what has become of them."""
    names = ("asked", "settled", "settled_by_others", "waiting")
    return {name: sum(getattr(each, name) for each in outcomes) for name in names}


def repair_notice(
    facts: RunFacts,
    *,
    sink: str,
    outcomes: Sequence[VersionOutcome],
    runs: Sequence[StartedRun] = (),
    left: Sequence[str] = (),
    why: str | None = None,
) -> Notice:
    """The notice of rows that were replayed, or set aside.

    Arguments:
        facts: of which run.
        sink: where the rows would have gone.
        outcomes: of each version.
        runs: those that have read the versions again.
        left: a sentence for each version that none has.
        why: what the person has written who sets rows aside; None of a replay.
    """
    asked, settled, by_others, waiting = total(outcomes).values()
    done = "loaded" if why is None else "set aside"
    said = f"{sink}: {settled} of {count_of(asked, 'rejected row')} {done}"
    files = [
        f"{each.file} (version {each.version}): {each.settled} {done}, {each.waiting} left"
        for each in outcomes
    ]
    lines = [
        *head(facts, "success"),
        f"Sink:        {sink}",
        *([f"Why:         {why}"] if why is not None else []),
        "",
        f"Asked for:   {asked}",
        f"  {done + ':':<11} {settled}",
        f"  left:       {waiting}",
        *([f"  by others:  {by_others}"] if by_others else []),
        *section("Versions:", _first(files)),
        *section("Not read again:", _first(left)),
        *section("Runs:", _first([_named(run) for run in runs])),
        *foot(facts),
    ]
    subject = said if asked else f"{sink}: no rejected row waits that was asked for"
    return compose_notice(facts, "success", subject, lines)


def failed_replay(
    *, sink: str, outcomes: Sequence[VersionOutcome], failed: Sequence[StartedRun]
) -> str:
    """The cause of a replay of which runs failed; what the others have loaded stays."""
    _, settled, _, waiting = total(outcomes).values()
    named = ", ".join(_first([_named(run) for run in failed]))
    return (
        f"{sink}: {count_of(len(failed), 'run')} failed: {named}. "
        f"{count_of(settled, 'rejected row')} loaded, {waiting} left. "
        "Clear the failed tasks of these runs once their cause is gone, then the tasks wait and "
        "settle of this one; or replay again"
    )


def _named(run: StartedRun) -> str:
    return f"{run['trigger_dag_id']} {run['trigger_run_id']}"


def _first(entries: Sequence[str]) -> list[str]:
    more = len(entries) - _SHOWN
    return [*entries[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
