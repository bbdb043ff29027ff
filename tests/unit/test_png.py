"""Pictures of the page are read as browsers write them, and made small without other colours."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.png import Picture, read_png, to_palette

colours = st.binary(min_size=3, max_size=3)


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    width, height = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    row = st.lists(colours, min_size=width, max_size=width).map(b"".join)
    rows = draw(st.lists(row, min_size=height, max_size=height))
    return Picture(width=width, height=height, channels=3, rows=tuple(rows))


@given(pictures())
def test_few_colours_stay_what_they_are(picture: Picture) -> None:
    assert read_png(to_palette(picture)) == picture


def test_of_many_colours_each_pixel_stays_near_its_own() -> None:
    rows = tuple(b"".join(bytes((x, y, (x + y) % 256)) for x in range(100)) for y in range(100))
    read = read_png(to_palette(Picture(width=100, height=100, channels=3, rows=rows)))
    assert len({row[at : at + 3] for row in read.rows for at in range(0, 300, 3)}) <= 256
    for before, after in zip(rows, read.rows, strict=True):
        assert max(abs(one - other) for one, other in zip(before, after, strict=True)) < 32


WIDE: Final = 4


@pytest.mark.parametrize("kind", range(5))
def test_each_way_to_filter_a_row_is_undone(kind: int) -> None:
    rows = [bytes(range(3 * WIDE)), bytes(range(200, 200 + 3 * WIDE)), b"\0\xff\x10" * WIDE]
    lines, before = b"", bytes(3 * WIDE)
    for row in rows:
        lines += bytes((kind,)) + filtered(kind, row, before)
        before = row
    picture = read_png(written(lines, WIDE, len(rows)))
    assert list(picture.rows) == rows
    assert picture.colour(1.9, 2.2) == (0, 255, 16)


def filtered(kind: int, row: bytes, above: bytes) -> bytes:
    """What an encoder writes: https://www.w3.org/TR/png/#9Filters"""
    written = bytearray()
    for at, value in enumerate(row):
        a, b = (row[at - 3] if at >= 3 else 0), above[at]
        c = above[at - 3] if at >= 3 else 0
        p = a + b - c
        distances = {a: abs(p - a), b: abs(p - b), c: abs(p - c)}
        paeth = min((a, b, c), key=lambda each: distances[each])
        written.append((value - (0, a, b, (a + b) // 2, paeth)[kind]) % 256)
    return bytes(written)


def written(lines: bytes, width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")):
        content += struct.pack(">I", len(body)) + kind + body + b"\0\0\0\0"
    return content
