"""What a dataset declares of a whole snapshot: rules that hold before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypedDict

Severity = Literal["error", "warning"]

TABLE: Final = "table"
REJECTS: Final = "rejects"
SHRINK: Final = "shrink"
"""Names of what holds for a dataset beside its rules: its table's columns, and its limits."""


class BrokenRule(TypedDict):
    """A rule that a snapshot has broken.

    Attributes:
        rule: its name.
        words: how, in one sentence without a value of a row.
    """

    rule: str
    words: str


@dataclass(frozen=True, kw_only=True)
class UniqueKey:
    """No two rows of the snapshot have the same values in these columns."""

    columns: tuple[str, ...]
    severity: Severity = "error"

    @property
    def name(self) -> str:
        """What the ledger knows the rule by, whatever its limits are."""
        return f"unique {', '.join(self.columns)}"

    @property
    def words(self) -> str:
        """The rule in one sentence."""
        return f"No two rows have the same {' and '.join(self.columns)}"


@dataclass(frozen=True, kw_only=True)
class NewestDay:
    """The newest date of a column is at most max_age_days before as_of."""

    column: str
    max_age_days: int
    severity: Severity = "warning"

    @property
    def name(self) -> str:
        """What the ledger knows the rule by, whatever its limits are."""
        return f"newest {self.column}"

    @property
    def words(self) -> str:
        """The rule in one sentence."""
        return f"The newest {self.column} is at most {self.max_age_days} days before as_of"


@dataclass(frozen=True, kw_only=True)
class Cumulative:
    """A running total does not fall below its highest earlier value by more than is tolerated.

    Attributes:
        column: the running total.
        order_by: the date column that orders rows.
        partition_by: columns that separate one series from another.
        tolerance: share of the highest earlier value (0 to 1) that it may fall by.
        last_days: only rows of so many days, up to the newest, are checked: an old fall was
            reported when it was new, and stays in the history.
    """

    column: str
    order_by: str
    partition_by: tuple[str, ...] = ()
    tolerance: float = 0.0
    last_days: int = 30
    severity: Severity = "warning"

    @property
    def name(self) -> str:
        """What the ledger knows the rule by, whatever its limits are."""
        return f"cumulative {self.column}"

    @property
    def words(self) -> str:
        """The rule in one sentence."""
        of = f" of the same {' and '.join(self.partition_by)}" if self.partition_by else ""
        return (
            f"In the last {self.last_days} days {self.column} is nowhere more than "
            f"{self.tolerance:.0%} below its highest earlier value{of}"
        )


Rule = UniqueKey | NewestDay | Cumulative
