"""Values as cells of a CSV file."""

from __future__ import annotations


def quoted(value: object) -> str:
    """A value as a quoted cell, null as the bare empty one."""
    return "" if value is None else '"' + str(value).replace('"', '""') + '"'
