"""The overview: of each summary what a row of the page shows, by column."""

from __future__ import annotations

from typing import Any

_OF_SINK = ("sink", "dag_id", "pipeline", "title", "schedule", "due", "written_at")
# Of the newest run, and of all of which the overview draws a bar.
_OF_NEWEST = (
    "run_id",
    "question",
    "inserted",
    "updated",
    "unchanged",
    "superseded",
    "delivered",
    "deleted",
    "rejected",
)
_OF_EACH = ("status", "finished_at", "read")
_MOST_RUNS = 30


def row_of(summary: Any) -> dict[str, Any] | None:
    """What the overview has of a sink; None where its summary is not as it should be."""
    try:
        return _row_of(summary)
    except (TypeError, KeyError, AttributeError, ValueError):
        return None


def _row_of(summary: Any) -> dict[str, Any]:
    runs = summary["runs"][:_MOST_RUNS]
    row = {
        **{name: summary[name] for name in _OF_SINK},
        "has_chart": summary["chart"] is not None,
        "open_rejects": int(summary["open_rejects"]["total"]),
        "runs": _columns(runs, _OF_EACH) | _columns(runs[:1], _OF_NEWEST),
    }
    if not all(isinstance(row[name], str) for name in ("sink", "dag_id", "title")):
        raise TypeError("a name is no text")
    if not all(isinstance(summary[name], list) for name in ("rejects", "rules")):
        raise TypeError("a list is none")
    return row


def _columns(runs: list[dict[str, Any]], names: tuple[str, ...]) -> dict[str, list[Any]]:
    return {name: [run[name] for run in runs] for name in names}


def items_of(attention: Any) -> list[dict[str, Any]]:
    """What needs a person, without what is not as it should be."""
    found = attention.get("items") if isinstance(attention, dict) else None
    items = found if isinstance(found, list) else []
    return [
        item for item in items if isinstance(item, dict) and isinstance(item.get("dag_id"), str)
    ]
