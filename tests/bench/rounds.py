"""Measurements of files of one size, gathered round by round."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.lab import Files, Lab, Measurement


@dataclass
class Rounds:
    """What has been measured; who inherits measures.

    Attributes:
        lab: where it is done.
        files: the source's rows.
        found: title of a way to its measurements.
    """

    lab: Lab
    files: Files
    found: dict[str, list[Measurement]] = field(default_factory=lambda: defaultdict(list))

    def keep(self, title: str, measured: Measurement) -> Measurement:
        """Tell of a measurement, and keep it."""
        self.lab.say(f"{self.files.rows:>12,} rows  {title:<45} {measured.seconds:7.2f} s")
        self.found[title].append(measured)
        return measured
