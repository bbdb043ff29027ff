"""Summaries: what the page of Sluice shows of each sink, as JSON objects in the lake's bucket.

On MWAA the web server reaches no warehouse. So each run writes, once its work is committed, what
the page shows of its sink. An object is written whole or not at all, is bounded in size, and says
which version of this format it has.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from include.core.failpoints import failpoint
from include.core.statements import read_statement
from include.core.summaries.bounded import encode, moment, to_json
from include.core.summaries.due import due_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg2.extensions import cursor

    from include.core.aws.objects import ObjectStore
    from include.core.summaries.points import Drawn

    Look = Callable[[Any], "tuple[Told, Drawn | None] | None"]

VERSION: Final = 1
PREFIX: Final = f"page/v{VERSION}"
MOST_RUNS: Final = 30
MOST_REJECTS: Final = 50
MOST_BYTES: Final = 1_500_000
"""Of a summary, and of the values that belong to it; most have a hundredth of it."""
_MOST_CODES: Final = 50  # of rejects, in all and of one run
_MOST_RULES: Final = 100
_KEY_BYTES: Final = 900  # of the 1024 that S3 takes
_TRIES: Final = 10  # who has lost to another run reads again what that has done


def key_of(kind: str, name: str) -> str:
    """Where an object of the page is.

    Arguments:
        kind: sinks, charts, values, days or traces.
        name: of a sink or a run; it may have any characters.
    """
    quoted = quote(name.encode("utf-8", "surrogatepass"), safe="")
    if len(quoted) > _KEY_BYTES:
        quoted = hashlib.sha256(quoted.encode()).hexdigest()
    return f"{PREFIX}/{kind}/{quoted}.json"


@dataclass(frozen=True, kw_only=True)
class DeclaredRule:
    """What a dataset promises.

    Attributes:
        name: as the ledger has it where it was broken.
        words: one sentence.
        severity: error or warning.
    """

    name: str
    words: str
    severity: str


@dataclass(frozen=True, kw_only=True)
class About:
    """What is declared of a sink.

    Attributes:
        sink: as the ledger knows it.
        dag_id: the DAG that writes to it.
        pipeline: the DAG's pipeline.
        title, description: for people.
        schedule: cron, UTC; None where time starts no run.
        is_on: its schedule is followed here.
        step: the moments of runs are full steps, such as hours.
        key: columns that identify a row; None where there is none, or not one alone.
        rules: what is checked.
    """

    sink: str
    dag_id: str
    pipeline: str
    title: str
    description: str
    schedule: str | None = None
    is_on: bool = True
    step: timedelta = timedelta()
    key: tuple[str, ...] | None = None
    rules: tuple[DeclaredRule, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Told:
    """What ledger and quarantine tell of a sink.

    Attributes:
        runs: the newest runs, the newest first.
        rejects: the newest rows that they rejected, with their raw text, the newest first.
        open_rejects: rows in quarantine by code: code, rows, and since when.
        broken: by the name of a rule the run that broke it last, as_of, and how.
        last_as_of: the newest moment that was loaded; None where none was.
    """

    runs: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    open_rejects: list[dict[str, Any]] = field(default_factory=list)
    broken: dict[str, dict[str, Any]] = field(default_factory=dict)
    last_as_of: datetime | None = None


def read_told(cursor: cursor, sink: str) -> Told:
    """What ledger and quarantine tell of a sink."""
    asked = {"sink": sink, "most": MOST_RUNS}
    runs = _rows(cursor, "summaries/list_runs", asked)
    named = json.dumps([{"dag_id": run["dag_id"], "run_id": run["run_id"]} for run in runs])
    values = {"sink": sink, "runs": named, "most": MOST_REJECTS}
    rejects = _rows(cursor, "summaries/list_rejects", values)
    open_rejects = _rows(cursor, "summaries/count_open_rejects", asked)
    broken = _rows(cursor, "summaries/list_broken_rules", asked)
    (newest,) = _rows(cursor, "summaries/find_newest_load", asked)
    return Told(
        runs=runs,
        rejects=rejects,
        open_rejects=open_rejects,
        broken={each.pop("rule"): each for each in broken},
        last_as_of=newest["as_of"],
    )


def compose(
    about: About, told: Told, *, drawn: Drawn | None, revision: str, now: datetime
) -> dict[str, dict[str, Any]]:
    """What the page shows of a sink, by kind of object: charts, values, sinks.

    Raw texts of rejected rows are an object of their own, for users who may see values.

    Arguments:
        about: what is declared of it.
        told: what ledger and quarantine tell of it.
        drawn: what is drawn of it; None where nothing can be.
        revision: the same in all three, so that a reader knows that they belong together.
        now: when they are written.
    """
    head = {"version": VERSION, "revision": revision, "sink": about.sink, "written_at": now}
    rejects = [{**reject} for reject in told.rejects]
    raw = [reject.pop("raw") for reject in rejects]
    found = {"values": {**head, "raw": raw}}
    if drawn:
        points = {"points": drawn.points, "keys": drawn.keys, "cut": drawn.cut}
        found["charts"] = {**head, **drawn.axes, **points}
    found["sinks"] = {
        **head,
        "dag_id": about.dag_id,
        "pipeline": about.pipeline,
        "title": about.title,
        "description": about.description,
        "schedule": about.schedule,
        "due": _due(about, told),
        "key": list(about.key) if about.key else None,
        "chart": drawn.axes if drawn else None,
        "runs": [_with_few_codes(run) for run in told.runs],
        "rejects": rejects,
        "open_rejects": {
            "total": sum(each["rows"] for each in told.open_rejects),
            "by_code": told.open_rejects[:_MOST_CODES],
        },
        "rules": [
            {
                "words": rule.words,
                "severity": rule.severity,
                "last_broken": told.broken.get(rule.name),
            }
            for rule in about.rules[:_MOST_RULES]
        ],
    }
    return found


def write_summary(store: ObjectStore, about: About, look: Look) -> bool:
    """Write what the page shows of a sink; the last of several writers at once has the newest.

    Arguments:
        store: the lake's bucket.
        about: what is declared of the sink.
        look: reads what ledger, quarantine and table tell now, given the summary that is there;
            None where that has it all.

    Returns:
        Whether anything was written.
    """
    key = key_of("sinks", about.sink)
    for _ in range(_TRIES):
        # First what is there: who replaces it has then seen what this one has not.
        tag = store.tag_of(key)
        found = look(store.get_json(key) if tag else None)
        if found is None:
            return False
        bodies = _bodies(about, *found)
        summary = bodies.pop("sinks")
        for kind, body in bodies.items():
            store.put_body(key_of(kind, about.sink), body)
            failpoint("summary.part_written")
        failpoint("summary.parts_written")
        # The last one: it says that the others are there.
        if store.replace_body(key, summary, tag=tag):
            return True
    return False


def is_news(about: About, told: Told, known: Any) -> bool:
    """Whether a summary lacks something that is declared of a sink, or told of it.

    What is drawn does not count: only a run changes it, and each is told of.

    Arguments:
        about: what is declared of it now.
        told: what ledger and quarantine tell of it now.
        known: the summary; None where there is none, or any JSON.
    """
    now = datetime.now(timezone.utc)
    value = compose(about, told, drawn=None, revision="", now=now)["sinks"]
    fresh = json.loads(encode(value, most_bytes=MOST_BYTES))
    ignored = {"revision", "written_at", "chart"}
    return not isinstance(known, dict) or any(
        known.get(name) != each for name, each in fresh.items() if name not in ignored
    )


def has_runs(cursor: cursor, sink: str) -> bool:
    """Whether the ledger knows a run of a sink."""
    cursor.execute(read_statement("summaries/has_runs"), {"sink": sink})
    return cursor.fetchone() is not None


def list_exported(cursor: cursor) -> list[tuple[str, str]]:
    """Tenant and table of each exported table of which changes have been applied."""
    cursor.execute(read_statement("summaries/list_exported"))
    return cursor.fetchall()


def drop_summary(store: ObjectStore, sink: str) -> None:
    """Delete what the page shows of a sink that is no more."""
    for kind in ("sinks", "charts", "values", "days"):
        store.delete(key_of(kind, sink))


def _bodies(about: About, told: Told, drawn: Drawn | None) -> dict[str, bytes]:
    now, revision = datetime.now(timezone.utc), uuid.uuid4().hex
    found = compose(about, told, drawn=drawn, revision=revision, now=now)
    # What is drawn is bounded, and names of its groups are keys.
    chart = found.pop("charts", None)
    bodies = {kind: encode(value, most_bytes=MOST_BYTES) for kind, value in found.items()}
    if chart:
        bodies["charts"] = to_json({**chart, "written_at": moment(now)})
    return bodies


def _due(about: About, told: Told) -> datetime | None:
    if about.schedule is None or not about.is_on or told.last_as_of is None:
        return None
    return due_after(about.schedule, told.last_as_of, step=about.step)


def _with_few_codes(run: dict[str, Any]) -> dict[str, Any]:
    codes = sorted(run["rejects_by_code"].items(), key=lambda each: -(each[1] or 0))
    return {**run, "rejects_by_code": dict(codes[:_MOST_CODES])}


def _rows(cursor: cursor, statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    cursor.execute(read_statement(statement), values)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
