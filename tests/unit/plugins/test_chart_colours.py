"""Lines of charts can be seen and told apart, by all who look."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[3] / "plugins" / "sluice_page" / "static"
# WCAG 2.2, 1.4.11: graphics.
LEAST_CONTRAST = 3.0
# In CIELAB; 2.3 is the least that an eye sees side by side.
LEAST_DISTANCE = 19.0
# How who lacks one kind of cones sees linear RGB: https://doi.org/10.1109/TVCG.2009.113
SIGHTS = {
    "full": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}

Colour = tuple[float, ...]


def linear(hexadecimal: str) -> Colour:
    """Linear RGB of #rgb or #rrggbb: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    digits = hexadecimal.lstrip("#")
    pairs = [digits[i : i + 2] for i in (0, 2, 4)] if len(digits) == 6 else [2 * d for d in digits]
    shares = [int(pair, 16) / 255 for pair in pairs]
    return tuple(s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)


def luminance(colour: Colour) -> float:
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), colour, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted(luminance(linear(each)) for each in (one, other))
    return (light + 0.05) / (dark + 0.05)


def seen(hexadecimal: str, sight: str) -> Colour:
    """A colour as CIELAB has it, under D65."""
    true = linear(hexadecimal)
    mixed = [sum(a * b for a, b in zip(row, true, strict=True)) for row in SIGHTS[sight]]
    red, green, blue = (min(1.0, max(0.0, part)) for part in mixed)
    xyz = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
        luminance((red, green, blue)),
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
    )
    x, y, z = (p ** (1 / 3) if p > 0.008856 else 7.787 * p + 16 / 116 for p in xyz)
    return (116 * y - 16, 500 * (x - y), 200 * (y - z))


def variables(file: str, selector: str) -> dict[str, str]:
    """The colours that a rule of a style sheet names."""
    text = (STATIC / file).read_text("utf-8")
    found = re.search(rf"^ *{re.escape(selector)} \{{(.*?)\}}", text, re.MULTILINE | re.DOTALL)
    assert found
    return dict(re.findall(r"(--[\w-]+): (#[0-9a-f]+);", found[1]))


@pytest.fixture(params=[":root", ":root.dark"])
def theme(request: pytest.FixtureRequest) -> tuple[str, dict[str, str]]:
    """The page's ground, and the colours on it."""
    ground = variables("page.css", request.param)["--ground"]
    return ground, variables("charts.css", request.param)


def test_lines_and_bars_stand_out_from_the_ground(theme: tuple[str, dict[str, str]]) -> None:
    ground, colours = theme
    assert set(colours) == {*(f"--series-{number}" for number in range(1, 7)), "--bar"}
    assert {name for name, each in colours.items() if contrast(each, ground) < LEAST_CONTRAST} == (
        set()
    )


@pytest.mark.parametrize("sight", SIGHTS)
def test_any_two_lines_differ_by_colour(theme: tuple[str, dict[str, str]], sight: str) -> None:
    _, colours = theme
    lines = {name: seen(each, sight) for name, each in colours.items() if name != "--bar"}
    alike = [
        (one, other)
        for one, other in combinations(lines, 2)
        if sum((a - b) ** 2 for a, b in zip(lines[one], lines[other], strict=True)) ** 0.5
        < LEAST_DISTANCE
    ]
    assert alike == []
