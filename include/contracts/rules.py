"""What a dataset declares of a whole snapshot: rules that hold before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True)
class UniqueKey:
    """No two rows of the snapshot have the same values in these columns."""

    columns: tuple[str, ...]
    severity: Severity = "error"


@dataclass(frozen=True, kw_only=True)
class NewestDay:
    """The newest date of a column is at most max_age_days before as_of."""

    column: str
    max_age_days: int
    severity: Severity = "warning"


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


Rule = UniqueKey | NewestDay | Cumulative
