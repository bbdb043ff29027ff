"""Keys that changed their shape: as many vanish as appear for dates that were loaded before.

A source that begins to write 1 for 01 makes new rows of old ones. A table that keeps vanished
rows would hold them twice from then on.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MovedKeys:
    """Keys of one state of a table that the next one lacks, and those that it has instead.

    Attributes:
        gone: keys of the earlier state that the later one lacks.
        come: keys of the later state that the earlier one lacks; where keys have a date, only
            those of dates that both states have.
        columns: names of the key's columns in which most of them differ alone; none when they
            differ in several at once.
        dated: keys have a date.
    """

    gone: int = 0
    come: int = 0
    columns: tuple[str, ...] = ()
    dated: bool = False

    @property
    def is_change(self) -> bool:
        """As many came as went, give or take half: they are probably the same rows."""
        return 0 < max(self.gone, self.come) <= 2 * min(self.gone, self.come)

    @property
    def _cause(self) -> str:
        suspect = " or ".join(self.columns) or "its keys"
        return f"the source has probably changed how it writes {suspect}"

    @property
    def _new(self) -> str:
        return f"{self.come} new ones{' for dates that were loaded before' if self.dated else ''}"

    @property
    def _others(self) -> str:
        return f"{self.come} others{' for the same dates' if self.dated else ''}"

    def hint(self) -> str:
        """What the advice to let rows go needs, where some new keys may be those rows."""
        if not self.come:
            return ""
        return f", but make sure first that none of them is among {self._new}, under another key"

    @property
    def suspicion(self) -> str:
        """The sentence for who decides whether rows may go."""
        return f"{self.gone} keys are gone, and there are {self._new}: {self._cause}."

    def warn_of_newest(self, *, deletes: bool) -> str:
        """The sentence for ledger and notice of a newest snapshot that is loaded all the same.

        Arguments:
            deletes: the rows of keys that are gone are deleted, not kept.
        """
        left = _DELETED if deletes else _DOUBLED
        return f"{self.suspicion} {left}"

    def warn_of_older(self) -> str:
        """The same for a snapshot that is older than the table."""
        return (
            f"{self.gone} keys of this older snapshot are in no newer one, which have "
            f"{self._others}: {self._cause} since. {_DOUBLED}"
        )

    def refuse_newest(self, *, before: int, deletes: bool) -> str:
        """What an error says of a newest snapshot, without its table.

        Arguments:
            before: rows of the snapshot before.
            deletes: as for warn_of_newest.
        """
        return (
            f"{self.gone} of the {before} keys of the snapshot before are gone, and there are "
            f"{self._new}: {self._cause}. Nothing was loaded. If the new keys are wrong, wait for "
            "the source to be fixed, or declare a pattern in the contract. If they are right, "
            f"{_RAISE if deletes else _RENAME}"
        )

    def refuse_older(self, *, before: int) -> str:
        """What an error says of an older snapshot, without its table.

        Arguments:
            before: its rows.
        """
        return (
            f"{self.gone} of the {before} keys of this older snapshot are in no newer one, which "
            f"have {self._others}: {self._cause} since. Nothing was loaded. Leave this date out, "
            "for the table would hold its rows under both keys; raise the dataset's shrink limit "
            "only if they are other rows"
        )


_DELETED = "The rows of the old keys were deleted"
_DOUBLED = "The table holds such rows under both keys: delete those of the wrong ones"
_RAISE = "raise the dataset's shrink limit for this run: the rows of the old keys are deleted"
_RENAME = (
    "rename or delete the rows of the old keys in the table, and run again; do not raise the "
    "shrink limit for them, for the table would hold these rows under both keys"
)


def differing_columns(
    key: tuple[str, ...], pairs: dict[int, int], *, gone: int, come: int
) -> tuple[str, ...]:
    """Names of the columns of a key in which most of the moved keys differ alone.

    Arguments:
        key: names of the key's columns.
        pairs: for the place of each, how many keys that went have one that came which is the same
            in all other columns.
        gone: how many keys went.
        come: how many came.
    """
    most = max(pairs.values(), default=0)
    # Fewer than half: no single column explains the change.
    if 2 * most < min(gone, come) or not most:
        return ()
    return tuple(name for place, name in enumerate(key) if pairs.get(place) == most)
