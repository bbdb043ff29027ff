"""What the ledger says that the event of an asset has to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.runs.notices import format_moment

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTS = (
    "read", "rejected", "duplicate", "inserted", "updated", "unchanged", "superseded",
    "delivered", "deleted",
)  # fmt: skip
NAMES = ("repository", "path", "commit", "file", "version_id")
LEDGER = f"""
    select sink, as_of, details -> 'sources', {", ".join(COUNTS)}
    from ops.run where dag_id = %s and run_id = %s
"""


def entered(query: Callable[..., list[tuple[Any, ...]]], dag_id: str, run_id: str) -> Any:
    """The update that a run has entered in the ledger."""
    ((sink, as_of, sources, *counts),) = query(LEDGER, dag_id, run_id)
    return {
        "dag_id": dag_id,
        "run_id": run_id,
        "sink": sink,
        "as_of": format_moment(as_of),
        **dict(zip(COUNTS, counts, strict=True)),
        "sources": [{n: each[n] for n in NAMES if n in each} for each in sources[:20]],
        "source_count": len(sources),
    }
