"""What the COVID tables must hold, from the versions in a folder, in plain Python.

Shares no code with the project: csv and dictionaries only.
"""

from __future__ import annotations

import csv
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

US = "nytimes/covid-19-data/us.csv"
STATES = "nytimes/covid-19-data/us-states.csv"
COMBINED = "datasets/covid-19/data/time-series-19-covid-combined.csv"

Snapshot = dict[Any, tuple[Any, ...]]


def version_at(root: Path, path: str, as_of: datetime) -> Path | None:
    """The newest version of a file at a moment, None before the first."""
    found = None
    for file in sorted((root / path).glob("*.csv")):
        time = datetime.strptime(file.stem, "%Y-%m-%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        if time <= as_of:
            found = file
    return found


def us_daily(root: Path, as_of: datetime) -> Snapshot | None:
    """date to (date, cases, deaths, recovered); rows that are no numbers are left out."""
    us, combined = version_at(root, US, as_of), version_at(root, COMBINED, as_of)
    if us is None or combined is None:
        return None
    recovered = {}
    with combined.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["Country/Region"] == "US" and row["Province/State"] == "":
                recovered[date.fromisoformat(row["Date"])] = int(row["Recovered"])
    rows = {}
    with us.open(newline="") as file:
        for row in csv.DictReader(file):
            day = date.fromisoformat(row["date"])
            if row["cases"].isdigit() and row["deaths"].isdigit():
                values = (day, int(row["cases"]), int(row["deaths"]), recovered.get(day))
                rows[day] = values
    return rows


def us_states_daily(root: Path, as_of: datetime) -> Snapshot | None:
    """(date, fips) to (date, fips, state, cases, deaths)."""
    states = version_at(root, STATES, as_of)
    if states is None:
        return None
    with states.open(newline="") as file:
        return {
            (date.fromisoformat(row["date"]), row["fips"]): (
                date.fromisoformat(row["date"]),
                row["fips"],
                row["state"],
                int(row["cases"]),
                int(row["deaths"]),
            )
            for row in csv.DictReader(file)
        }


def table(snapshots: Iterable[tuple[datetime, Snapshot]]) -> list[tuple[Any, ...]]:
    """What a table holds after these loads, in any order: newest values win."""
    merged: Snapshot = {}
    for _, snapshot in sorted(snapshots, key=lambda pair: pair[0]):
        merged.update(snapshot)
    return sorted(merged.values())


def counts(
    loaded: list[tuple[datetime, Snapshot]], as_of: datetime, snapshot: Snapshot
) -> tuple[int, int, int, int]:
    """(inserted, updated, unchanged, superseded) of one more load, by the rows alone."""
    before: Snapshot = {}
    seen: dict[Any, datetime] = {}
    for time, rows in sorted(loaded, key=lambda pair: pair[0]):
        before.update(rows)
        seen.update(dict.fromkeys(rows, time))
    inserted = updated = unchanged = superseded = 0
    for key, row in snapshot.items():
        if key not in before:
            inserted += 1
        elif seen[key] > as_of:
            superseded += 1
        elif before[key] != row:
            updated += 1
        else:
            unchanged += 1
    return inserted, updated, unchanged, superseded
