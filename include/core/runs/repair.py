"""Rows that wait in quarantine: who reads their versions again, and what comes of it.

A run that reads a version again settles its rejected rows itself, in the transaction that loads the
others: include/core/runs/quarantine.py. So whoever starts such runs only has to look afterwards.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypedDict

from include.core.failpoints import failpoint
from include.core.runs.outbox import write_notice
from include.core.runs.repair_notices import (
    VersionOutcome,
    failed_replay,
    repair_notice,
    total,
)
from include.core.runs.run import Run, StartedRun
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.errors import ReplayError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from psycopg2.extensions import cursor

    from include.core.runs.notices import RunFacts
    from include.core.warehouse.connection import Connect

    # Gives what the DAG is given that reads a version again, or says why that cannot be.
    Way = Callable[["WaitingVersion"], "dict[str, Any] | str"]

MOST_RUNS: Final = 100
"""Runs that are started at once; versions beyond those are left to another time."""
MOST_VERSIONS: Final = 1000
_RUN_ID_CHARACTERS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which rows are asked for.

    Attributes:
        sink: where they would have gone.
        code: their fault; any when None.
        file, version: where they are from; any when None.
    """

    sink: str
    code: str | None = None
    file: str | None = None
    version: str | None = None


class WaitingVersion(TypedDict):
    """A version of a file of which rows wait.

    Attributes:
        dag_id: which DAG has read it.
        file, version: as the rows name it.
        rows: how many wait, of those asked for.
        as_of: ISO 8601; the newest moment for which it was read. None where the DAG loads none.
        archived: key in the lake of a file from GitHub.
    """

    dag_id: str
    file: str
    version: str
    rows: int
    as_of: str | None
    archived: str | None


class Begun(TypedDict):
    """When rows were asked for.

    Attributes:
        newest: id of the newest row of the quarantine then; later ones are not asked for.
        began: ISO 8601; that moment.
    """

    newest: int
    began: str


class Found(Begun):
    """The versions of which rows wait."""

    versions: list[WaitingVersion]


class Planned(Begun):
    """Runs to start, and a sentence for each version that none of them reads."""

    runs: list[StartedRun]
    left: list[str]


def find_waiting(connect: Connect, asked: Asked) -> Found:
    """Find the versions of which rows wait: of the newest moments first, a thousand at most.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    with transaction(connect, doing=f"look into the quarantine of {asked.sink}") as cursor:
        cursor.execute(read_statement("runs/repair_rejects.begin"))
        ((newest, began),) = cursor.fetchall()
        values = asdict(asked) | {"newest": newest, "most": MOST_VERSIONS}
        cursor.execute(read_statement("runs/repair_rejects.versions"), values)
        versions = [
            WaitingVersion(
                dag_id=dag_id,
                file=file,
                version=version,
                rows=rows,
                as_of=as_of.isoformat() if as_of else None,
                archived=archived,
            )
            for dag_id, file, version, rows, as_of, archived in cursor.fetchall()
        ]
    return Found(newest=newest, began=began.isoformat(), versions=versions)


def plan_runs(found: Found, ways: Mapping[str, Way], run: Run) -> Planned:
    """Find the runs that read versions again, each once.

    Arguments:
        found: what find_waiting came back with.
        ways: for each DAG, how it is made to read a version again.
        run: which run starts them; asked again, it starts the same ones.
    """
    planned = Planned(newest=found["newest"], began=found["began"], runs=[], left=[])
    names: set[str] = set()
    for version in found["versions"]:
        shown = f"{version['file']} (version {version['version']})"
        way = ways.get(version["dag_id"])
        conf = way(version) if way else f"there is no DAG {version['dag_id']} any more"
        if isinstance(conf, str):
            planned["left"].append(f"{shown}: {conf}")
            continue
        started = _start(version["dag_id"], conf, run)
        if started["trigger_run_id"] in names:
            continue
        if len(names) == MOST_RUNS:
            planned["left"].append(f"{shown}: {MOST_RUNS} runs are enough at once; replay again")
            continue
        names.add(started["trigger_run_id"])
        planned["runs"].append(started)
    return planned


def _start(dag_id: str, conf: dict[str, Any], run: Run) -> StartedRun:
    named = json.dumps([run.dag_id, run.run_id, dag_id, conf], sort_keys=True)
    digest = hashlib.sha256(named.encode()).hexdigest()[:_RUN_ID_CHARACTERS]
    return StartedRun(trigger_dag_id=dag_id, trigger_run_id=f"replay__{digest}", conf=conf)


def set_aside(cursor: cursor, asked: Asked, begun: Begun, *, run: Run, why: str) -> None:
    """Give rows up for good: they do not wait any more, and nothing is loaded.

    A run that rejects the same line of the same version again finds it set aside. The same row in
    another version is another row.

    Arguments:
        cursor: of a transaction.
        asked: which rows.
        begun: rows that were rejected since then wait.
        run: which run.
        why: what the person has written.
    """
    cursor.execute(read_statement("runs/repair_rejects.guard"), {"sink": asked.sink})
    values = asdict(asked) | {"newest": begun["newest"], "why": why}
    cursor.execute(read_statement("runs/repair_rejects.set_aside"), values | run.parameters)
    failpoint("repair.set_aside")


def find_outcome(
    cursor: cursor, asked: Asked, begun: Begun, *, runs: Sequence[Run]
) -> list[VersionOutcome]:
    """Find what has become of rows since they were asked for.

    Arguments:
        cursor: of a transaction.
        asked: which rows.
        begun: since when.
        runs: those that were to settle them.
    """
    values = asdict(asked) | {
        "newest": begun["newest"],
        "began": datetime.fromisoformat(begun["began"]),
        "runs": json.dumps([run.parameters for run in runs]),
    }
    cursor.execute(read_statement("runs/repair_rejects.outcome"), values)
    names = VersionOutcome.__annotations__
    return [VersionOutcome(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def end_repair(
    connect: Connect,
    asked: Asked,
    planned: Planned,
    *,
    states: Sequence[str],
    facts: RunFacts,
    why: str | None,
) -> dict[str, int]:
    """Write the notice of what has become of the rows; set them aside before, if that is asked.

    Arguments:
        connect: opens a connection to the warehouse.
        asked: which rows.
        planned: what plan_runs came back with.
        states: how its runs have ended, in their order: success, or anything else.
        facts: of the run that this ends.
        why: what the person has written who sets the rows aside; None of a replay.

    Returns:
        How many rows were asked for, and where they are now.

    Raises:
        ReplayError: a run has failed; there is no notice.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    ended = list(zip(planned["runs"], states, strict=True))
    failed = [run for run, state in ended if state != "success"]
    mine = [
        Run(dag_id=run["trigger_dag_id"], run_id=run["trigger_run_id"]) for run in planned["runs"]
    ]
    with transaction(connect, doing=f"repair the quarantine of {asked.sink}") as cursor:
        if why is not None:
            set_aside(cursor, asked, planned, run=facts, why=why)
            mine = [facts]
        outcomes = find_outcome(cursor, asked, planned, runs=mine)
        if not failed:
            notice = repair_notice(
                facts,
                sink=asked.sink,
                outcomes=outcomes,
                runs=planned["runs"],
                left=planned["left"],
                why=why,
            )
            write_notice(cursor, notice)
            failpoint("repair.noticed")
    if failed:
        raise ReplayError(failed_replay(sink=asked.sink, outcomes=outcomes, failed=failed))
    return total(outcomes)
