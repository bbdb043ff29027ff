"""Guards of api_to_lake."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_CODE: Final = "include/pipelines/api_to_lake"
_SQL: Final = "include/sql/api_to_lake"
_RUNS: Final = "tests/integration/test_api_to_lake.py"
_FAULTS: Final = "tests/integration/test_faults_api_to_lake.py"
_TRACES: Final = "tests/integration/test_trace_lake.py"
_PAGES: Final = "tests/unit/pipelines/test_api_requests.py"
_DOWN: Final = f"{_RUNS}::test_api_that_is_down_costs_the_hour_and_no_later_one"
_KILLED: Final = f"{_FAULTS}::test_run_killed_at_any_moment_goes_on_where_it_was"

GUARDS: Final = (
    Guard(
        "requests of an hour",
        "an API that is down is asked again by every rerun",
        (
            Edit(
                f"{_SQL}/count_requests.sql",
                "    or call.asked - call.answered - %(answered)s < %(attempts)s\n",
                "    or true\n",
            ),
        ),
        (_DOWN,),
    ),
    Guard(
        "pages that cost nothing",
        "an answer of many pages spends the requests of its hour",
        (Edit(f"{_CODE}/attempts.py", "        self._answered += 1\n", ""),),
        (f"{_RUNS}::test_pages_by_cursor_give_every_record_once",),
    ),
    Guard(
        "answers that are none",
        "a page for people is taken for an answer, and the hour fails",
        (Edit(f"{_CODE}/fetch.py", "        if problem:\n", "        if False:\n"),),
        (f"{_RUNS}::test_three_bad_answers_are_survived",),
    ),
    Guard(
        "hours of the past",
        "an API that tells of now is asked for an hour of the past",
        (Edit(f"{_CODE}/fetch.py", "now >= over:", "False:"),),
        (f"{_RUNS}::test_hour_of_the_past_is_not_asked_where_there_is_no_history",),
    ),
    Guard(
        "key refused",
        "a key that is refused skips hour after hour",
        (
            Edit(
                f"{_CODE}/fetch.py",
                "    except (CredentialsRefusedError, ForbiddenAddressError):\n        raise\n",
                "",
            ),
        ),
        (f"{_RUNS}::test_refused_key_fails_at_once",),
    ),
    Guard(
        "key in an answer",
        "an answer that repeats the key puts it into the raw zone",
        (
            Edit(
                f"{_CODE}/fetch.py",
                "        refuse_key(reply, self._resources.key)\n",
                "",
            ),
        ),
        (f"{_RUNS}::test_answer_that_repeats_the_key_is_not_kept",),
    ),
    Guard(
        "cursor without end",
        "an API whose cursor never ends is asked for ever",
        (Edit(f"{_CODE}/requests.py", "request.page >= pages.most", "False"),),
        (f"{_PAGES}::test_more_pages_than_declared_are_refused",),
    ),
    Guard(
        "answers of others",
        "an hour is shown before its own run has entered it",
        (
            Edit(
                f"{_CODE}/raw_zone.py",
                r"/published\.json$",
                r"/hour\.json$",
            ),
        ),
        (_KILLED,),
    ),
    Guard(
        "what was planned",
        "a run that died after its write counts nothing",
        (Edit(f"{_CODE}/publish.py", "if planned else made", "if False else made"),),
        (_KILLED,),
    ),
    Guard(
        "plan of another run",
        "a run counts as its own what another has put",
        (
            Edit(
                f"{_CODE}/publish.py",
                "if mine else None",
                "if planned else None",
            ),
        ),
        (f"{_FAULTS}::test_plan_of_another_run_is_not_taken_over",),
    ),
    Guard(
        "file that was replaced meanwhile",
        "a run throws away the rows of an hour that another has put meanwhile",
        (
            Edit(
                f"{_CODE}/publish.py",
                "if (current and current.etag) == made.base:",
                "if True:",
            ),
            Edit(
                "include/core/aws/objects.py",
                'return {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}',
                "return {}",
            ),
        ),
        (_KILLED, f"{_FAULTS}::test_file_replaced_meanwhile_is_made_again"),
    ),
    Guard(
        "condition of a write",
        "a publisher that wakes up late overwrites what others have put",
        (
            Edit(
                "include/core/aws/objects.py",
                'return {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}',
                "return {}",
            ),
        ),
        (f"{_FAULTS}::test_write_whose_condition_fails_changes_nothing",),
    ),
    Guard(
        "hour that cannot be converted",
        "an hour that broke under a new declaration takes the day with it",
        (Edit(f"{_CODE}/partition.py", "            if mine:\n", "            if True:\n"),),
        (f"{_RUNS}::test_hour_that_a_stricter_declaration_breaks_keeps_its_rows",),
    ),
    Guard(
        "rejects of an hour",
        "an hour of which most was rejected is loaded",
        (
            Edit(
                f"{_CODE}/partition.py",
                "                self._check(counts, rejects)\n",
                "                pass\n",
            ),
        ),
        (f"{_RUNS}::test_wider_type_is_rejected_with_its_place",),
    ),
    Guard(
        "answers of a run",
        "nobody can say any more which answers a run of an hour has read, once another has run",
        (
            Edit(
                f"{_CODE}/raw_zone.py",
                "index-{digest[:_DIGEST_CHARACTERS]}.json",
                "index.json",
            ),
        ),
        (f"{_TRACES}::test_history_names_run_effect_value_answer_and_record",),
    ),
    Guard(
        "lake ahead of the ledger",
        "a trace takes what a run is just putting into the lake for somebody else's",
        (
            Edit(
                f"{_CODE}/trace.py",
                "is_replaced or planned is not None",
                "is_replaced",
            ),
        ),
        (f"{_TRACES}::test_what_a_run_has_put_that_is_not_in_the_ledger_yet_is_said",),
    ),
    Guard(
        "file and ledger of one moment",
        "a trace takes what a run puts into the lake meanwhile for somebody else's",
        (Edit(f"{_CODE}/trace.py", "        if not is_replaced:\n", "        if True:\n"),),
        (f"{_TRACES}::test_run_that_ends_meanwhile_is_in_the_answer",),
    ),
    Guard(
        "new fields, once",
        "each hour reports the same new fields",
        (
            Edit(
                f"{_SQL}/keep_hour.sql",
                "    where path not in (select reported.path from reported)\n",
                "",
            ),
        ),
        (f"{_RUNS}::test_new_fields_are_reported_once_a_day",),
    ),
)
