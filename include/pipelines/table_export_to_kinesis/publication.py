"""A delta as it is published: its name, its parts in the lake, and the record that ends it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from include.core.aws.hand_over import HandOver
    from include.core.exports.names import ExportName
    from include.core.exports.records import End
    from include.pipelines.table_export_to_kinesis.delta import Delta
    from include.pipelines.table_export_to_kinesis.leases import Base
    from include.pipelines.table_export_to_kinesis.snapshot import Snapshot
    from include.pipelines.table_export_to_kinesis.task_values import Publication, StoredPart

_NAME_CHARACTERS: Final = 16


def hand_over_delta(
    export: ExportName, base: Base, snapshot: Snapshot, delta: Delta, hand_over: HandOver
) -> Publication:
    """Store the parts of a delta for the tasks that publish them.

    Arguments:
        export: whose delta.
        base: what it was worked out from.
        snapshot: of the export.
        delta: what changed.
        hand_over: where the parts go.
    """
    name = _name(base, snapshot, len(delta.parts))
    parts: list[StoredPart] = [
        {
            **hand_over.put(f"{name}/{part.number:04}.parquet", part.path),
            "number": part.number,
            "first": part.first,
            "last": part.last,
            "rows": part.rows,
        }
        for part in delta.parts
    ]
    end: End = {
        **export,
        "publication": name,
        "operation": "END",
        "base": base.version,
        "operations": delta.inserts + delta.updates + delta.deletes,
        "inserts": delta.inserts,
        "updates": delta.updates,
        "deletes": delta.deletes,
        "rows": snapshot["rows"],
        "checksum": snapshot["checksum"],
    }
    return {"publication": name, "parts": parts, "end": end}


def _name(base: Base, snapshot: Snapshot, parts: int) -> str:
    """The same for the same operations in the same parts, whoever works them out."""
    before = base.snapshot
    sides = [before and [before["digest"], before["checksum"], before["rows"]]]
    sides.append([snapshot["digest"], snapshot["checksum"], snapshot["rows"]])
    named = json.dumps([*sides, parts])
    return hashlib.sha256(named.encode()).hexdigest()[:_NAME_CHARACTERS]
