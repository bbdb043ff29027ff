"""What a run by hand cannot be asked for, and who says so: Airflow at once, or the first task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from infra.common.airflow_rest import now
from infra.common.errors import StackError
from infra.local import outcome

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from tests.browser.airflow_pages import AirflowPages
    from tests.support.scheduled_runs import ScheduledRuns

DAG = "covid_us_states_daily"
NOTICE_SECONDS = 120


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        pytest.param({"as_of": "yesterday"}, "param as_of: 'yesterday'", id="as-of-a-word"),
        pytest.param({"as_of": "2020-12-04"}, "param as_of: '2020-12-04'", id="as-of-a-day"),
        pytest.param({"as_of": 20201204}, "param as_of: 20201204", id="as-of-a-number"),
        pytest.param({"refetch": "yes"}, "param refetch: 'yes'", id="refetch-a-text"),
    ],
)
def test_value_of_the_wrong_kind_starts_no_run(
    stack: Stack, conf: dict[str, Any], message: str
) -> None:
    with pytest.raises(StackError, match=f"Invalid input for {message}"):
        stack.api.trigger(DAG, conf)


def test_what_airflow_lets_pass_fails_at_the_first_task_which_says_why(
    pages: AirflowPages, runs: ScheduledRuns
) -> None:
    since = now()
    form = pages.open_form(DAG)
    form.fill_as_of("2998-12-31T19:00")
    run_id = form.trigger()
    message = "as_of 2999-01-01T00:00:00Z is in the future"
    assert runs.wait(DAG, run_id) == "failed"
    tried = runs.stack.api.task_instances(DAG, run_id)
    states = {task["task_id"]: (task["state"], task["try_number"]) for task in tried}
    assert states.pop("resolve_as_of") == ("failed", 1)
    assert {state for state, _ in states.values()} == {"upstream_failed"}
    told = outcome.notice(runs.stack.running, run_id, since, seconds=NOTICE_SECONDS)
    assert message in told
    pages.open_task(DAG, run_id, "resolve_as_of")
    expect(pages.page.get_by_text(message).first).to_be_visible()
