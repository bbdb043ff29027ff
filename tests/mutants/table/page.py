"""Guards of what the page in the UI shows, and of who sees it."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_SUMMARY: Final = "include/core/summaries/summary.py"
_APP: Final = "plugins/sluice_page/app.py"
_PLUGIN: Final = "plugins/sluice_page/summaries.py"
_WRITTEN: Final = "tests/integration/test_summaries.py"
_ACCESS: Final = "tests/integration/test_page_access.py"
_BOUNDS: Final = "tests/unit/core/summaries/test_bounds.py"

GUARDS: Final = (
    Guard(
        "newest summary",
        "of two runs that end at once the one that saw less has the last word",
        (Edit(_SUMMARY, "summary, tag=tag)", "summary, tag=store.tag_of(key))"),),
        (f"{_WRITTEN}::test_writer_that_saw_less_does_not_replace_what_saw_more",),
    ),
    Guard(
        "size of a summary",
        "long texts of rejected rows and causes make a summary of any size",
        (
            Edit(
                "include/core/summaries/bounded.py",
                "if len(body) <= most_bytes:",
                "if len(body) <= most_bytes or True:",
            ),
        ),
        (f"{_BOUNDS}::test_summary_is_json_of_its_schema_and_of_a_bounded_size",),
    ),
    Guard(
        "groups of a chart",
        "a chart has a line for each row of a table",
        (
            Edit(
                "include/core/summaries/points.py",
                "if len(sizes) <= MOST_GROUPS:",
                "if len(sizes) <= MOST_GROUPS + 1:",
            ),
        ),
        (f"{_BOUNDS}::test_groups_beyond_the_most_are_left_out_and_it_says_so",),
    ),
    Guard(
        "user of the page",
        "the page answers whom Airflow does not know",
        (Edit(_APP, "dependencies=[Depends(get_user)],", ""),),
        (f"{_ACCESS}::test_no_route_answers_without_a_user",),
    ),
    Guard(
        "files of another version",
        "a browser keeps a file of one version for a year under the name of another",
        (Edit(_APP, "UNCHANGING if tag == _PACK.tag else None", "UNCHANGING"),),
        (f"{_ACCESS}::test_files_that_the_page_names_by_what_they_hold_are_never_asked_for_again",),
    ),
    Guard(
        "rows of the overview",
        "the overview shows sinks of DAGs that its viewer may not read",
        (Edit(_PLUGIN, 'if row and row["dag_id"] in dag_ids', "if row"),),
        (f"{_ACCESS}::test_user_with_rights_on_one_dag_sees_that_one",),
    ),
    Guard(
        "sink of a DAG",
        "the right to read one DAG opens the sinks of another",
        (
            Edit(
                _PLUGIN,
                'if owner is None or owner.get("dag_id") != dag_id:',
                "if owner is None:",
            ),
        ),
        (f"{_ACCESS}::test_user_with_rights_on_one_dag_sees_that_one",),
    ),
    Guard(
        "text of rejected rows",
        "who may only read a DAG sees the text of its rejected rows",
        (
            Edit(
                _APP,
                'values", dependencies=[SEES_VALUES])',
                'values", dependencies=[READS_DAG])',
            ),
        ),
        (f"{_ACCESS}::test_values_of_rows_are_for_who_may_start_runs",),
    ),
)
