"""What a table of items must hold after uploads, computed with nothing but Python's csv."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from dataclasses import dataclass, field

NAMES = {
    "ID": "id",
    "HouseNum": "house_number",
    "Street": "street_address",
    "Town": "town",
    "Zip": "zip",
}


@dataclass
class Expected:
    """What becomes of one file.

    Attributes:
        items: id to its attributes, without the version.
        read, rejected, duplicate: rows.
    """

    items: dict[str, dict[str, str]] = field(default_factory=dict)
    read: int = 0
    rejected: int = 0
    duplicate: int = 0


def expect(text: str) -> Expected:
    """Read a file by the rules: a copy is a duplicate, a key with two values loses all its rows."""
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    header, body = rows[0], rows[1:]
    expected = Expected(read=len(body))
    by_id: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for row in body:
        if len(row) != len(header) or not row[header.index("ID")]:
            expected.rejected += 1
            continue
        values = dict(zip(header, row, strict=True))
        by_id[values["ID"]][tuple(values[name] for name in NAMES)] += 1
    for key, versions in by_id.items():
        if len(versions) > 1:
            expected.rejected += versions.total()
            continue
        ((cells, copies),) = versions.items()
        expected.duplicate += copies - 1
        named = zip(NAMES.values(), cells, strict=True)
        expected.items[key] = {name: value for name, value in named if value}
    return expected
