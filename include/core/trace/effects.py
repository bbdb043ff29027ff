"""What each load did to one row, worked out from what its files hold.

A load writes what differs (core/warehouse/upsert.py), so it keeps no history of a row. These
classes follow one key through the loads in the order in which they ended, by the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from include.core.trace.answer import Effect

    Values = dict[str, Any]

# What a load that has the key can do to it, by the count of the ledger that shows it.
_EFFECTS: Final[dict[str, Effect]] = {
    "inserted": "inserted",
    "updated": "updated",
    "unchanged": "confirmed",
    "superseded": "superseded",
}


@dataclass(frozen=True, kw_only=True)
class Load:
    """A load, as far as it concerns one key.

    Attributes:
        order: greater for the load of a later state: a moment, or a text.
        values: what it brings for the key; None for nothing.
        refused: a row of the key was rejected.
        certain: no row of the load was rejected, so that a missing row is missing in its source.
        counts: of the ledger: inserted, updated, unchanged, superseded and deleted, of all rows
            together.
        readable: False where its files are gone, so that nothing is known of values.
    """

    order: Any
    values: Values | None
    refused: bool = False
    certain: bool = True
    counts: dict[str, int]
    readable: bool = True

    @property
    def has_changed_rows(self) -> bool:
        return any(self.counts[name] for name in ("inserted", "updated", "deleted"))


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
        if load.has_changed_rows:
            self.known = False
        if not is_older:
            self._newest = load.order
        return "unknown"

    def _miss(self, load: Load) -> Effect:
        if load.refused:
            effect: Effect = "refused"
        elif self._vanished == "delete" and load.certain:
            return self._leave(load)
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
        is_there = self.values is not None
        if self.known and is_there and (self._last_seen is None or self._last_seen >= load.order):
            return "superseded"
        effect = self._write(load)
        self._last_seen = load.order
        return effect

    def _leave(self, load: Load) -> Effect:
        """What a load does that deletes the row if it is there."""
        if not self.known and load.counts["superseded"]:
            return "absent"
        effect = _effect_of_none(self.values, load, known=self.known)
        self.values, self.known = None, True
        return effect

    def _write(self, load: Load) -> Effect:
        effect = _effect(self.values, load, known=self.known)
        if self.known or not load.counts["superseded"]:
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
        if effect != "superseded":
            self.values, self.known, self._version = load.values, True, load.order
        return effect


class HourKey:
    """One key of an hour that each load makes anew: what a load has not is gone from the hour.

    Arguments:
        known: False where earlier loads are not looked at: the hour may have the key already.

    Attributes:
        values: what the hour should have by now; None for no row.
        known: whether that is certain.
    """

    def __init__(self, *, known: bool = True) -> None:
        self.values: Values | None = None
        self.known = known

    def load(self, load: Load) -> Effect:
        """Follow a load, and say what it did to the row."""
        if not load.readable:
            if load.has_changed_rows:
                self.values, self.known = None, False
            return "unknown"
        find = _effect_of_none if load.values is None else _effect
        effect = find(self.values, load, known=self.known)
        self.values, self.known = load.values, True
        return "refused" if effect == "absent" and load.refused else effect


def _effect(before: Values | None, load: Load, *, known: bool) -> Effect:
    if not known:
        # What the load did to all rows together says it of one only where that is one thing.
        possible = [effect for count, effect in _EFFECTS.items() if load.counts[count]]
        return possible[0] if len(possible) == 1 else "unknown"
    if before is None:
        return "inserted"
    return "confirmed" if before == load.values else "updated"


def _effect_of_none(before: Values | None, load: Load, *, known: bool) -> Effect:
    """What a load does that has not the key, and leaves no row that it has not."""
    if not known:
        return "unknown" if load.counts["deleted"] else "absent"
    return "absent" if before is None else "deleted"
