"""The points of a chart, by group, of a bounded size."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

from include.core.summaries.bounded import shorten, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from include.contracts.charts import Chart

MOST_VALUES: Final = 400_000
MOST_GROUPS: Final = 200
MOST_BYTES: Final = 8_000_000
"""Of a chart as JSON; most values have ten characters."""
_GROUP_CHARACTERS: Final = 200
_EXACT: Final = 2**53  # whole numbers below it are exact in JavaScript


class Points(TypedDict):
    """The points of a line, as JSON holds them: a list a column.

    Attributes:
        date: ISO 8601, in ascending order.
        values: a list of numbers, or None, a measure.
    """

    date: list[str]
    values: dict[str, list[float | int | None]]


@dataclass(frozen=True, kw_only=True)
class Group:
    """The points of a group, as Postgres gives them.

    Attributes:
        name: the group's values as a text.
        label: what may name it better; None where there is nothing.
        size: how many dates it has.
        is_cut: older dates were left out, of this group or another.
        dates: ISO 8601, in ascending order.
        lists: of numbers of JSON, or None, a measure.
    """

    name: str
    label: str | None
    size: int
    is_cut: bool
    dates: list[str]
    lists: Sequence[list[Any]]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A chart and its points.

    Attributes:
        chart: what is drawn.
        points: by the group's name; "" where there are no groups.
        group: the columns that say what names a line, joined by commas; None where there are none.
        cut: what is left out, in words; None where nothing is.
        keys: by the same name, what the rows of a group have in the column of the key that makes
            it one: column to text; empty where several columns do, or none.
    """

    chart: Chart
    points: Mapping[str, Points]
    group: str | None
    cut: str | None
    keys: Mapping[str, Mapping[str, str]]

    @property
    def axes(self) -> dict[str, Any]:
        """As JSON has it: date, group and measures."""
        return {"date": self.chart.date, "group": self.group, "measures": self.chart.measures}


