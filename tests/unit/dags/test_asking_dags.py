"""The DAG of a dataset that has a person decide about shrunken snapshots."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from include.contracts.tables import ShrinkLimit
from include.datasets import covid_us_daily


@pytest.fixture(scope="module")
def dag() -> Any:
    from github_csv_to_postgres import build  # noqa: PLC0415 -- after the environment is set

    asking = replace(covid_us_daily.DATASET, name="asking", shrink=ShrinkLimit(ask=True))
    return build(asking)


def test_question_is_asked_before_the_notice_says_so(dag: Any) -> None:
    assert dag.get_task("list_questions").upstream_task_ids == {"upsert"}
    assert dag.get_task("ask").upstream_task_ids == {"list_questions"}
    assert dag.get_task("announce").upstream_task_ids == {"ask", "upsert"}
    # The question may have been asked before, or there is none.
    assert dag.get_task("announce").trigger_rule == "none_failed"


def test_question_that_was_asked_by_another_run_fails_nothing(dag: Any) -> None:
    assert dag.get_task("ask").partial_kwargs["skip_when_already_exists"] is True


def test_form_takes_an_approval(dag: Any) -> None:
    assert dict(dag.params) == {
        "as_of": None,
        "refetch": False,
        "dry_run": False,
        "approved": None,
    }
