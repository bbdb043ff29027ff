"""What a deployment asks MWAA and Airflow, and when it stops."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from infra.common.airflow_rest import now
from infra.common.errors import StackError
from infra.deploy import airflow_environment, smoke
from infra.deploy.errors import DeployError
from infra.deploy.known_dags import wait_until_known
from infra.deploy.mwaa_airflow import MwaaAirflow
from infra.deploy.waiting import Patience
from tests.support.mwaa_stand_in import MwaaStandIn
from tests.support.scripted_airflow import ScriptedAirflow, iso_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "sluice-dev"
URL = "https://ui.example.com"
FILES = {"covid_us_daily": "github.py", "covid_us_states_daily": "github.py", "sweep": "sweep.py"}
QUICK = Patience(environment=5, sync=0, dags=2, run=2, poll=0.01)


@pytest.fixture
def airflow() -> ScriptedAirflow:
    return ScriptedAirflow(dict(FILES))


@pytest.fixture
def mwaa(airflow: ScriptedAirflow) -> Iterator[MwaaStandIn]:
    with MwaaStandIn({"Name": NAME, "WebserverUrl": "ui.example.com"}, airflow) as stand_in:
        yield stand_in


@pytest.fixture
def api(mwaa: MwaaStandIn) -> MwaaAirflow:
    return MwaaAirflow(mwaa.client(), NAME, pause=0)


@pytest.fixture
def states(airflow: ScriptedAirflow) -> Iterator[Callable[..., MwaaStandIn]]:
    """Makes an MWAA whose environment goes through states."""
    made: list[MwaaStandIn] = []

    def make(*states: str, **more: Any) -> MwaaStandIn:
        stand_in = MwaaStandIn({"Name": NAME, **more}, airflow, states=states)
        made.append(stand_in.__enter__())
        return stand_in

    yield make
    for stand_in in made:
        stand_in.__exit__(None, None, None)


def wait(stand_in: MwaaStandIn, patience: Patience = QUICK) -> list[str]:
    told: list[str] = []
    airflow_environment.wait_until_available(
        stand_in.client(), NAME, report=told.append, patience=patience
    )
    return told


def known(api: MwaaAirflow, dag_ids: set[str], *, changed: bool = True) -> list[str]:
    since = now() - timedelta(seconds=1) if changed else None
    return wait_until_known(api, dag_ids, since=since, report=lambda _: None, patience=QUICK)


def run(api: MwaaAirflow, dag_id: str = "covid_us_daily") -> list[str]:
    told: list[str] = []
    smoke.run(api, dag_id, url=URL, report=told.append, patience=QUICK)
    return told


def test_environment_is_waited_for_until_it_is_available_and_each_state_is_told_once(
    states: Callable[..., MwaaStandIn],
) -> None:
    assert wait(states("CREATING", "CREATING", "UPDATING", "AVAILABLE")) == [
        "sluice-dev is CREATING",
        "sluice-dev is UPDATING",
        "sluice-dev is AVAILABLE",
    ]


@pytest.mark.parametrize("state", ["CREATE_FAILED", "UPDATE_FAILED", "UNAVAILABLE", "DELETING"])
def test_environment_that_failed_stops_the_wait_with_what_mwaa_says(
    states: Callable[..., MwaaStandIn], state: str
) -> None:
    error = {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": "no route to S3"}
    stand_in = states("CREATING", state, LastUpdate={"Status": "FAILED", "Error": error})
    said = rf"{state}, whose last update ended in FAILED: INCORRECT_CONFIGURATION no route to S3"
    with pytest.raises(DeployError, match=said):
        wait(stand_in)


def test_environment_that_stays_on_its_way_is_given_up(
    states: Callable[..., MwaaStandIn],
) -> None:
    with pytest.raises(DeployError, match=r"did not become available within 0 s"):
        wait(states("CREATING"), replace(QUICK, environment=0.05))


def test_environment_that_is_not_there_is_told_as_such(mwaa: MwaaStandIn) -> None:
    mwaa.environment["Name"] = "sluice-prod"
    with pytest.raises(DeployError, match="MWAA has no environment"):
        wait(mwaa)


def test_environment_that_went_back_to_older_files_is_not_taken_for_deployed() -> None:
    versions = {"PluginsVersion": "2", "RequirementsVersion": "2", "StartupScriptVersion": "2"}
    runs = {
        "Status": "AVAILABLE",
        "PluginsS3ObjectVersion": "2",
        "RequirementsS3ObjectVersion": "1",
        "StartupScriptS3ObjectVersion": "2",
        "LastUpdate": {"Status": "FAILED", "Error": {"ErrorMessage": "pip found no version"}},
    }
    with pytest.raises(DeployError, match=r"\(RequirementsVersion\).*pip found no version"):
        airflow_environment.check_versions(runs, versions)
    airflow_environment.check_versions({**runs, "RequirementsS3ObjectVersion": "2"}, versions)


def test_dags_are_waited_for_until_every_one_was_read(
    api: MwaaAirflow, airflow: ScriptedAirflow
) -> None:
    airflow.unknown_for = 2
    assert known(api, {"covid_us_daily", "sweep"}) == sorted(FILES)


def test_dags_beyond_one_page_of_the_api_are_seen(
    api: MwaaAirflow, airflow: ScriptedAirflow
) -> None:
    airflow.files = {f"dag_{number:03}": f"{number}.py" for number in range(201)}
    assert len(known(api, {"dag_000", "dag_200"})) == 201


def test_dag_that_airflow_never_reads_is_named(api: MwaaAirflow) -> None:
    with pytest.raises(DeployError, match=r"did not read all of lost, sweep within 2 s"):
        known(api, {"sweep", "lost"})


def test_what_was_read_before_the_files_can_have_been_copied_does_not_count(
    api: MwaaAirflow,
) -> None:
    slow = replace(QUICK, sync=60, dags=0.2)
    with pytest.raises(DeployError, match="did not read all"):
        wait_until_known(api, {"sweep"}, since=now(), report=lambda _: None, patience=slow)


@pytest.mark.parametrize("changed", [True, False])
def test_file_that_cannot_be_read_stops_the_deployment_with_its_error(
    api: MwaaAirflow, airflow: ScriptedAirflow, *, changed: bool
) -> None:
    trace = "ModuleNotFoundError: No module named 'wiring'"
    airflow.errors = [[{"filename": "sweep.py", "stack_trace": trace, "timestamp": iso_now()}]]
    with pytest.raises(DeployError, match=r"(?s)cannot read DAG files:.*sweep\.py: ModuleNotFound"):
        known(api, {"sweep"}, changed=changed)


def test_error_from_before_the_files_were_copied_is_waited_out(
    api: MwaaAirflow, airflow: ScriptedAirflow
) -> None:
    old = {"filename": "a", "stack_trace": "b", "timestamp": "2020-01-01T00:00:00Z"}
    airflow.errors = [[old], [old], []]
    assert known(api, {"sweep"}) == sorted(FILES)


def test_run_is_followed_to_its_end_and_its_tasks_are_told(
    api: MwaaAirflow, airflow: ScriptedAirflow
) -> None:
    told = run(api)
    (run_id,) = airflow.runs["covid_us_daily"]
    assert told[0] == f"covid_us_daily, run {run_id}"
    assert "  extract                          success        1.5 s" in told
    assert told[-1] == f"covid_us_daily succeeded: {URL}/dags/covid_us_daily/runs/{run_id}"


def test_run_that_failed_names_its_tasks_and_where_to_look(
    api: MwaaAirflow, airflow: ScriptedAirflow
) -> None:
    airflow.states["covid_us_daily"] = ["running", "failed"]
    with pytest.raises(
        DeployError, match=r"(?s)covid_us_daily failed: .*load, try 1: .*/tasks/load"
    ):
        run(api)


def test_run_that_does_not_end_is_given_up(api: MwaaAirflow, airflow: ScriptedAirflow) -> None:
    airflow.states["covid_us_daily"] = ["running"]
    with pytest.raises(StackError, match="still running after 2 s"):
        run(api)


def test_run_of_a_dag_that_airflow_does_not_know_is_refused(api: MwaaAirflow) -> None:
    with pytest.raises(StackError, match="knows nothing of GET /dags/unknown"):
        run(api, "unknown")


def test_no_path_of_a_smoke_run_is_longer_than_mwaa_takes(
    api: MwaaAirflow, airflow: ScriptedAirflow, mwaa: MwaaStandIn
) -> None:
    airflow.files |= dict.fromkeys(smoke.DAGS, "a.py")
    for dag_id in smoke.DAGS:
        run(api, dag_id)
    assert max(len(path) for _, path in mwaa.asked) <= 64
    with pytest.raises(DeployError, match="64 characters at most"):
        api.run_state("covid_us_daily", "manual__2026-11-21T10:02:45.123456+00:00_abcd1234")


def test_question_is_asked_again_while_the_web_server_is_replaced(
    api: MwaaAirflow, airflow: ScriptedAirflow
) -> None:
    airflow.failing = [502, 503, 500]
    assert len(api.dags()) == len(FILES)


def test_server_that_stays_away_ends_the_deployment(
    api: MwaaAirflow, airflow: ScriptedAirflow
) -> None:
    airflow.failing = [503] * 4
    with pytest.raises(DeployError, match=r"refused GET /dags \(503\): .*Internal Server Error"):
        api.dags()


def test_run_is_not_asked_for_twice(
    api: MwaaAirflow, airflow: ScriptedAirflow, mwaa: MwaaStandIn
) -> None:
    airflow.failing = [503]
    with pytest.raises(DeployError, match=r"refused POST .*\(503\)"):
        api.trigger("sweep", {}, run_id="deploy-1")
    assert mwaa.asked == [("POST", "/dags/sweep/dagRuns")]


def test_credentials_that_may_not_ask_airflow_are_told_what_they_need(mwaa: MwaaStandIn) -> None:
    mwaa.denied = True
    with pytest.raises(DeployError, match=r"need airflow:InvokeRestApi on the .* role Op"):
        MwaaAirflow(mwaa.client(), NAME).dags()
