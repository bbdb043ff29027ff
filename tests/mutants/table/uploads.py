"""Guards of uploads: who works on a file, what is sent, and when messages go."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_LEASES: Final = "tests/integration/test_arrivals_leases.py"
_FOR_GOOD: Final = "tests/integration/test_finish_run_messages.py"
_FINISHED: Final = "tests/integration/test_faults_finish_run.py"
_PARTS: Final = "tests/integration/test_csv_upload_to_sqs_parts.py"
_ITEMS: Final = "tests/integration/test_csv_upload_to_dynamodb.py"
_VERSIONS: Final = "tests/integration/test_item_versions.py"
_BATCHES: Final = "tests/unit/core/aws/test_batches.py"
_QUEUES: Final = "tests/integration/test_faults_csv_upload_to_sqs.py"
_SWEEP: Final = "tests/integration/test_sweeping.py"
_ONE: Final = f"{_LEASES}::test_of_runs_that_ask_at_once_exactly_one_gets_it"
_LATE: Final = (
    f"{_LEASES}::test_lease_that_is_over_passes_the_version_on_and_shuts_the_late_writer_out"
)

GUARDS: Final = (
    Guard(
        "lease of a file",
        "two runs work on one file",
        (
            Edit(
                "include/sql/arrivals/claim_arrival.sql",
                "arrival.claimed_until < clock_timestamp()",
                "true",
            ),
        ),
        (_ONE,),
    ),
    Guard(
        "fence",
        "a writer whose file was taken over writes on",
        (Edit("include/sql/arrivals/renew_arrival.sql", "and token = %(token)s", ""),),
        (_LATE, f"{_ITEMS}::test_run_that_another_has_taken_over_from_writes_nothing_more"),
    ),
    Guard(
        "fence of a part",
        "a writer whose file was taken over keeps marks of rows",
        (Edit("include/sql/arrivals/part_progress.sql", "    and token = %(token)s\n", ""),),
        (_LATE, f"{_PARTS}::test_part_of_a_file_that_another_run_has_taken_over_stops"),
    ),
    Guard(
        "limits of a part",
        "marks of parts of another size pass for marks of this one, and rows are not sent",
        (
            Edit(
                "include/pipelines/csv_upload_to_sqs/progress.py",
                "repr((upload.delivery, upload.contract, span))",
                "repr((upload.delivery, upload.contract))",
            ),
        ),
        (f"{_PARTS}::test_marks_of_parts_of_another_size_do_not_count",),
    ),
    Guard(
        "part of a file that is done",
        "a part that is cleared after the end of its run is sent again",
        (
            Edit(
                "include/pipelines/csv_upload_to_sqs/deliver.py",
                "    if lease.open:\n        _send_part",
                "    if True:\n        _send_part",
            ),
        ),
        (f"{_PARTS}::test_part_that_is_cleared_after_the_end_of_its_run_sends_nothing",),
    ),
    Guard(
        "parts that were not sent",
        "a file counts as delivered although a part of it was not sent",
        (
            Edit(
                "include/pipelines/csv_upload_to_sqs/parts.py",
                "    if missing:\n",
                "    if False:\n",
            ),
        ),
        (f"{_PARTS}::test_file_whose_parts_were_not_all_sent_says_how_many",),
    ),
    Guard(
        "numbers of rows",
        "a row has another number, and key, when another row is rejected",
        (
            Edit(
                "include/pipelines/csv_upload_to_sqs/numbered_rows.py",
                '{"rejected": list(rejected)}',
                '{"rejected": []}',
            ),
        ),
        (
            "tests/unit/pipelines/test_numbered_rows.py::test_rejected_rows_and_rows_of_many_lines_keep_numbers_and_lines_in_step",
        ),
    ),
    Guard(
        "folders of stages",
        "rows that a small file has rejected count twice",
        (
            Edit(
                "include/pipelines/csv_upload_to_dynamodb/small_files.py",
                "return replace(resources, folder=folder)",
                "return resources",
            ),
        ),
        (
            "tests/integration/test_item_small_files.py::test_outcome_is_that_of_the_stages_one_by_one",
        ),
    ),
    Guard(
        "fence at the end",
        "a late run marks as done what another works on",
        (Edit("include/sql/arrivals/complete_arrival.sql", "and run_id = %(run_id)s", ""),),
        (_LATE,),
    ),
    Guard(
        "fence of a failure",
        "a late run marks as failed what another works on",
        (Edit("include/sql/arrivals/fail_arrival.sql", "and run_id = %(run_id)s", ""),),
        (_LATE,),
    ),
    Guard(
        "file that is taken over",
        "a run counts rows of a file that another run has taken over",
        (
            Edit(
                "include/core/arrivals/registry.py",
                'cursor.execute(read_statement("arrivals/complete_arrival"), values)\n'
                "    return cursor.fetchone() is not None",
                'cursor.execute(read_statement("arrivals/complete_arrival"), values)\n'
                "    return True",
            ),
        ),
        (
            f"{_FINISHED}::test_file_that_another_run_has_taken_over_is_named_and_stays_as_that_run_left_it",
        ),
    ),
    Guard(
        "partial retry",
        "entries that a batch call did not take are lost",
        (
            Edit(
                "include/core/aws/batches.py",
                "left[:] = [left[place] for place in sorted(again)]",
                "left[:] = []",
            ),
        ),
        (
            f"{_BATCHES}::test_only_failed_entries_are_sent_again",
            f"{_QUEUES}::test_only_failed_entries_are_sent_again",
        ),
    ),
    Guard(
        "partial retry alone",
        "entries that a batch call took are sent again",
        (
            Edit(
                "include/core/aws/batches.py",
                "left[:] = [left[place] for place in sorted(again)]",
                "left[:] = left if again else []",
            ),
        ),
        (
            f"{_BATCHES}::test_only_failed_entries_are_sent_again",
            f"{_QUEUES}::test_only_failed_entries_are_sent_again",
        ),
    ),
    Guard(
        "event order",
        "an older file that is announced late overwrites a newer item",
        (
            Edit(
                "include/pipelines/csv_upload_to_dynamodb/item_writes.py",
                'if stored[FILE_VERSION].get("S", "~") < item[FILE_VERSION]["S"]:',
                "if True:",
            ),
            Edit(
                "include/pipelines/csv_upload_to_dynamodb/item_writes.py",
                '_IS_OLDER: Final = "< ?"',
                '_IS_OLDER: Final = "<> ?"',
            ),
        ),
        (f"{_VERSIONS}::test_any_order_of_four_versions_ends_with_the_newest_of_each_id",),
    ),
    Guard(
        "event order within a second",
        "of two uploads in one second the earlier wins",
        (Edit("include/core/arrivals/versions.py", "#{place:06d}#", "#"),),
        (
            "tests/integration/test_landing_listing.py::test_versions_of_one_second_are_in_order_of_their_upload",
        ),
    ),
    Guard(
        "lost update",
        "an item that stayed as an older file had it counts as superseded",
        (
            Edit(
                "include/pipelines/csv_upload_to_dynamodb/observe.py",
                "is_missing = version is None or version < order",
                "is_missing = version is None",
            ),
        ),
        (f"{_VERSIONS}::test_update_that_is_lost_is_missing_and_not_superseded",),
    ),
    Guard(
        "chunk that was not looked up",
        "rows of a chunk that was not looked up count as delivered",
        (
            Edit(
                "include/pipelines/csv_upload_to_dynamodb/observe.py",
                "if missing or unseen:",
                "if unseen and missing < 0:",
            ),
        ),
        (
            f"{_ITEMS}::test_chunk_that_was_never_looked_up_fails_the_file",
            f"{_ITEMS}::test_item_that_goes_between_load_and_observe_is_named_and_fails_the_file",
        ),
    ),
    Guard(
        "message after commit",
        "a message is gone before what it led to is entered",
        (
            Edit(
                "include/core/arrivals/complete.py",
                "        counts, details = _sum(outcomes, _warnings(received))\n",
                "        _release_messages(received.messages, outcomes, resources.queue)\n"
                "        counts, details = _sum(outcomes, _warnings(received))\n",
            ),
        ),
        (f"{_FINISHED}::test_run_whose_sum_is_off_enters_nothing_and_keeps_its_messages",),
    ),
    Guard(
        "failures that are final",
        "a faulty file is tried again by the message or the sweep that announces it",
        (Edit("include/sql/arrivals/claim_arrival.sql", "not arrival.final", "true"),),
        (f"{_FOR_GOOD}::test_file_that_fails_for_good_fails_one_run_and_its_message_goes",),
    ),
    Guard(
        "messages of faulty files",
        "the message of a faulty file comes again",
        (Edit("include/core/arrivals/complete.py", " if not failure.final}", "}"),),
        (f"{_FOR_GOOD}::test_file_that_fails_for_good_fails_one_run_and_its_message_goes",),
    ),
    Guard(
        "forged messages",
        "a message names another bucket or prefix, and what it names is read",
        (
            Edit(
                "include/core/arrivals/claim.py",
                "check_place(landed, bucket=landing.bucket, prefix=landing.prefix)",
                "pass",
            ),
        ),
        ("tests/integration/test_receiving_refused.py::test_forged_messages_fail_alone",),
    ),
    Guard(
        "files that no pipeline takes",
        "a file with another suffix is no failure, and each sweep reports it again",
        (
            Edit(
                "include/core/arrivals/sweep.py",
                '            refuse(cursor, entry["pipeline"], file, run, cause=entry["cause"])\n',
                "",
            ),
        ),
        (
            f"{_SWEEP}::test_file_that_no_pipeline_takes_is_entered_as_failed_and_named_in_one_notice",
            f"{_SWEEP}::test_refused_file_is_in_one_notice_and_its_next_version_in_another",
        ),
    ),
    Guard(
        "file as it was looked up",
        "other content than was looked up is read",
        (
            Edit(
                "include/core/arrivals/versions.py",
                """            IfMatch=f'"{file["etag"]}"',\n""",
                "",
            ),
        ),
        ("tests/integration/test_landing.py::test_other_content_than_was_looked_up_is_an_error",),
    ),
    Guard(
        "refused file",
        "each sweep reports a file again that no pipeline takes",
        (
            Edit(
                "include/sql/arrivals/refuse_arrival.sql",
                "%(cause)s, true",
                "%(cause)s, false",
            ),
        ),
        (f"{_SWEEP}::test_refused_file_is_in_one_notice_and_its_next_version_in_another",),
    ),
    Guard(
        "letter case of a suffix",
        "a file whose suffix has capital letters is refused",
        (Edit("include/core/arrivals/events.py", "key.lower().endswith", "key.endswith"),),
        (f"{_SWEEP}::test_file_whose_suffix_has_capital_letters_is_missed_as_any_other",),
    ),
)
