"""Guards of rows that leave quarantine."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_REPLACE: Final = "include/sql/runs/replace_quarantine.sql"
_UNDELIVERED: Final = "include/sql/csv_upload_to_sqs/find_undelivered.sql"
_QUARANTINE: Final = "tests/integration/test_quarantine.py"
_REPAIR: Final = "tests/integration/test_repair.py"
_MESSAGES: Final = "tests/integration/test_replayed_messages.py"
_REPLAYS: Final = "tests/integration/test_replays.py"

GUARDS: Final = (
    Guard(
        "rejected again",
        "a row counts as loaded that the run has rejected again",
        (Edit(_REPLACE, "    and not marked.is_rejected\n", ""),),
        (f"{_QUARANTINE}::test_row_that_is_not_rejected_again_has_left_and_the_others_wait",),
    ),
    Guard(
        "set aside for good",
        "a row that was set aside waits again after the next run",
        (Edit(_REPLACE, "known.settled_how = 'set aside'", "known.settled_how is null"),),
        (f"{_QUARANTINE}::test_row_that_was_set_aside_stays_so_however_often_it_is_rejected",),
    ),
    Guard(
        "lock on a quarantine",
        "a run adds a row while it is set aside, and the row waits",
        (
            Edit(
                "include/core/runs/repair.py",
                '    cursor.execute(read_statement("runs/repair_rejects.guard"), '
                '{"sink": asked.sink})\n',
                "",
            ),
        ),
        (f"{_REPAIR}::test_row_that_a_run_is_about_to_reject_again_is_set_aside_as_well",),
    ),
    Guard(
        "rows that left stay known",
        "a cleared run forgets which of its rows have left quarantine",
        (Edit(_REPLACE, "(marked.settled_at is null or marked.is_rejected)", "true"),),
        (f"{_QUARANTINE}::test_cleared_run_keeps_what_it_has_loaded_now_as_settled_by_itself",),
    ),
    Guard(
        "files that were not read",
        "a row leaves quarantine by a run that has not read its version",
        (
            Edit(
                "include/core/arrivals/complete.py",
                '        if not result.get("unread")\n',
                "",
            ),
        ),
        (f"{_REPLAYS}::test_older_export_is_superseded_and_its_rows_wait",),
    ),
    Guard(
        "rows that a replay loaded",
        "a message comes twice after a narrower contract and a wider one",
        (
            Edit(
                _UNDELIVERED,
                "    and bool_and(rejected.settled_how is distinct from 'loaded')\n",
                "",
            ),
        ),
        (f"{_MESSAGES}::test_row_that_was_delivered_once_is_never_sent_by_a_replay",),
    ),
    Guard(
        "rows that a whole file delivered",
        "a message comes twice that a run of the whole file has sent before",
        (
            Edit(
                _UNDELIVERED,
                "    count(distinct whole.run_id) = (select count(*) from whole)\n",
                "    true\n",
            ),
        ),
        (f"{_MESSAGES}::test_row_that_was_delivered_once_is_never_sent_by_a_replay",),
    ),
    Guard(
        "numbers of rows in a replay",
        "a row is sent under the number of another, and consumers drop it as known",
        (
            Edit(
                "include/pipelines/csv_upload_to_sqs/rejected.py",
                "if rows != undelivered.rows_before or begun != len(undelivered.rows):",
                "if False:",
            ),
        ),
        (f"{_MESSAGES}::test_contract_that_numbers_rows_anew_is_refused",),
    ),
)
