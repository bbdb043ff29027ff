"""Summaries: what the page of Sluice shows of each sink, as JSON objects in the lake's bucket.

On MWAA the web server reaches no warehouse. So each run writes, once its work is committed, what
the page shows of its sink. An object is written whole or not at all, is bounded in size, and says
which version of this format it has.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from include.core.runs.notices import format_moment
from include.core.statements import read_statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg2.extensions import cursor

    from include.core.aws.objects import ObjectStore
    from include.core.summaries.charts import Chart, Points

VERSION: Final = 1
PREFIX: Final = f"page/v{VERSION}"
MOST_RUNS: Final = 30
MOST_REJECTS: Final = 50


def key_of(kind: str, name: str) -> str:
    """Where an object of the page is.

    Arguments:
        kind: sinks, charts, values or traces.
        name: of a sink or a run; it may have any characters.
    """
    return f"{PREFIX}/{kind}/{quote(name, safe='')}.json"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What ledger and quarantine tell of a sink, as JSON holds it.

    Attributes:
        runs: the newest runs, the newest first.
        rejects: the newest rows that they rejected, with their raw text, the newest first.
    """

    runs: list[dict[str, Any]]
    rejects: list[dict[str, Any]]


def read_told(cursor: cursor, sink: str) -> Told:
    """What ledger and quarantine tell of a sink."""
    cursor.execute(read_statement("summaries/list_runs"), {"sink": sink, "most": MOST_RUNS})
    runs = _rows(cursor)
    named = json.dumps([{"dag_id": run["dag_id"], "run_id": run["run_id"]} for run in runs])
    values = {"sink": sink, "runs": named, "most": MOST_REJECTS}
    cursor.execute(read_statement("summaries/list_rejects"), values)
    return Told(runs=runs, rejects=_rows(cursor))


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A chart and its points, by the group's values."""

    chart: Chart
    points: Mapping[str, Points]


def write_summary(
    store: ObjectStore, sink: str, told: Told, *, drawn: Drawn | None, about: Mapping[str, Any]
) -> None:
    """Write what the page shows of a sink: counts, the chart's points, and values of rows.

    Raw texts of rejected rows are an object of their own, for users who may see values.

    Arguments:
        store: the lake's bucket.
        sink: as the ledger knows it.
        told: what ledger and quarantine tell of it.
        drawn: what is drawn of it; None where nothing can be.
        about: what people are told of the dataset: dag_id, title, schedule.
    """
    head = {"version": VERSION, "sink": sink, "written_at": format_moment(_now())}
    axes = None
    if drawn:
        chart = drawn.chart
        axes = {"date": chart.date, "measures": chart.measures, "group": chart.group}
        store.put_json(key_of("charts", sink), {**head, **axes, "points": drawn.points})
    rejects = [{**reject} for reject in told.rejects]
    raw = [reject.pop("raw") for reject in rejects]
    store.put_json(key_of("values", sink), {**head, "raw": raw})
    # The last one: it says that the others are there.
    rest = {"chart": axes, "runs": told.runs, "rejects": rejects}
    store.put_json(key_of("sinks", sink), {**head, **about, **rest})


def _rows(cursor: cursor) -> list[dict[str, Any]]:
    names = [column.name for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [{name: _json(value) for name, value in row.items()} for row in rows]


def _json(value: Any) -> Any:
    return format_moment(value) if isinstance(value, datetime) else value


def _now() -> datetime:
    return datetime.now(timezone.utc)
