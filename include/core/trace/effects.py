"""What each load did to one row, worked out from what its files hold.

A load writes what differs (core/warehouse/upsert.py), so it keeps no history of a row. These
classes follow one key through the loads in the order in which they ended, by the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from include.core.trace.answer import Effect

    Values = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Load:
    """A load, as far as it concerns one key.

    Attributes:
        order: greater for the load of a later state: a moment, or a text.
        values: what it brings for the key; None for nothing.
        refused: a row of the key was rejected.
        certain: no row of the load was rejected, so that a missing row is missing in its source.
        counts: of the ledger: inserted, updated, unchanged and deleted of all rows together.
        readable: False where its files are gone, so that nothing is known of values.
    """

    order: Any
    values: Values | None
    refused: bool = False
    certain: bool = True
    counts: dict[str, int]
    readable: bool = True


class TableKey:
    """One key of a table whose snapshots are whole.

    Arguments:
        vanished: what becomes of rows that a snapshot lacks.
        known: False where earlier loads are not looked at: the table may hold the key already.

    Attributes:
        values: what the table should hold by now; None for no row.
        known: whether that is certain.
    """

    def __init__(self, *, vanished: Literal["keep", "delete"], known: bool = True) -> None:
        self.values: Values | None = None
        self.known = known
        self._vanished = vanished
        self._newest: Any = None
        # The newest state that had the key, where the newest of all has it not.
        self._last_seen: Any = None

    def load(self, load: Load) -> Effect:
        """Follow a load, and say what it did to the row."""
        is_older = self._newest is not None and load.order < self._newest
        if not load.readable:
            return self._unreadable(load, is_older=is_older)
        if is_older:
            return self._load_older(load)
        if load.values is None:
            effect = self._miss(load)
        else:
            effect = self._write(load)
            self._last_seen = None
        self._newest = load.order
        return effect

    def _unreadable(self, load: Load, *, is_older: bool) -> Effect:
        counts = load.counts
        if counts["inserted"] or counts["updated"] or counts["deleted"]:
            self.known = False
        if not is_older:
            self._newest = load.order
        return "unknown"

    def _miss(self, load: Load) -> Effect:
        if load.refused:
            effect: Effect = "refused"
        elif self._vanished == "delete" and load.certain and self.values is not None:
            self.values = None
            return "deleted"
        else:
            effect = "absent"
        if self.values is not None and self._last_seen is None:
            self._last_seen = self._newest
        return effect

    def _load_older(self, load: Load) -> Effect:
        if load.values is None:
            return "refused" if load.refused else "absent"
        # The newest snapshot is the whole table where rows are deleted.
        if self._vanished == "delete":
            return "superseded"
        if self.values is not None and (self._last_seen is None or self._last_seen >= load.order):
            return "superseded"
        effect = self._write(load)
        self._last_seen = load.order
        return effect

    def _write(self, load: Load) -> Effect:
        effect = _effect(self.values, load, known=self.known)
        self.values, self.known = load.values, True
        return effect


class ItemKey:
    """One item of a table that files add to, each a part: the newest file with the key wins.

    Attributes:
        values: what the table should hold by now; None for no item.
        known: whether that is certain.
    """

    def __init__(self, *, known: bool = True) -> None:
        self.values: Values | None = None
        self.known = known
        self._version: Any = None

    def load(self, load: Load) -> Effect:
        """Follow a load, and say what it did to the item."""
        if not load.readable:
            self.known = False
            return "unknown"
        if load.values is None:
            return "refused" if load.refused else "absent"
        if self._version is not None and load.order < self._version:
            return "superseded"
        effect = _effect(self.values, load, known=self.known)
        self.values, self.known, self._version = load.values, True, load.order
        return effect


def _effect(before: Values | None, load: Load, *, known: bool) -> Effect:
    if not known and before is None:
        # What was there before is not known: the counts of all rows say what can have been.
        counts = load.counts
        if counts["unchanged"]:
            return "confirmed"
        return "inserted" if counts["inserted"] and not counts["updated"] else "updated"
    if before is None:
        return "inserted"
    return "confirmed" if before == load.values else "updated"
