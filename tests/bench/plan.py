"""What is to be measured, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.aims import Aim


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured.

    Attributes:
        parts: names of parts.
        rows: of the largest file.
        rounds: how often speed is measured.
        full: measure ten times the rows too, and send every uploaded row.
        peers: measure other tools too.
    """

    parts: Sequence[str]
    rows: int
    rounds: int
    full: bool
    peers: bool

    @property
    def other_sizes(self) -> list[int]:
        """Rows of the files that are measured once."""
        return [self.rows // 10, *([self.rows * 10] if self.full else [])]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Measurements as lines of text, and what was aimed at."""

    lines: Sequence[str]
    aims: Sequence[Aim]
