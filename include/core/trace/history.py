"""The entries of a key put together: what is left out, and what a person must know beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from include.core.runs.notices import count_of, format_moment
from include.core.trace.answer import MOST_RUNS, MOST_VERSIONS, Entry, History
from include.core.trace.effects import Load

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from include.core.trace.effects import HourKey, ItemKey, TableKey
    from include.core.trace.ledger import LedgerRun
    from include.core.trace.reading import Reading

    Values = dict[str, Any]

R = TypeVar("R")

UNREADABLE: Final = "unreadable"
"""The code of an entry whose files cannot be read any more."""


def newest_versions(runs: Sequence[R], *, versions: Callable[[R], Hashable]) -> tuple[list[R], int]:
    """The runs of the newest MOST_VERSIONS sets of versions, and how many others are left.

    Arguments:
        runs: in the order in which they ended.
        versions: which files a run has read.
    """
    sets: dict[Hashable, None] = {}
    for run in reversed(runs):
        if len(sets) < MOST_VERSIONS:
            sets[versions(run)] = None
    read = [run for run in runs if versions(run) in sets]
    return read, len(runs) - len(read)


def follow(
    state: TableKey | ItemKey | HourKey, run: LedgerRun, reading: Reading, *, order: Any = None
) -> Entry:
    """The entry of a run, which is the next one of a key.

    Arguments:
        state: what the runs before have left.
        run: which run.
        reading: what its files make of the key.
        order: greater for a later state; the run's as_of unless it is given.
    """
    refused, problem = reading.refused, reading.problem
    effect = state.load(
        Load(
            order=run.as_of if order is None else order,
            values=reading.values,
            refused=refused is not None,
            certain=not run.counts["rejected"],
            counts=run.counts,
            readable=problem is None,
        )
    )
    return Entry(
        dag_id=run.dag_id,
        run_id=run.run_id,
        as_of=format_moment(run.as_of),
        finished_at=format_moment(run.finished_at),
        effect=effect,
        values=reading.values,
        sources=[*reading.sources],
        code=UNREADABLE if problem else refused.code if refused else None,
        reason=problem or (refused.reason if refused else None),
    )


def put_together(
    dag_id: str,
    entries: Sequence[Entry],
    *,
    now: Values | None,
    left: Values | None,
    cut: str | None,
    notes: Iterable[str],
) -> History:
    """The history of a key, from the first run on that had it.

    Arguments:
        dag_id: the DAG of the dataset.
        entries: in the order in which the runs ended.
        now: the row as it is in the sink.
        left: what the runs should have left there; as now, where nobody can know.
        cut: as left_out says.
        notes: what else a person must know.
    """
    said = list(notes)
    first = next(
        (place for place, entry in enumerate(entries) if entry["effect"] != "absent"), len(entries)
    )
    if first == len(entries) and now is None:
        said.append(f"This key was never seen: none of {count_of(first, 'load')} had it")
    elif first:
        said.append(f"{count_of(first, 'load')} before the first one shown did not have the key")
    if left != now:
        said.append(
            "The sink does not hold what the last run has left: somebody else wrote to it, or the "
            "contract or the cleaning has changed since"
        )
    return History(dag_id=dag_id, now=now, history=[*entries[first:]], cut=cut, notes=said)


def is_left(left: Values | None, now: Values | None) -> bool:
    """Whether a sink holds what loads have left there, in the columns that it has.

    Arguments:
        left: the row that they have left; None for none.
        now: the row as it is in the sink; None where it is not there.
    """
    if left is None or now is None:
        return left is now
    return now == {name: value for name, value in left.items() if name in now}


def left_out(*, more_runs: bool, of_versions: int) -> str | None:
    """What was not looked at, in words.

    Arguments:
        more_runs: the ledger has more than MOST_RUNS.
        of_versions: how many runs have read only versions that are left.
    """
    parts = [f"loads before the newest {MOST_RUNS}"] if more_runs else []
    if of_versions:
        lost = count_of(of_versions, "load")
        parts.append(f"{lost} that read versions before the newest {MOST_VERSIONS}")
    if not parts:
        return None
    return (
        f"Not looked at: {' and '.join(parts)}. What the first run shown did to the row may "
        "therefore not be known"
    )


def unsuccessful(
    runs: Iterable[LedgerRun], *, skipped: str = "loaded nothing, and asked a person"
) -> list[str]:
    """A note for each kind of run that wrote nothing.

    Arguments:
        runs: which.
        skipped: what those did that were skipped.
    """
    statuses = [run.status for run in runs]
    words = {"failed": "failed", "skipped": skipped}
    return [
        f"{count_of(statuses.count(status), 'run')} {what}: the ledger has no files of such runs"
        for status, what in words.items()
        if status in statuses
    ]
