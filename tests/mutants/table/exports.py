"""Guards of table_export_to_kinesis."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_CODE: Final = "include/pipelines/table_export_to_kinesis"
_SQL: Final = "include/sql/table_export_to_kinesis"
_RUNS: Final = "tests/integration/test_table_export_to_kinesis.py"
_FAULTS: Final = "tests/integration/test_faults_table_export_to_kinesis.py"
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
                f"{_CODE}/compute.py",
                'if not limit.is_suspicious(gone, before=before, left=snapshot["rows"]):',
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
)
