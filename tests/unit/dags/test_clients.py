"""What the clients of one task have in common."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

from tests.support import airflow_home

if TYPE_CHECKING:
    import pytest


def test_clients_of_a_task_share_one_session_and_differ_in_what_their_connection_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clients, made = airflow_home.clients(), []

    class Counted(boto3.session.Session):
        def __init__(self, *given: Any, **named: Any) -> None:
            made.append(self)
            super().__init__(*given, **named)

    extra = {"region_name": "eu-west-1", "endpoint_url": "http://127.0.0.1:1"}
    connection = {"conn_type": "aws", "login": "x", "password": "y", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    monkeypatch.setattr(boto3.session, "Session", Counted)
    clients._aws.cache_clear()
    found = [clients.aws_client(service) for service in ("s3", "sqs", "dynamodb", "s3")]
    found.append(clients.lake().client)
    assert len(made) == 1
    assert [each.meta.service_model.service_name for each in found[:3]] == ["s3", "sqs", "dynamodb"]
    assert {each.meta.endpoint_url for each in found} == {"http://127.0.0.1:1"}
    assert {each.meta.region_name for each in found} == {"eu-west-1"}
    clients._aws.cache_clear()
