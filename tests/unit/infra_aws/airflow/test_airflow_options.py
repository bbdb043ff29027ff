"""What MWAA sets in Airflow's configuration."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

import pytest

from include.settings import Settings
from infra.aws.airflow.options import TASKS_A_WORKER, airflow_options
from infra.aws.environment import DEV, ENVIRONMENTS, PROD
from infra.aws.settings import SETTINGS
from tests.support import airflow_home
from tests.unit.infra_aws.conftest import COMMITTED
from tests.unit.infra_aws.templates import Template, of_type

# https://docs.aws.amazon.com/mwaa/latest/API/API_CreateEnvironment.html
KEY = re.compile(r"[a-z]+([a-z0-9._]*[a-z0-9_]+)?")
MEMORY = {"mw1.small": 2048, "mw1.medium": 4096, "mw1.large": 8192}  # MB of a worker
# MB, measured: Celery's own processes; a task's supervisor and what it has loaded, and its rows.
WORKER, TASK = 300, 225
# What MWAA sets in its containers of Airflow 3.2.1 over what it is told; sections end in a dot.
# https://github.com/aws/amazon-mwaa-docker-images, images/airflow/3.2.1/python/mwaa/config/
RESERVED = (
    "api.base_url",
    "api.secret_key",
    "api_auth.",
    "celery.broker_url",
    "celery.celery_config_options",
    "celery.extra_celery_config",
    "celery.result_backend",
    "celery.worker_enable_remote_control",
    "core.auth_manager",
    "core.execution_api_server_url",
    "core.executor",
    "core.fernet_key",
    "core.load_examples",
    "core.multi_team",
    "database.sql_alchemy_conn",
    "execution_api.jwt_expiration_time",
    "fab.config_file",
    "logging.colored_console_log",
    "logging.logging_config_class",
    "metrics.",
    "operators.default_queue",
    "scheduler.standalone_dag_processor",
    "triggerer.queues_enabled",
)
BACKEND = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"


def options_of(platform: Template) -> dict[str, Any]:
    (mwaa,) = of_type(platform, "AWS::MWAA::Environment").values()
    found: dict[str, Any] = mwaa["AirflowConfigurationOptions"]
    return found


def test_every_setting_that_names_a_place_has_an_output_and_no_other_has() -> None:
    # The address of the UI is an option of Airflow's own; nothing stands in for APIs on AWS.
    elsewhere = {"ui_url", "api_stand_in"}
    places = {field.name for field in fields(Settings) if field.default == ""} - elsewhere
    assert SETTINGS.keys() == places


def test_every_output_that_a_setting_takes_is_there() -> None:
    outputs = json.loads(COMMITTED.read_text())["Outputs"]
    assert set(SETTINGS.values()) <= outputs.keys()


def test_settings_are_outputs_of_the_pipelines_stack_of_the_same_environment(
    platform: Template,
) -> None:
    (mwaa,) = of_type(platform, "AWS::MWAA::Environment").values()
    found = {
        name.removeprefix("sluice."): value
        for name, value in options_of(platform).items()
        if name.startswith("sluice.")
    }
    assert found == {
        setting: {
            "Fn::GetStackOutput": {"OutputName": output, "StackName": f"{mwaa['Name']}-pipelines"}
        }
        for setting, output in SETTINGS.items()
    }


def test_names_and_values_are_what_mwaa_takes(platform: Template) -> None:
    for name, value in options_of(platform).items():
        assert KEY.fullmatch(name), name
        assert len(name) <= 64
        assert isinstance(value, dict) or 1 <= len(value) <= 2048


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_every_option_is_one_of_this_airflow_or_our_own(environment: Any) -> None:
    airflow_home.configure()
    from airflow.configuration import conf  # noqa: PLC0415 -- after its home is settled

    known = {
        f"{section}.{option}"
        for section, described in conf.configuration_description.items()
        for option in described["options"]
    }
    options = airflow_options(environment=environment, prefix="sluice/any", output=str)
    others = {name for name in options if not name.startswith("sluice.")}
    assert others - known == set()


def test_no_option_is_one_that_mwaa_sets_whatever_it_is_told(platform: Template) -> None:
    assert [name for name in options_of(platform) if name.startswith(RESERVED)] == []


def test_connections_and_variables_come_from_below_the_environments_prefix(
    platform: Template,
) -> None:
    (mwaa,) = of_type(platform, "AWS::MWAA::Environment").values()
    options, prefix = options_of(platform), mwaa["Name"].replace("-", "/")
    assert options["secrets.backend"] == BACKEND
    assert json.loads(options["secrets.backend_kwargs"]) == {
        "connections_prefix": f"{prefix}/connections",
        "connections_lookup_pattern": "^(sluice_.+|github|payments_api|weather_api)$",
        "variables_prefix": f"{prefix}/variables",
        "variables_lookup_pattern": "^sluice_.+$",
    }


@pytest.mark.parametrize(
    ("name", "is_asked_for"),
    [
        ("sluice_warehouse", True),
        ("sluice_migrations", True),
        ("github", True),
        ("weather_api", True),
        ("payments_api", True),
        ("aws_default", False),
        ("my_github", False),
        ("github_2", False),
        ("weather_api_2", False),
        ("another_api", False),
        ("not_sluice_warehouse", False),
    ],
)
def test_pattern_lets_through_names_of_sluice_alone(name: str, *, is_asked_for: bool) -> None:
    options = airflow_options(environment=DEV, prefix="sluice/dev", output=str)
    pattern = json.loads(options["secrets.backend_kwargs"])["connections_lookup_pattern"]
    # As the backend does: https://github.com/apache/airflow, secrets_manager.py.
    assert bool(re.match(pattern, name)) is is_asked_for


def test_dags_run_as_soon_as_they_are_deployed(platform: Template) -> None:
    assert options_of(platform)["core.dags_are_paused_at_creation"] == "False"


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_memory_of_a_worker_holds_the_tasks_that_it_takes(environment: Any) -> None:
    tasks = TASKS_A_WORKER[environment.airflow_class]
    duckdb = int(Settings().duckdb_memory.removesuffix("MB"))
    assert WORKER + tasks * (TASK + duckdb) <= MEMORY[environment.airflow_class]
    options = airflow_options(environment=environment, prefix="sluice/any", output=str)
    assert options["celery.worker_autoscale"] == f"{tasks},{tasks}"


def test_task_may_wait_for_longer_than_one_before_it_may_take() -> None:
    options = airflow_options(environment=PROD, prefix="sluice/prod", output=str)
    assert int(options["scheduler.task_queued_timeout"]) >= 2 * 30 * 60
