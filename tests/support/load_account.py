"""What loads of a small file's versions do to each row of a table, in plain Python.

It is said by what the table holds afterwards: for each key the values of the newest snapshot that
had the key; or the newest snapshot itself, where rows are deleted. Shares no code with the project.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

Rows = dict[int, tuple[int, int]]
MANY = st.integers(1, 4)  # days of November that rows may be of


@dataclass(frozen=True)
class Version:
    """A version of the file, whose first row is always there and good.

    Attributes:
        rows: day to cases and deaths.
        damaged: day to how its row is broken.
    """

    rows: Rows
    damaged: dict[int, str]

    @property
    def good(self) -> Rows:
        kept = {day: row for day, row in self.rows.items() if day not in self.damaged}
        return {9: (9, 9), **kept}

    def text(self) -> str:
        lines = ["date,cases,deaths", "2020-11-09,9,9"]
        for day, (cases, deaths) in self.rows.items():
            name, how = f"2020-11-{day:02}", self.damaged.get(day)
            if how is None:
                lines.append(f"{name},{cases},{deaths}")
            elif how == "conflict":
                lines += [f"{name},{cases},{deaths}", f"{name},{cases + 1},{deaths}"]
            else:
                lines.append({"value": f"{name},x,{deaths}", "short": f'"{name}",{cases}'}[how])
        return "\n".join([*lines, ""])

    def line(self, day: int) -> int:
        """Where the first row of a day is."""
        lines = self.text().splitlines()
        return 1 + next(n for n, text in enumerate(lines) if f"2020-11-{day:02}" in text)


VERSIONS = st.builds(
    Version,
    st.dictionaries(MANY, st.tuples(st.integers(0, 1), st.integers(0, 1)), max_size=4),
    st.dictionaries(MANY, st.sampled_from(["value", "short", "conflict"]), max_size=1),
)


@dataclass
class Account:
    """What each load does to each day, by what a table is said to hold afterwards."""

    deletes: bool
    loaded: list[tuple[int, Version]] = field(default_factory=list)
    table: Rows = field(default_factory=dict)

    def load(self, moment: int, version: Version) -> dict[int, str]:
        newest = max((one for one, _ in self.loaded), default=moment)
        before = dict(self.table)
        self.loaded.append((moment, version))
        if not self.deletes:
            # For each key the values of the newest snapshot that had it.
            for _, one in sorted(self.loaded, key=lambda each: each[0]):
                self.table.update(one.good)
        elif moment >= newest:
            certain = not version.damaged.keys() & version.rows.keys()
            self.table = {**({} if certain else self.table), **version.good}
        return {
            day: self._effect(day, moment, version, before, is_older=moment < newest)
            for day in range(10)
        }

    def _effect(
        self, day: int, moment: int, version: Version, before: Rows, *, is_older: bool
    ) -> str:
        after = self.table.get(day)
        if day not in version.good:
            if day in version.rows:
                return "refused"
            return "deleted" if day in before and after is None else "absent"
        # An older moment that was loaded before has had its say.
        newer = [one for one, held in self.loaded[:-1] if one >= moment and day in held.good]
        if is_older and (newer or self.deletes):
            return "superseded"
        if day not in before:
            return "inserted"
        return "confirmed" if before[day] == after else "updated"
