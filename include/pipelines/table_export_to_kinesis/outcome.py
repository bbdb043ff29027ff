"""What comes of an export that was worked out: a delta to publish, or a question to a person."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from include.core.arrivals.results import without_rows
from include.core.exports.names import shown
from include.core.failpoints import failpoint
from include.core.warehouse.connection import transaction
from include.errors import AccountingError
from include.pipelines.table_export_to_kinesis.leases import check, release
from include.pipelines.table_export_to_kinesis.publication import hand_over_delta
from include.pipelines.table_export_to_kinesis.snapshot import MadeSnapshot
from include.pipelines.table_export_to_kinesis.states import (
    keep_delta,
    set_state,
    supersede_older,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.core.arrivals.results import FileResult
    from include.pipelines.table_export_to_kinesis.delta import Delta
    from include.pipelines.table_export_to_kinesis.states import State
    from include.pipelines.table_export_to_kinesis.task_values import (
        Computed,
        ExportWork,
        Part,
        Publication,
        Question,
        Taken,
    )
    from include.pipelines.table_export_to_kinesis.turn import Turn


def ended(work: ExportWork, state: State, why: str) -> Computed:
    """What becomes of an export of which nothing is published now."""
    warning = f"{shown(work['export'])} {why}"
    return {
        "index": work["index"],
        "export": work["export"],
        "state": state,
        "result": without_rows(work["index"], warning=warning),
    }


def go_on(turn: Turn) -> Computed:
    """Go on from where an export waited for a person, who has approved."""
    delta = cast("Any", turn.export.delta)
    return _to_publish(turn, delta, delta["result"], time.time())


def keep(turn: Turn, taken: Taken, delta: Delta) -> Computed:
    """Keep a delta for the tasks that publish it; ask a person where the limits say so.

    Arguments:
        turn: whose.
        taken: what was read.
        delta: how that differs from the base.

    Raises:
        AccountingError: the delta does not lead from one snapshot to the other.
        ExportBusyError: another run has taken the table over.
    """
    _check(turn, taken, delta)
    name, snapshot = turn.work["export"], taken["snapshot"]
    hand_over = turn.resources.hand_over(turn.work["index"])
    publication = hand_over_delta(name, turn.base, snapshot, delta, hand_over)
    failpoint("compute.parts_stored")
    gone, result = delta.deletes + taken["made"]["carried"], _result(turn, taken, delta)
    question = _question(turn, taken, publication, delta, gone)
    kept = {**publication, "result": result, "gone": gone, "question": question}
    with transaction(turn.resources.connect, doing=f"keep the delta of {shown(name)}") as cursor:
        check(cursor, turn.held)
        keep_delta(
            cursor,
            name,
            snapshot=snapshot,
            base_version=turn.base.version,
            delta=kept,
            counts=result["counts"],
        )
        supersede_older(cursor, name)
        if question is not None:
            set_state(cursor, name, "asked")
            release(cursor, turn.held)
    failpoint("compute.kept")
    if question is None:
        return _to_publish(turn, publication, result, taken["began"])
    asked = ended(turn.work, "asked", f"waits for a person: {gone} rows would go")
    return {**asked, "question": question}


def _check(turn: Turn, taken: Taken, delta: Delta) -> None:
    before, rows = turn.rows_before, taken["snapshot"]["rows"]
    if delta.inserts - delta.deletes != rows - before:
        raise AccountingError(
            f"{shown(turn.work['export'])}: {before} rows, {delta.inserts} inserts and "
            f"{delta.deletes} deletes do not make {rows} rows"
        )


def _result(turn: Turn, taken: Taken, delta: Delta) -> FileResult:
    made = MadeSnapshot(**taken["made"])
    result: FileResult = {
        "index": turn.work["index"],
        "counts": {
            "read": made.read,
            "rejected": made.rejected,
            "duplicate": made.duplicate,
            "unchanged": delta.unchanged - made.carried,
            "delivered": delta.inserts + delta.updates,
            "deleted": delta.deletes,
        },
        "rejects": taken["rejects"],
        "rejects_by_code": made.rejects_by_code,
        "seconds": time.time() - taken["began"],
    }
    if made.carried:
        result["warning"] = (
            f"{shown(turn.work['export'])} lacks {made.carried} rows of its base; they "
            f"stay, since they may be among the {made.rejected} that were rejected"
        )
    return result


def _question(
    turn: Turn, taken: Taken, publication: Publication, delta: Delta, gone: int
) -> Question | None:
    """What to ask, where more rows are gone than the dataset allows and a person has approved."""
    limit, rows = turn.dataset.shrink, taken["snapshot"]["rows"]
    if gone <= turn.approved:
        return None
    if not limit.is_suspicious(gone, before=turn.rows_before, left=rows):
        return None
    return {
        "rows_before": turn.rows_before,
        "rows": rows,
        "gone": gone,
        "keys": delta.gone,
        "base": turn.base.version,
        "publication": publication["publication"],
        "objects": turn.export.objects,
    }


def _to_publish(
    turn: Turn, publication: Publication, result: Mapping[str, Any], began: float
) -> Computed:
    index, name = turn.work["index"], turn.work["export"]
    parts: list[Part] = [
        {
            **part,
            "index": index,
            "export": name,
            "publication": publication["publication"],
            "held": turn.held,
        }
        for part in publication["parts"]
    ]
    return {
        "index": index,
        "export": name,
        "state": "complete",
        "held": turn.held,
        "result": cast("FileResult", {**result, "index": index}),
        "parts": parts,
        "began": began,
    }
