"""Guards of loads into Postgres, of the ledger, and of what is told of runs."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_UPSERT: Final = "include/core/warehouse/upsert.py"
_LIMIT: Final = "include/contracts/tables.py"
_LOAD: Final = "include/pipelines/github_csv_to_postgres/load.py"
_LOADS: Final = "tests/integration/test_upsert.py"
_FAULTS: Final = "tests/integration/test_faults_guards.py"
_KEYS: Final = "tests/integration/test_changed_keys.py"
_LEDGER: Final = "tests/integration/test_ledger.py"
_PIPELINE: Final = "tests/integration/test_github_csv_to_postgres.py"
_NOTICES: Final = "tests/integration/test_faults_notices.py"
_LOGINS: Final = "tests/integration/dags/test_logins.py"
_UPDATE: Final = "include/sql/runs/find_update.sql"
_UPDATES: Final = "tests/integration/test_updates.py"
_WORDS: Final = "tests/integration/test_database_words.py"
_SHARE: Final = "tests/integration/test_shared_snapshots.py"
_SHARE_CODE: Final = "include/pipelines/github_csv_to_postgres/shared_snapshots.py"

GUARDS: Final = (
    Guard(
        "shrink limit",
        "an empty or much shorter snapshot is loaded as if the source had dropped the rows",
        (Edit(_UPSERT, "raise ShrunkenSnapshotError(", "ShrunkenSnapshotError("),),
        (f"{_LOADS}::test_shrunken_snapshot_stops", f"{_FAULTS}::test_empty_snapshot_stops"),
    ),
    Guard(
        "shrink limit at its rows",
        "a snapshot that lacks exactly as many rows as the limit names",
        (Edit(_LIMIT, "missing >= self.rows", "missing > self.rows"),),
        (f"{_LOADS}::test_shrunken_snapshot_stops",),
    ),
    Guard(
        "shrink limit at its share",
        "a snapshot that lacks exactly the share that may go is stopped",
        (Edit(_LIMIT, "missing > self.share * before", "missing >= self.share * before"),),
        (f"{_LOADS}::test_shrunken_snapshot_stops",),
    ),
    Guard(
        "change of keys",
        "rows whose keys changed their shape are loaded as new ones beside the old",
        (Edit(_UPSERT, "raise ChangedKeysError(", "ChangedKeysError("),),
        (f"{_KEYS}::test_change_of_keys_above_the_shrink_limit_stops_and_changes_nothing",),
    ),
    Guard(
        "change of keys by an older snapshot",
        "an older snapshot loads its rows under keys that have changed since",
        (
            Edit(
                _UPSERT,
                "        self._refuse_changed_keys("
                "moved, before, moved.refuse_older(before=before))\n",
                "",
            ),
        ),
        (f"{_KEYS}::test_older_snapshot_whose_keys_changed_since_warns_or_stops",),
    ),
    Guard(
        "change of keys for dates that were loaded",
        "keys of new dates count as old ones in another shape",
        (
            Edit(
                "include/sql/warehouse/find_keys_moved_by_newest.sql",
                "changed._sluice_operation = 'insert' and {is_held_date}",
                "changed._sluice_operation = 'insert' and ({is_held_date} or true)",
            ),
        ),
        (f"{_KEYS}::test_new_values_of_old_keys_and_keys_of_new_dates_are_no_change_of_keys",),
    ),
    Guard(
        "delete limit by rejects",
        "rows are deleted that are missing only because they were rejected",
        (
            Edit(
                _UPSERT,
                'return self.policy.vanished != "keep" and self.policy.certain',
                'return self.policy.vanished != "keep"',
            ),
        ),
        (f"{_LOADS}::test_rows_may_be_missing_because_they_were_rejected_so_none_is_deleted",),
    ),
    Guard(
        "sum of a load",
        "a snapshot arrives in part, or the table drops rows, and the load counts them as there",
        (Edit(_UPSERT, "if accounted != snapshot.row_count:", "if False:"),),
        (
            f"{_LOADS}::test_snapshot_that_arrives_with_other_rows_than_announced_changes_nothing",
            f"{_LOADS}::test_rows_that_a_trigger_of_the_table_drops_fail_the_load",
        ),
    ),
    Guard(
        "sum of a load by what arrived",
        "rows that never arrived count as unchanged",
        (
            Edit(
                _UPSERT,
                "unchanged=found.unchanged,",
                "unchanged=self.snapshot.row_count - inserted - updated - found.supersede,",
            ),
        ),
        (f"{_LOADS}::test_snapshot_that_arrives_with_other_rows_than_announced_changes_nothing",),
    ),
    Guard(
        "superseded",
        "an older snapshot undoes what a newer one wrote or confirmed",
        (Edit(_UPSERT, "return self._load_older()", "return self._load_newest()"),),
        (
            f"{_LOADS}::test_older_snapshot_between_does_not_undo_what_a_newer_one_confirmed",
            f"{_FAULTS}::test_older_snapshot_that_comes_late_undoes_nothing",
        ),
    ),
    Guard(
        "superseded at the same moment",
        "another snapshot of the moment that a kept row was seen last changes that row",
        (
            Edit(
                "include/sql/warehouse/find_older_changes.sql",
                "vanished.last_seen >= %(as_of)s",
                "vanished.last_seen > %(as_of)s",
            ),
        ),
        (f"{_LOADS}::test_older_snapshot_again_or_another_of_its_moment_finds_all_superseded",),
    ),
    Guard(
        "digest",
        "a table that somebody else wrote to counts as loaded",
        (
            Edit(
                "include/core/warehouse/sink_lock.py",
                "return self.writes == self.writes_at_load",
                "return self.writes is not None",
            ),
        ),
        (
            f"{_LOADS}::test_change_by_another_writer_is_undone_by_the_same_snapshot",
            f"{_FAULTS}::test_table_that_another_writer_changed_is_brought_back",
        ),
    ),
    Guard(
        "lock",
        "two runs load one table at a time",
        (Edit("include/sql/warehouse/lock_sink.sql", "for update", ""),),
        (
            f"{_LOADS}::test_second_writer_waits_for_the_first",
            f"{_FAULTS}::test_newer_run_waits_while_an_older_one_stages",
        ),
    ),
    Guard(
        "lease of a table",
        "a writer that overstays holds the table for ever",
        (Edit("include/sql/warehouse/lock_sink.sql", "pg_terminate_backend(pid)", "pid"),),
        (f"{_LOADS}::test_writer_that_overstays_its_lease_loses_the_lock_and_its_work",),
    ),
    Guard(
        "lease of a table alone",
        "a writer of another table is ended",
        (
            Edit(
                "include/sql/warehouse/lock_sink.sql",
                "application_name = %(writer)s",
                "%(writer)s is not null",
            ),
        ),
        (f"{_LOADS}::test_writer_of_another_table_is_left_alone",),
    ),
    Guard(
        "one transaction",
        "rows become visible without their ledger row and notice",
        (
            Edit(
                _UPSERT,
                "            counts = self._fill()\n",
                "            counts = self._fill()\n"
                "            self.statements.cursor.connection.commit()\n",
            ),
        ),
        (f"{_FAULTS}::test_commit_that_is_lost_leaves_all_or_nothing",),
    ),
    Guard(
        "outbox",
        "people are told of rows that are not there",
        (
            Edit(
                _LOAD,
                "            write_notice(cursor, notice)",
                '            with transaction(connect, doing="tell") as other:\n'
                "                write_notice(other, notice)",
            ),
        ),
        (f"{_FAULTS}::test_commit_that_is_lost_leaves_all_or_nothing",),
    ),
    Guard(
        "outbox until it is taken",
        "a notice counts as sent before SNS has it",
        (
            Edit(
                "include/core/runs/outbox.py", "refusal = self._refusal(notice)", "refusal = None"
            ),
            Edit(
                "include/core/runs/outbox.py",
                '    failpoint("announce.committed")\n',
                '    failpoint("announce.committed")\n        self._refusal(notice)\n',
            ),
        ),
        (f"{_NOTICES}::test_data_stays_while_sns_is_down_and_the_next_announcement_sends_once",),
    ),
    Guard(
        "refused notice",
        "a notice that SNS refuses for good holds back those of other runs",
        (
            Edit(
                "include/core/runs/outbox.py",
                "            if code is None:\n                raise\n",
                "            raise\n",
            ),
        ),
        (
            f"{_NOTICES}::test_notice_that_sns_refuses_for_good_fails_its_run_and_holds_back_no_other",
        ),
    ),
    Guard(
        "reject limit",
        "a file of which too many rows are bad is loaded in part",
        (Edit("include/core/runs/quarantine.py", "raise RejectLimitError(", "RejectLimitError("),),
        (
            f"{_PIPELINE}::test_too_many_rejects_stop_the_run_and_nothing_is_loaded",
            f"{_FAULTS}::test_too_many_bad_rows_stop",
        ),
    ),
    Guard(
        "sum of a run",
        "a row is lost between two tasks",
        (Edit("include/core/runs/ledger.py", "if accounted != self.read:", "if False:"),),
        (f"{_FAULTS}::test_row_that_is_lost_between_tasks_stops_the_run",),
    ),
    Guard(
        "sum in the ledger",
        "a ledger row whose counts do not add up",
        (
            Edit(
                "include/sql/migrations/0004_create_arrival.sql",
                "read = rejected + duplicate",
                "true or read = rejected + duplicate",
            ),
        ),
        ("tests/integration/test_migrations.py::test_ledger_refuses_a_row_whose_sum_is_off",),
    ),
    Guard(
        "success in the ledger",
        "a failure after the load overwrites the ledger row of its success",
        (Edit("include/sql/runs/record_failure.sql", "where run.status <> 'success'", ""),),
        (f"{_LEDGER}::test_failure_after_a_success_leaves_its_ledger_row_as_it_is",),
    ),
    Guard(
        "update by a success",
        "an event says that a table is up to date after a run that failed or found nothing to do",
        (Edit(_UPDATE, "and status = 'success'", ""),),
        (f"{_UPDATES}::test_run_that_failed_or_found_nothing_to_do_is_no_update",),
    ),
    Guard(
        "size of an update",
        "the event of a run of a thousand files has all their versions",
        (Edit(_UPDATE, "'$.sources[0 to 19]'", "'$.sources[*]'"),),
        (f"{_UPDATES}::test_update_names_twenty_sources_of_a_thousand_in_their_order",),
    ),
    Guard(
        "words of Postgres",
        "rows that Postgres quotes in an error stand in logs",
        (
            Edit(
                "include/core/warehouse/connection.py",
                "raise _translate(error, doing) from None",
                "raise _translate(error, doing) from error",
            ),
        ),
        (
            f"{_WORDS}::test_row_that_postgres_refuses_is_in_no_log",
            f"{_WORDS}::test_row_that_a_copy_stops_at_is_in_no_log",
        ),
    ),
    Guard(
        "words of DuckDB",
        "rows that DuckDB quotes in an error stand in logs",
        (
            Edit(
                "include/core/snapshot/database.py",
                'refused the cleaning: {type(error).__name__}") from None',
                'refused the cleaning: {type(error).__name__}") from error',
            ),
        ),
        (f"{_WORDS}::test_row_that_duckdb_refuses_is_in_no_log",),
    ),
    Guard(
        "words of a terminal failure",
        "what Sluice's own error was raised from stands in the task's log",
        (
            Edit(
                "dags/wiring/failures.py",
                "raise AirflowFailException(cause_of(error)) from None",
                "raise AirflowFailException(cause_of(error)) from error",
            ),
        ),
        ("tests/unit/dags/test_failures.py::test_terminal_error_is_raised_without_its_cause",),
    ),
    Guard(
        "mask of a password",
        "a password that is read anew stands in logs",
        (Edit("dags/wiring/clients.py", "        mask_secret(self.connection.password)\n", ""),),
        (f"{_LOGINS}::test_password_that_is_read_anew_is_masked_in_logs",),
    ),
    Guard(
        "age of a shared snapshot",
        "a snapshot is used that the lake may drop before the next task asks for it",
        (Edit(_SHARE_CODE, "> _KEPT:", "> 99 * _KEPT:"),),
        (f"{_SHARE}::test_snapshot_that_the_lake_will_soon_drop_is_made_anew",),
    ),
    Guard(
        "files of a shared snapshot",
        "a run fails for a shared file that is damaged or gone",
        (
            Edit(
                _SHARE_CODE,
                "if not all(hand_over.store.has(file)",
                "if False and not all(hand_over.store.has(file)",
            ),
        ),
        (f"{_SHARE}::test_file_that_is_damaged_or_gone_is_made_anew",),
    ),
    Guard(
        "contract of a shared snapshot",
        "rows that another contract has made are loaded",
        (
            Edit(
                _SHARE_CODE,
                "for part in (repr(dataset), repr(versions),",
                "for part in (repr(versions),",
            ),
        ),
        (f"{_SHARE}::test_other_contract_is_read_anew",),
    ),
)
