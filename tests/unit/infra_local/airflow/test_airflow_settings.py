"""What the laptop's Airflow and its DAGs are given."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from include.datasets import api_datasets
from include.settings import Settings
from infra.common.paths import POOLS
from infra.local.airflow.settings import (
    Options,
    api_settings,
    pipeline_settings,
    schedule_settings,
)
from infra.local.layout import TEMPLATE
from infra.local.state import Secrets

ENDPOINT = "http://127.0.0.1:6"
SECTION = "AIRFLOW__SLUICE__"


@pytest.fixture
def settings() -> dict[str, str]:
    """What the DAGs are given when each output of the template holds its own name."""
    outputs = {name: name for name in json.loads(TEMPLATE.read_text())["Outputs"]}
    return pipeline_settings(
        outputs=outputs,
        endpoint=ENDPOINT,
        loader_uri="postgresql://loader",
        owner_uri="postgresql://owner",
        github=None,
    )


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("LAKE_BUCKET", "LakeBucket"),
        ("LANDING_BUCKET", "LandingBucket"),
        ("CSV_UPLOAD_TO_SQS_QUEUE_URL", "CsvUploadToSqsQueueUrl"),
        ("CSV_UPLOAD_TO_DYNAMODB_QUEUE_URL", "CsvUploadToDynamodbQueueUrl"),
        ("JSON_QUEUE_URL", "JsonQueueUrl"),
        ("ITEMS_TABLE", "ItemsTable"),
        ("CHANGES_STREAM", "ChangesStream"),
        ("GLUE_DATABASE", "GlueDatabase"),
        ("ATHENA_WORKGROUP", "AthenaWorkgroup"),
        ("EVENTS_BUS", "EventsBus"),
        ("ALERTS_TOPIC_ARN", "AlertsTopicArn"),
    ],
)
def test_dags_are_given_where_things_are(settings: dict[str, str], name: str, output: str) -> None:
    assert settings[SECTION + name] == output


def test_triggerer_and_tasks_reach_the_emulator_through_the_default_connection(
    settings: dict[str, str],
) -> None:
    connection = json.loads(settings["AIRFLOW_CONN_AWS_DEFAULT"])
    assert connection["extra"] == {"region_name": "us-east-1", "endpoint_url": ENDPOINT}


def test_tasks_have_the_loader_and_migrations_the_owner(settings: dict[str, str]) -> None:
    assert settings["AIRFLOW_CONN_SLUICE_WAREHOUSE"] == "postgresql://loader"
    assert settings["AIRFLOW_CONN_SLUICE_MIGRATIONS"] == "postgresql://owner"


def test_every_setting_that_the_dags_are_given_is_one_that_they_know(
    settings: dict[str, str],
) -> None:
    known = {field.name for field in fields(Settings)}
    everything = settings | api_settings("http://127.0.0.1:7", Secrets())
    given = {name.removeprefix(SECTION).lower() for name in everything if name.startswith(SECTION)}
    assert given <= known


def test_each_api_has_a_connection_with_the_key_that_the_stand_in_demands() -> None:
    secrets = Secrets()
    given = api_settings("http://127.0.0.1:7", secrets)
    connections = {dataset.key.connection for dataset in api_datasets()}
    assert connections == {"weather_api", "payments_api"}
    for name in connections:
        connection = json.loads(given[f"AIRFLOW_CONN_{name.upper()}"])
        assert connection == {"conn_type": "http", "password": getattr(secrets, name)}
    assert given[f"{SECTION}API_STAND_IN"] == "http://127.0.0.1:7"
    assert len({secrets.weather_api, secrets.payments_api, Secrets().weather_api}) == 3


def test_real_apis_have_the_connections_of_the_environment_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WEATHER_API", "http://:key@")
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")
    monkeypatch.setenv("AIRFLOW__SLUICE__API_STAND_IN", "http://elsewhere")
    assert api_settings(None, Secrets()) == {"AIRFLOW_CONN_WEATHER_API": "http://:key@"}


def test_ui_says_in_its_title_that_schedules_are_off_and_how_to_turn_them_on() -> None:
    shown = schedule_settings(Options())
    assert shown["AIRFLOW__API__INSTANCE_NAME"] == "Sluice (schedules are off: make up SCHEDULE=1)"
    assert shown[f"{SECTION}SCHEDULES_OFF"] == "make up SCHEDULE=1"
    assert "schedules_off" in {field.name for field in fields(Settings)}


def test_ui_says_nothing_of_schedules_where_they_are_on() -> None:
    assert schedule_settings(Options(schedule=True)) == {"AIRFLOW__API__INSTANCE_NAME": "Sluice"}


def test_pools_have_what_airflow_imports() -> None:
    pools = json.loads(POOLS.read_text())
    assert pools["dynamodb_writes"]["slots"] == 4
    for traits in pools.values():
        assert traits.keys() == {"slots", "description", "include_deferred"}
        assert traits["description"]
