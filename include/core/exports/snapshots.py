"""Where the rows of exports lie in the lake, and which of them nobody needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.exports.names import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.core.exports.names import ExportName, TableName

_FOLDER = "exports"


def snapshot_key(export: ExportName, *, sha256: str) -> str:
    """The key of an export's rows: in a folder of their own, so that a table can be put over it.

    Arguments:
        export: which.
        sha256: of the file, in hexadecimal.
    """
    return f"{_FOLDER}/{shown(export)}/{sha256[:16]}/snapshot.parquet"


def snapshots_of(table: TableName) -> str:
    """What the keys of all snapshots of a table begin with."""
    return f"{_FOLDER}/{table['tenant']}/{table['table']}/"


def outdated(keys: Iterable[str], table: TableName, *, version: str) -> list[str]:
    """The keys of snapshots of older versions: no delta starts from them, and no rebuild.

    Arguments:
        keys: of the table.
        table: which.
        version: what its target holds; the base of the next delta is this one or a newer one.
    """
    prefix = snapshots_of(table)
    return [key for key in keys if key.removeprefix(prefix).partition("/")[0] < version]
