"""Ends what an earlier start of a stack left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.local import postgres, processes

if TYPE_CHECKING:
    from infra.local.layout import Layout


def end_leftovers(layout: Layout) -> None:
    """End every process of a stack that nobody holds, and forget its addresses."""
    for kept in layout.of_every_source():
        postgres.end_leftover(kept)
    processes.sweep(layout.root)
    layout.running.unlink(missing_ok=True)
