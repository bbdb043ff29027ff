"""Guards of table_export_to_kinesis."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_CODE: Final = "include/pipelines/table_export_to_kinesis"
_SQL: Final = "include/sql/table_export_to_kinesis"
_STATES: Final = "tests/integration/test_export_states.py"

GUARDS: Final = (
    Guard(
        "hold that was let go",
        "a task that outlives its run takes a table that nobody holds, or commits",
        (
            Edit(
                f"{_SQL}/lease_table.sql",
                "    and leased_until is not null\nfor update",
                "for update",
            ),
        ),
        (f"{_STATES}::test_task_that_outlives_its_run_neither_renews_nor_commits",),
    ),
    Guard(
        "states that are ends",
        "a late run that fails overturns what another has published",
        (
            Edit(
                f"{_SQL}/change_export.sql",
                "    and state in ('waiting', 'complete', 'approved', 'failed')\n",
                "",
            ),
        ),
        (f"{_STATES}::test_late_run_that_fails_leaves_what_another_has_published",),
    ),
    Guard(
        "superseded meanwhile",
        "a version that a newer one has superseded is asked about again",
        (Edit(f"{_CODE}/compute.py", "if export.state in _ENDS:", "if False:"),),
        (f"{_STATES}::test_version_that_was_superseded_meanwhile_is_not_asked_about_again",),
    ),
    Guard(
        "decision that stands",
        "an approved version whose run was lost is asked about without end",
        (
            Edit(
                f"{_CODE}/settle.py",
                'if export.state == "approved" else {}',
                "if False else {}",
            ),
        ),
        (
            f"{_STATES}::test_approved_version_whose_run_was_lost_is_published_without_another_question",
        ),
    ),
)
