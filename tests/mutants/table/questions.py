"""Guards of what a person decides."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_UPSERT: Final = "include/core/warehouse/upsert.py"
_LOAD: Final = "include/pipelines/github_csv_to_postgres/load.py"
_ASK: Final = "include/sql/warehouse/ask_about_shrunken.sql"
_QUESTIONS: Final = "include/core/runs/questions.py"
_TESTS: Final = "tests/integration/test_shrunken_snapshots.py"
_UNIT: Final = "tests/unit/core/runs/test_questions.py"

GUARDS: Final = (
    Guard(
        "approval of one content",
        "an approval lets another snapshot through that loses as many rows",
        (Edit(_ASK, "    and shrunken.content_sha256 = %(content_sha256)s\n", ""),),
        (f"{_TESTS}::test_approval_does_not_let_another_content_of_the_same_moment_through",),
    ),
    Guard(
        "approval after one base",
        "an approval that was never used lets the same rows go from a newer snapshot",
        (
            Edit(
                _ASK,
                "    and shrunken.base_sha256 = coalesce(known.content_sha256, '')\n",
                "",
            ),
        ),
        (f"{_TESTS}::test_approval_that_was_not_used_is_not_good_after_another_snapshot",),
    ),
    Guard(
        "approval of the rows that were shown",
        "more rows go than the person was shown",
        (Edit(_UPSERT, "if missing > self.policy.approved:", "if not self.policy.approved:"),),
        (f"{_TESTS}::test_more_rows_than_the_person_was_shown_are_asked_about_anew",),
    ),
    Guard(
        "approval used up",
        "a source that loses the same rows again, much later, is loaded without a question",
        (
            Edit(
                _LOAD,
                "        shrunken.mark_loaded(cursor, run.sink, content)\n",
                "        pass\n",
            ),
        ),
        (f"{_TESTS}::test_approval_is_good_for_one_load",),
    ),
    Guard(
        "refusal holds",
        "a person is asked about the same snapshot each day",
        (Edit(_ASK, "known.state in ('expired', 'loaded')", "known.state <> 'approved'"),),
        (f"{_TESTS}::test_refused_snapshot_is_told_of_once_and_not_asked_about_again",),
    ),
    Guard(
        "one run a question",
        "two runs that ask the same have a person answer twice",
        (
            Edit(
                _QUESTIONS,
                'return f"{dag_id}__{hashlib.sha256(valid.encode()).hexdigest()[:20]}"',
                'return f"{dag_id}__{__import__("uuid").uuid4()}"',
            ),
        ),
        (f"{_UNIT}::test_same_question_has_the_same_run_and_another_has_another",),
    ),
    Guard(
        "keys are no markup",
        "a key that a source wrote draws headings, links or pictures for the person who decides",
        (Edit(_QUESTIONS, 'fence = "`" * max(3, longest + 1)', 'fence = "```"'),),
        (f"{_UNIT}::test_no_key_breaks_out_of_its_block_and_each_has_one_line",),
    ),
)
