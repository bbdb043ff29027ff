"""What a person is asked about an export from which too many rows are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.exports.names import shown
from include.core.runs.questions import compose_body
from include.pipelines.table_export_to_kinesis.register import PIPELINE

if TYPE_CHECKING:
    from include.core.exports.names import ExportName
    from include.core.runs.questions import Question
    from include.pipelines.table_export_to_kinesis.task_values import Question as Asked


def compose_question(export: ExportName, asked: Asked) -> Question:
    """The question about an export, as approve_shrinking asks it.

    Arguments:
        export: which.
        asked: what was found when it was worked out.
    """
    name, before, gone = shown(export), asked["rows_before"], asked["gone"]
    conf = {"objects": asked["objects"], "again": True}
    return {
        "dag_id": PIPELINE,
        "subject": f"{name}: {gone:,} of {before:,} rows would go",
        "body": compose_body(
            f"The export {name} lacks {gone:,} rows that version {asked['base']} had. "
            "Nothing of it is published.",
            counts={
                "rows before": before,
                "rows in this export": asked["rows"],
                "rows that would go": gone,
            },
            gone=asked["keys"],
            answers={
                "Approve": "its changes are published, the deletes among them.",
                "Reject": "it is recorded as refused; the next version is compared with "
                f"{asked['base']}.",
            },
        ),
        "approved_conf": {**conf, "decision": "approved"},
        "refused_conf": {**conf, "decision": "refused"},
        "valid": f"{name} {asked['publication']}",
    }
