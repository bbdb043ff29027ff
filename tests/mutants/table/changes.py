"""Guards of kinesis_to_postgres."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_CODE: Final = "include/pipelines/kinesis_to_postgres"
_SQL: Final = "include/sql/kinesis_to_postgres"
_EXPORTS: Final = "tests/integration/test_table_export_to_kinesis.py"
_RUNS: Final = "tests/integration/test_kinesis_to_postgres.py"
_STREAM: Final = "tests/integration/test_faults_kinesis_stream.py"
_FAULTS: Final = "tests/integration/test_faults_kinesis_to_postgres.py"
_REBUILD: Final = "tests/integration/test_kinesis_to_postgres_rebuild.py"

GUARDS: Final = (
    Guard(
        "operations once",
        "an operation that was read twice is kept twice, or fails the reader",
        (
            Edit(
                f"{_SQL}/stage_batch.sql",
                "\non conflict (publication_id, sequence) do nothing",
                "",
            ),
        ),
        (f"{_STREAM}::test_records_that_come_twice_count_once",),
    ),
    Guard(
        "checkpoint of one reader",
        "two readers of a shard take over the same records, or move its checkpoint back",
        (
            Edit(
                f"{_SQL}/keep_checkpoint.sql",
                "    and sequence_number is not distinct from %(before)s\n",
                "",
            ),
        ),
        (f"{_FAULTS}::test_records_that_two_readers_have_at_once_are_taken_over_by_one",),
    ),
    Guard(
        "whole versions",
        "a version is applied of which operations are missing",
        (
            Edit(
                f"{_CODE}/apply.py",
                'return self.record is not None and self.kept == self.record["operations"]',
                "return self.record is not None",
            ),
        ),
        (f"{_REBUILD}::test_operations_that_are_lost_are_made_up_for_by_the_export",),
    ),
    Guard(
        "version on its base",
        "a version is applied to another state than the one that it was made of",
        (
            Edit(
                f"{_CODE}/apply.py",
                'if each.end["base"] == at)',
                "if True)",
            ),
        ),
        (f"{_REBUILD}::test_version_on_a_base_that_the_target_lacks_is_not_applied",),
    ),
    Guard(
        "applied once",
        "records of a version that the target has are kept again",
        (
            Edit(
                f"{_SQL}/stage_batch.sql",
                "when known.state in ('applied', 'superseded', 'refused') then 'done'",
                "when known.state in ('superseded', 'refused') then 'done'",
            ),
        ),
        (f"{_STREAM}::test_stream_that_is_read_again_from_its_oldest_record_changes_nothing",),
    ),
    Guard(
        "delta by its name",
        "operations of a delta that was given up count for the one that was published",
        (
            Edit(
                f"{_SQL}/settle_exports.sql",
                "        and published.version = read.version\n"
                "        and published.publication = read.publication\n",
                "        and published.version = read.version\n",
            ),
        ),
        (f"{_STREAM}::test_operations_of_a_delta_that_was_given_up_do_not_mix_with_another",),
    ),
    Guard(
        "unknown exports",
        "records of another producer that look like ours are kept for ever",
        (
            Edit(
                f"{_SQL}/stage_batch.sql",
                "when known.state is null then 'foreign'",
                "when known.state is null then 'stage'",
            ),
        ),
        (f"{_STREAM}::test_record_of_another_producer_is_set_aside_with_its_reason",),
    ),
    Guard(
        "records that Postgres cannot store",
        "a record with NUL or half of a surrogate pair fails each run that reads it",
        (
            Edit(
                f"{_CODE}/records.py",
                "if not _is_storable(text, as_json=True):",
                "if False:",
            ),
        ),
        (f"{_STREAM}::test_record_of_another_producer_is_set_aside_with_its_reason",),
    ),
    Guard(
        "digits of numbers",
        "a number of more digits than a double has is rounded on its way",
        (Edit(f"{_CODE}/records.py", "parse_float=str, ", ""),),
        (f"{_STREAM}::test_digits_of_numbers_are_kept",),
    ),
    Guard(
        "expired iterators",
        "a reader whose iterator has expired fails",
        (Edit(f"{_CODE}/stream.py", "if error.code == _EXPIRED:", "if False:"),),
        (f"{_STREAM}::test_iterators_that_expire_are_replaced_behind_what_was_taken_over",),
    ),
    Guard(
        "children after their parents",
        "a child is read before all of its parents were read to their ends",
        (
            Edit(
                f"{_CODE}/shards.py",
                "        and all(closed.get(parent, False) for parent in shard.parents"
                " if parent in there)\n",
                "",
            ),
        ),
        (f"{_STREAM}::test_child_of_a_merge_is_read_after_both_parents",),
    ),
    Guard(
        "checkpoint that is put right",
        "a checkpoint that was ahead loses the operations of the next version too",
        (Edit(f"{_CODE}/settle.py", "if not cause.trimmed:", "if False:"),),
        (f"{_STREAM}::test_checkpoint_that_is_ahead_is_made_up_for_and_put_right",),
    ),
    Guard(
        "position that the shard does not know",
        "a stream that was made anew under its old name is never read",
        (
            Edit(
                f"{_CODE}/stream.py",
                "if error.code == _UNKNOWN_POSITION and after is not None:",
                "if False:",
            ),
        ),
        (f"{_STREAM}::test_checkpoint_that_is_ahead_is_made_up_for_and_put_right",),
    ),
    Guard(
        "versions published meanwhile",
        "a version that came after the stream was read counts as lost, and its target is rebuilt",
        (
            Edit(
                f"{_CODE}/settle.py",
                "if each.publication in awaited)",
                "if True)",
            ),
        ),
        (f"{_STREAM}::test_version_that_is_published_meanwhile_waits_for_its_turn",),
    ),
    Guard(
        "operations that fit the target",
        "rows that somebody else has written are overwritten without a word, or kept out",
        (
            Edit(
                f"{_CODE}/apply.py",
                "if (written.inserted, written.updated, written.deleted) != asked:",
                "if False:",
            ),
        ),
        (
            f"{_REBUILD}::test_target_that_somebody_has_written_to_is_refused_and_rebuilt_by_hand",
            f"{_FAULTS}::test_trigger_that_keeps_rows_out_is_noticed",
        ),
    ),
    Guard(
        "rows to insert that are there",
        "an insert that finds its row fails as a fault of Sluice, without what to do",
        (
            Edit(
                f"{_CODE}/apply.py", "    except UniqueViolation:", "    except ZeroDivisionError:"
            ),
        ),
        (f"{_FAULTS}::test_table_that_fails_holds_back_no_other",),
    ),
    Guard(
        "target like its export",
        "a target counts as up to date that holds other rows than its export",
        (
            Edit(
                f"{_CODE}/apply.py",
                'if rows != version.end["rows"] or (same_columns and '
                'checksum != version.end["checksum"]):',
                "if False:",
            ),
        ),
        (f"{_FAULTS}::test_target_with_a_row_that_no_operation_is_about_is_refused",),
    ),
    Guard(
        "rebuilt to the newest",
        "a target that was rebuilt goes back behind a version that was applied meanwhile",
        (
            Edit(
                f"{_CODE}/settle.py",
                "            check_newest(cursor, self.task, newest)\n",
                "",
            ),
        ),
        (f"{_REBUILD}::test_rebuild_that_a_newer_version_has_overtaken_starts_again",),
    ),
    Guard(
        "one notice of all tables",
        "the notice of a run lacks a table that was applied beside another",
        (
            Edit(
                f"{_CODE}/notices.py",
                '    cursor.execute(read_statement("runs/send_notices.lock"), run.parameters)\n',
                "",
            ),
        ),
        (f"{_FAULTS}::test_tables_that_are_applied_side_by_side_are_all_in_the_notice",),
    ),
    Guard(
        "rows that are needed",
        "the rows are deleted that the next delta or a rebuild starts from",
        (Edit("include/core/exports/snapshots.py", "[0] < version]", "[0] <= version]"),),
        (f"{_EXPORTS}::test_rows_of_an_export_stay_until_its_target_holds_a_newer_one",),
    ),
)
