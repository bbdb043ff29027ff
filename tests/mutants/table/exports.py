"""Guards of table_export_to_kinesis."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_CODE: Final = "include/pipelines/table_export_to_kinesis"
_SQL: Final = "include/sql/table_export_to_kinesis"
_RUNS: Final = "tests/integration/test_table_export_to_kinesis.py"
_FAULTS: Final = "tests/integration/test_faults_table_export_to_kinesis.py"
_GUARDS: Final = "tests/integration/test_faults_export_guards.py"
_ATHENA: Final = "tests/integration/test_athena.py"
_DELTA: Final = "tests/unit/pipelines/test_export_delta.py"
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
    Guard(
        "same content of a version",
        "a version that was published is published again with other content",
        (
            Edit(
                f"{_CODE}/register.py",
                "if all(_same(known.files.get(file), landed[file]) for file in landed):",
                "if True:",
            ),
        ),
        (f"{_RUNS}::test_a_version_with_other_content_is_refused_and_taken_by_hand",),
    ),
    Guard(
        "SHA-256 of a manifest",
        "a file is published that is not what its manifest says",
        (
            Edit(
                f"{_CODE}/reading.py",
                'if listed is not None and sha256_of(path) != listed["sha256"]:',
                "if False:",
            ),
        ),
        (f"{_RUNS}::test_a_file_that_is_not_what_the_manifest_says_fails_its_export",),
    ),
    Guard(
        "mass delete of an export",
        "an export from which most rows are gone deletes them, and nobody was asked",
        (
            Edit(
                f"{_CODE}/outcome.py",
                "if not limit.is_suspicious(gone, before=turn.rows_before, left=rows):",
                "if True:",
            ),
        ),
        (f"{_RUNS}::test_a_mass_delete_waits_for_a_person",),
    ),
    Guard(
        "marks of a holder",
        "a publisher whose table was taken over puts the rest of its operations on the stream",
        (
            Edit(
                f"{_SQL}/part_progress.sql",
                "    and token = %(token)s\n    and leased_until is not null\n",
                "",
            ),
            Edit(
                f"{_SQL}/lease_table.sql",
                "set leased_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s)\n"
                "where\n    tenant = %(tenant)s\n    and table_name = %(table_name)s\n"
                "    and token = %(token)s\n    and leased_until is not null\n",
                "set leased_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s)\n"
                "where\n    tenant = %(tenant)s\n    and table_name = %(table_name)s\n",
            ),
        ),
        (f"{_FAULTS}::test_holder_that_sleeps_past_its_lease_puts_and_commits_nothing_on_waking",),
    ),
    Guard(
        "lease of an exported table",
        "two runs work out and publish versions of one table at once",
        (Edit(f"{_SQL}/lease_table.sql", "or leased_until < clock_timestamp()", "or true"),),
        (
            f"{_RUNS}::test_a_table_that_another_run_holds_is_left_to_it",
            f"{_FAULTS}::test_eight_processes_that_publish_at_once_do_so_one_after_the_other",
        ),
    ),
    Guard(
        "token at the end",
        "a late run publishes a version while another run holds the table",
        (
            Edit(
                f"{_SQL}/lease_table.sql",
                "    and token = %(token)s\n    and leased_until is not null\nfor update",
                "    and leased_until is not null\nfor update",
            ),
        ),
        (f"{_GUARDS}::test_late_holder_neither_goes_on_nor_commits_while_another_holds_the_table",),
    ),
    Guard(
        "token of a renewal",
        "a late run goes on putting operations while another run holds the table",
        (
            Edit(
                f"{_SQL}/lease_table.sql",
                "    and token = %(token)s\n    and leased_until is not null\n\n\n"
                "-- name: release\n",
                "    and leased_until is not null\n\n\n-- name: release\n",
            ),
        ),
        (f"{_GUARDS}::test_late_holder_neither_goes_on_nor_commits_while_another_holds_the_table",),
    ),
    Guard(
        "base of what is published",
        "a version counts as published that was made of another base than the one before it",
        (
            Edit(
                f"{_SQL}/publish_export.sql",
                "\n    and export.base_version is not distinct from export_table.published_version",
                "",
            ),
        ),
        (f"{_GUARDS}::test_version_that_was_made_of_another_base_is_not_published",),
    ),
    Guard(
        "rows that may be rejected ones",
        "a row that was rejected in the newest export is deleted from the target",
        (Edit(f"{_CODE}/reading.py", "if made.rejected and", "if not made.read and"),),
        (f"{_RUNS}::test_rows_that_may_be_rejected_ones_are_not_deleted",),
    ),
    Guard(
        "end of a whole version",
        "a version of which a part is missing is ended on the stream, and becomes the base",
        (Edit(f"{_CODE}/settle.py", "        if missing:", "        if False:"),),
        (f"{_GUARDS}::test_version_of_which_a_part_is_missing_has_no_end",),
    ),
    Guard(
        "marks of another delta",
        "marks of a delta in other parts pass for marks of this one, and operations are not put",
        (
            Edit(
                f"{_CODE}/publish.py",
                "plan = f\"{part['publication']} {part['first']} {part['last']}\"",
                'plan = "any"',
            ),
        ),
        (f"{_GUARDS}::test_marks_of_a_delta_in_other_parts_do_not_count",),
    ),
    Guard(
        "digests of one kind",
        "rows are compared by digests of two declarations: all count as updated, or none",
        (
            Edit(
                f"{_CODE}/snapshot.py",
                "if digest_of_file(connection, snapshot) == digest_name(columns):",
                "if True:",
            ),
        ),
        (f"{_DELTA}::test_column_that_the_declaration_gains_or_loses_is_a_change_of_values",),
    ),
    Guard(
        "digests of one kind in Athena",
        "Athena compares digests of two declarations",
        (
            Edit(
                f"{_CODE}/compute.py",
                '        and base["digest"] == snapshot["digest"]\n',
                "",
            ),
        ),
        (f"{_ATHENA}::test_a_base_of_another_declaration_is_compared_by_the_worker",),
    ),
    Guard(
        "sum of a delta",
        "a delta is published that does not lead from the base to the export",
        (
            Edit(
                f"{_CODE}/outcome.py",
                "if delta.inserts - delta.deletes != rows - before:",
                "if False:",
            ),
        ),
        (f"{_GUARDS}::test_delta_that_does_not_add_up_to_the_export_is_not_published",),
    ),
    Guard(
        "moments to the microsecond",
        "Athena gives moments in milliseconds, and operations have other values than the export",
        (
            Edit(
                f"{_CODE}/stored_columns.py",
                'return f"make_timestamptz({value})" if kind == _MOMENT else',
                'return f"make_timestamptz({value} // 1000 * 1000)" if kind == _MOMENT else',
            ),
        ),
        (f"{_ATHENA}::test_both_engines_find_the_same_operations",),
    ),
    Guard(
        "place of a comparison",
        "Athena is to write where a try that died has written, which it refuses for ever",
        (Edit(f"{_CODE}/athena.py", "{PREFIX}/{place}/{token}/", "{PREFIX}/{place}/"),),
        (f"{_ATHENA}::test_run_that_dies_around_a_comparison_is_done_again",),
    ),
)
