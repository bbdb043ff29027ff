"""Which export: tenant, table and version, as keys in S3, tables and records have them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple, TypedDict

from include.errors import ArrivalError

# Segments of a key that also name tables, files and records.
_SEGMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SEGMENTS: Final = 4


class TableName(TypedDict):
    """A tenant's table as tasks exchange it in JSON."""

    tenant: str
    table: str


class ExportName(TableName):
    """An export as tasks exchange it in JSON."""

    version: str


class ExportFile(NamedTuple):
    """A file of an export, by the key that it landed under."""

    export: ExportName
    name: str


def read_key(key: str, *, prefix: str) -> ExportFile:
    """Which export a file belongs to.

    Arguments:
        key: <prefix><tenant>/<table>/<version>/<file>.
        prefix: of all exports; ends in a slash.

    Raises:
        ArrivalError: the key has another shape.
    """
    segments = key.removeprefix(prefix).split("/")
    if len(segments) != _SEGMENTS or not all(map(_SEGMENT.fullmatch, segments[:3])):
        raise ArrivalError(
            f"An export's key is {prefix}<tenant>/<table>/<version>/<file>; tenant, table and "
            "version have letters, digits, points, hyphens and underscores, up to 100. Upload it "
            "again under such a key"
        )
    tenant, table, version, name = segments
    return ExportFile({"tenant": tenant, "table": table, "version": version}, name)


def shown(export: ExportName) -> str:
    """An export as people read it: tenant/table/version."""
    return f"{export['tenant']}/{export['table']}/{export['version']}"


def table_parameters(name: TableName) -> dict[str, str]:
    """The names of a table as bound parameters of a statement."""
    return {"tenant": name["tenant"], "table_name": name["table"]}
