"""Draws a chart of the page as SVG: a panel a measure, a line a group.

The picture has no script, no font and no address of anything else, and is light or dark as its
viewer is. https://www.w3.org/TR/SVG2/
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from infra.local.pictures.scales import Axis, short, ticks_for
from infra.local.pictures.svg import Svg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Pixels.
WIDTH: Final = 960
PANEL: Final = 220
HEAD: Final = 44
LEFT, RIGHT = 64, WIDTH - 168
_TOP, _BOTTOM = 34, PANEL - 26
_LINE_OF_TEXT = 20
# More cannot be told apart on a picture; the page shows them all.
MOST_MEASURES: Final = 6
MOST_LINES: Final = 6
MOST_DATES: Final = 2000
_DATES_WRITTEN = 6
_NAME_LENGTH = 18
# On light and on dark ground.
_COLOURS = (
    ("#1d5fbf", "#7fb2ff"),
    ("#b4500f", "#ffab70"),
    ("#0f7b5f", "#5fd3b0"),
    ("#7a3ea8", "#cda3f2"),
    ("#a3305b", "#f79bbf"),
    ("#5f6b00", "#c7d25a"),
)
_STYLE = (
    "text { font: 13px system-ui, sans-serif; fill: %s } .head { font-size: 17px } "
    ".head, .name { font-weight: 600 } .value { text-anchor: end; dominant-baseline: middle } "
    ".date { text-anchor: middle } .ground { fill: %s } .grid { stroke: %s } "
    ".line { fill: none; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round } "
)
_LIGHT, _DARK = ("#18181b", "#fff", "#e4e4e7"), ("#fafafa", "#111", "#3f3f46")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a panel.

    Attributes:
        name: of the group; "" where there is one line.
        seconds: since 1970, ascending.
        values: None where there is none.
    """

    name: str
    seconds: Sequence[float]
    values: Sequence[float | None]

    @property
    def words(self) -> str:
        """What is written at its end: the name, and the newest value."""
        name = self.name if len(self.name) <= _NAME_LENGTH else f"{self.name[:_NAME_LENGTH]}…"
        newest = (short(value) for value in reversed(self.values) if value is not None)
        return f"{name} {next(newest, '')}".strip()


def draw(chart: Mapping[str, Any]) -> str:
    """The picture of a chart that has points, as SVG.

    Arguments:
        chart: as a run leaves it in the lake's bucket: sink, date, measures, points.
    """
    measures = chart["measures"][:MOST_MEASURES]
    height = HEAD + PANEL * len(measures)
    picture = Svg("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {height}")
    picture.add("style", _style())
    picture.add("rect", kind="ground", width=WIDTH, height=height)
    points = {name: each for name, each in chart["points"].items() if each["date"]}
    chosen = _largest(points, measures[0]["name"])
    dates = sorted({date for name in chosen for date in points[name]["date"]})[-MOST_DATES:]
    head = f"{chart['sink']} by {chart['date']}, {dates[0][:10]} to {dates[-1][:10]}"
    if len(chosen) < len(points):
        head += f", {len(chosen)} of {len(points)} groups"
    picture.add("text", head, kind="head", x=LEFT, y=26)
    for number, measure in enumerate(measures):
        panel = picture.add("g", transform=f"translate(0 {HEAD + PANEL * number})")
        title = measure["name"].replace("_", " ") + (f", {measure['unit']}" * bool(measure["unit"]))
        panel.add("text", title, kind="name", x=LEFT, y=16)
        _draw_panel(panel, [_line(name, points[name], measure, dates[0]) for name in chosen], dates)
    return str(picture)


def _largest(points: Mapping[str, Any], measure: str) -> list[str]:
    """The groups whose newest values are the largest."""

    def last(name: str) -> float:
        values = (value for value in reversed(points[name]["values"][measure]) if value is not None)
        return next(values, float("-inf"))

    return sorted(points, key=lambda name: (-last(name), name))[:MOST_LINES]


def _line(name: str, points: Mapping[str, Any], measure: Mapping[str, Any], since: str) -> Line:
    shown = [
        (_seconds(date), value)
        for date, value in zip(points["date"], points["values"][measure["name"]], strict=True)
        if date >= since
    ]
    return Line(name=name, seconds=[at for at, _ in shown], values=[value for _, value in shown])


def _draw_panel(panel: Svg, lines: Sequence[Line], dates: Sequence[str]) -> None:
    values = [value for line in lines for value in line.values if value is not None]
    if not values:
        panel.add("text", "no values", x=LEFT, y=PANEL / 2)
        return
    axis = Axis(ticks=ticks_for(values), top=_TOP, bottom=_BOTTOM)
    for tick in axis.ticks:
        y = axis.place(tick)
        panel.add("line", kind="grid", x1=LEFT, x2=RIGHT, y1=y, y2=y)
        panel.add("text", short(tick), kind="value", x=LEFT - 8, y=y)
    first, last = _seconds(dates[0]), _seconds(dates[-1])
    span = (last - first) or 1.0

    def across(at: float) -> float:
        return LEFT + (at - first) / span * (RIGHT - LEFT)

    written = min(_DATES_WRITTEN, len(dates))
    for number in range(written):
        date = dates[round(number * (len(dates) - 1) / max(1, written - 1))]
        words = date[:16].replace("T", " ")
        panel.add("text", words, kind="date", x=across(_seconds(date)), y=PANEL - 6)
    for number, line in enumerate(lines):
        places = [
            (across(at), None if value is None else axis.place(value))
            for at, value in zip(line.seconds, line.values, strict=True)
        ]
        panel.add("path", kind=f"line s{number}", d=_path(places))
        y = _TOP + 4 + number * _LINE_OF_TEXT
        panel.add("text", line.words, kind=f"t{number}", x=RIGHT + 12, y=y)


def _path(places: Sequence[tuple[float, float | None]]) -> str:
    """A line through places, broken where there is none; a place alone is a dot."""
    parts, is_drawing = [], False
    for x, y in places:
        if y is not None:
            parts.append(f"{'L' if is_drawing else 'M'}{x:.1f} {y:.1f}")
            if not is_drawing:
                parts.append("h0")
        is_drawing = y is not None
    return " ".join(parts)


def _seconds(date: str) -> float:
    moment = datetime.fromisoformat(date.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _style() -> str:
    light, dark = (
        _STYLE % ground
        + "".join(
            f".s{number} {{ stroke: {pair[shade]} }} .t{number} {{ fill: {pair[shade]} }} "
            for number, pair in enumerate(_COLOURS)
        )
        for shade, ground in enumerate((_LIGHT, _DARK))
    )
    return f"{light}@media (prefers-color-scheme: dark) {{ {dark}}}"
