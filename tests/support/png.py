"""Reads the pictures that a browser takes, and writes smaller ones: https://www.w3.org/TR/png/"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from dataclasses import dataclass

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INDEXED = 3  # the type of colours that are in a palette
_MOST_COLOURS = 256
_UP = 2  # the filter that most rows have
_CHANNELS = {2: 3, _INDEXED: 1, 6: 4}  # RGB, a place in the palette, and RGB with alpha


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Pixels of eight bits a channel.

    Attributes:
        width, height: pixels.
        channels: 3 or 4.
        rows: bytes of each row of pixels, from above.
    """

    width: int
    height: int
    channels: int
    rows: tuple[bytes, ...]

    def colour(self, x: float, y: float) -> tuple[int, int, int]:
        """Red, green and blue of the pixel that a place lies in."""
        start = int(x) * self.channels
        red, green, blue = self.rows[int(y)][start : start + 3]
        return red, green, blue


def read_png(content: bytes) -> Picture:
    """Read a picture of eight bits a channel that is not interlaced, as browsers write them.

    One with a palette is read, too.
    """
    assert content.startswith(_SIGNATURE)
    chunks = _chunks(content)
    width, height, depth, colours, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, interlaced) == (8, 0)
    channels = _CHANNELS[colours]
    raw = zlib.decompress(chunks[b"IDAT"])
    length = width * channels
    rows: list[bytes] = []
    before = bytes(length)
    for number in range(height):
        start = number * (length + 1)
        row = bytearray(raw[start + 1 : start + 1 + length])
        _unfilter(raw[start], row, before, channels)
        before = bytes(row)
        rows.append(before)
    if colours == _INDEXED:
        palette = chunks[b"PLTE"]
        rows = [b"".join(palette[3 * at : 3 * at + 3] for at in row) for row in rows]
        channels = 3
    return Picture(width=width, height=height, channels=channels, rows=tuple(rows))


def _chunks(content: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = len(_SIGNATURE)
    while at < len(content):
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        found[kind] = found.get(kind, b"") + content[at + 8 : at + 8 + size]
        at += size + 12
    return found


def _unfilter(kind: int, row: bytearray, above: bytes, channels: int) -> None:
    """Undo what makes a row compress well: differences to its left and above."""
    if kind == _UP:
        row[:] = bytes((value + over) % 256 for value, over in zip(row, above, strict=True))
        return
    for index in range(len(row) if kind else 0):
        left = row[index - channels] if index >= channels else 0
        corner = above[index - channels] if index >= channels else 0
        guess = (0, left, above[index], (left + above[index]) // 2)
        add = guess[kind] if kind < len(guess) else _paeth(left, above[index], corner)
        row[index] = (row[index] + add) % 256


def _paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    return min((left, above, corner), key=lambda value: abs(estimate - value))


def to_palette(picture: Picture) -> bytes:
    """The same picture in 256 colours at most, as PNG: a small file of what a browser has drawn.

    Colours that hardly differ become the one of them that is there most often.
    """
    pixels = [
        [row[start : start + 3] for start in range(0, len(row), picture.channels)]
        for row in picture.rows
    ]
    counts = Counter(pixel for row in pixels for pixel in row)
    palette, index_of = _palette(counts)
    lines = b"".join(b"\0" + bytes(index_of[pixel] for pixel in row) for row in pixels)
    head = struct.pack(">IIBBBBB", picture.width, picture.height, 8, _INDEXED, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"PLTE", b"".join(palette))]
    chunks += [(b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _palette(counts: Counter[bytes]) -> tuple[list[bytes], dict[bytes, int]]:
    """The colours that stay, and the place among them of each colour that is there."""
    for bits in range(8):
        mask = 0xFF << bits & 0xFF
        groups: dict[bytes, list[bytes]] = {}
        for colour, _ in counts.most_common():
            groups.setdefault(bytes(channel & mask for channel in colour), []).append(colour)
        if len(groups) <= _MOST_COLOURS:
            break
    palette = [group[0] for group in groups.values()]
    places = enumerate(groups.values())
    return palette, {colour: place for place, group in places for colour in group}


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