def draw(chart: Chart, rows: Sequence[Sequence[Any]], *, cut: str | None = None) -> Drawn:
    """Points by group, of a bounded size.

    Arguments:
        chart: what is drawn.
        rows: a date, the group's values as a text, its label or None, and a number a measure; in
            order of date.
        cut: what the rows lack already.
    """
    kept, words = _few_groups(rows)
    cuts = [each for each in (cut, words) if each]
    points = _by_group(chart, kept)
    if len(to_json(points)) > MOST_BYTES:
        while len(to_json(points)) > MOST_BYTES:
            kept = kept[len(kept) // 2 :]
            points = _by_group(chart, kept)
        cuts.append(f"Only values since {_iso(kept[0][0])} are shown: there are too many")
    return _drawn(chart, points, _labels(kept), cuts)


def draw_groups(chart: Chart, groups: Sequence[Group]) -> Drawn:
    """The same of points that are in lists already; where these are too long, as of rows."""
    most = sorted(groups, key=lambda group: -group.size)[:MOST_GROUPS]
    names = [measure["name"] for measure in chart.measures]
    labels = {group.name: group.label for group in most}
    titles = _titles(labels)
    points = {
        titles[group.name]: Points(
            date=group.dates, values=dict(zip(names, group.lists, strict=True))
        )
        for group in most
    }
    cuts = []
    if any(group.is_cut for group in groups):
        oldest = min(group.dates[0] for group in groups)
        cuts.append(f"Only values since {oldest} are shown: there are too many")
    if len(groups) > len(most):
        cuts.append(f"Of {len(groups)} groups the {len(most)} with the most values are shown")
    drawn = _drawn(chart, dict(sorted(points.items())), labels, cuts)
    # A value has 25 characters at most, and a date 35: most charts need not be written to be sure.
    width = 35 + 25 * len(names)
    if sum(group.size for group in most) * width + len(most) * 3000 <= MOST_BYTES:
        return drawn
    rows = [
        (at, group.name, group.label, *numbers)
        for group in most
        for at, *numbers in zip(group.dates, *group.lists, strict=True)
    ]
    return draw(chart, sorted(rows, key=lambda row: row[0]), cut=drawn.cut)


def _drawn(
    chart: Chart,
    points: Mapping[str, Points],
    labels: Mapping[str, str | None],
    cuts: Sequence[str],
) -> Drawn:
    return Drawn(
        chart=chart,
        points=points,
        group=_group(chart, labels),
        cut=". ".join(cuts) or None,
        keys=_keys(chart, labels),
    )


def newest_dates(rows: Sequence[Sequence[Any]], *, most: int) -> tuple[list[Any], str | None]:
    """The rows of whole dates, of rows among which the oldest date may have a part only.

    Arguments:
        rows: the newest first, one more than the most where there are more.
        most: rows that may be kept.

    Returns:
        The rows in order of date, and what is left out in words.
    """
    kept = list(rows)
    if len(kept) <= most:
        return kept[::-1], None
    oldest = kept[-1][0]
    # One date alone may have more rows than may be kept.
    kept = [row for row in kept if row[0] != oldest] or kept[:most]
    kept.reverse()
    return kept, f"Only values since {_iso(kept[0][0])} are shown: there are too many"


def _few_groups(rows: Sequence[Sequence[Any]]) -> tuple[Sequence[Sequence[Any]], str | None]:
    sizes = Counter(row[1] for row in rows)
    if len(sizes) <= MOST_GROUPS:
        return rows, None
    largest = {group for group, _ in sizes.most_common(MOST_GROUPS)}
    kept = [row for row in rows if row[1] in largest]
    return kept, f"Of {len(sizes)} groups the {MOST_GROUPS} with the most values are shown"


def _by_group(chart: Chart, rows: Sequence[Sequence[Any]]) -> dict[str, Points]:
    names = [measure["name"] for measure in chart.measures]
    titles = _titles(_labels(rows))
    found: dict[str, Points] = {}
    for at, group, _, *numbers in rows:
        points = found.get(titles[group])
        if points is None:
            points = Points(date=[], values={name: [] for name in names})
            found[titles[group]] = points
        points["date"].append(_iso(at))
        for name, number in zip(names, numbers, strict=True):
            points["values"][name].append(short(number))
    return dict(sorted(found.items()))


def _labels(rows: Iterable[Sequence[Any]]) -> dict[str, str | None]:
    """The newest label of each group."""
    return {row[1]: row[2] for row in rows}


def _are_labelled(labels: Mapping[str, str | None]) -> bool:
    """Whether each group has a label of its own, so that it goes by that."""
    found = set(labels.values())
    return bool(labels) and None not in found and len(found) == len(labels)


def _group(chart: Chart, labels: Mapping[str, str | None]) -> str | None:
    """The columns that say what names a line."""
    return chart.label if _are_labelled(labels) else ", ".join(chart.groups) or None


def _titles(labels: Mapping[str, str | None]) -> dict[str, str]:
    """What each group is called: its label where all labels differ, else its values."""
    by_label = _are_labelled(labels)
    titles: dict[str, str] = {}
    taken: set[str] = set()
    for group, label in labels.items():
        title = shorten(str(label if by_label else group), _GROUP_CHARACTERS)
        number = 1
        while title in taken:
            number += 1
            title = f"{shorten(str(group), _GROUP_CHARACTERS)} ({number})"
        taken.add(title)
        titles[group] = title
    return titles


def _keys(chart: Chart, labels: Mapping[str, str | None]) -> dict[str, dict[str, str]]:
    """What each group's rows have in the column of the key that makes it one."""
    if len(chart.groups) != 1:
        return {}
    return {title: {chart.groups[0]: group} for group, title in _titles(labels).items()}


def _iso(at: date | str) -> str:
    return at if isinstance(at, str) else at.isoformat().replace("+00:00", "Z")


def short(number: float | None) -> float | int | None:
    """As few characters of JSON as the number has; JSON knows no infinity and no NaN."""
    if number is None or not math.isfinite(number):
        return None
    return int(number) if abs(number) < _EXACT and number == int(number) else float(number)
