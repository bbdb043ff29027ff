"""Hand-overs between tasks as gzipped JSON lines; the same values make the same bytes."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Each file is read once, a moment later: time matters more than size.
_LEVEL = 1


def write_lines(path: Path, values: Iterable[Any]) -> int:
    """Write values as they come, one JSON text a line; returns how many."""
    count = 0
    dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=_LEVEL) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="\n") as lines,
    ):
        for value in values:
            lines.write(dump(value) + "\n")
            count += 1
    return count


def read_lines(path: Path) -> Iterator[Any]:
    """The values of such a file, one at a time."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield json.loads(line)
