"""Choosing ports; what a stack keeps for itself; what `make env` prints."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from infra.local import ports
from infra.local.__main__ import parse
from infra.local.airflow.settings import api_settings
from infra.local.commands import exports
from infra.local.layout import COMMANDS, Layout, write_private
from infra.local.stack import beyond_inherited
from infra.local.state import Running, Secrets


def test_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.create_server((ports.HOST, 0)) as server:
        taken = server.getsockname()[1]
        assert not ports.is_free(taken)
        chosen = ports.choose(taken)
    assert chosen != taken
    assert ports.is_free(chosen)


def test_free_port_that_is_liked_best_is_chosen() -> None:
    liked = ports.choose()
    assert ports.choose(liked) == liked


def running(**changes: object) -> Running:
    given = {
        "pid": 1,
        "ui_port": 8080,
        "warehouse_uri": "postgresql://sluice:p@127.0.0.1:5/warehouse",
        "endpoint": "http://127.0.0.1:6",
        "notices_queue": "http://127.0.0.1:6/000000000000/notices",
        "outputs": {
            "LandingBucket": "landing",
            "LakeBucket": "lake",
            "JsonQueueUrl": "http://127.0.0.1:6/000000000000/json",
            "ItemsTable": "items",
            "ChangesStream": "changes",
            "GlueDatabase": "sluice_dev",
            "AthenaWorkgroup": "exports",
            "AlertsTopicArn": "arn:aws:sns:us-east-1:000000000000:alerts",
        },
        "env": {
            "AIRFLOW_HOME": "/a b/air'flow",
            "AIRFLOW__SLUICE__API_STAND_IN": "http://127.0.0.1:7",
            "PATH": "/elsewhere",
            "AWS_ENDPOINT_URL": "u",
        },
    }
    return Running(**{**given, **changes})  # type: ignore[arg-type] # one dict of many types


def shell(lines: list[str], expression: str) -> str:
    script = "\n".join([*lines, f'printf %s "{expression}"'])
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run(["sh", "-c", script], env=env, check=True, capture_output=True, text=True)
    return done.stdout


def test_env_prints_exports_alone() -> None:
    assert all(re.fullmatch(r"export [A-Z_]+=.+", line) for line in exports(running()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLUICE_WAREHOUSE_URI", "postgresql://sluice:p@127.0.0.1:5/warehouse"),
        ("AIRFLOW_HOME", "/a b/air'flow"),
        ("SLUICE_UI_PORT", "8080"),
        ("SLUICE_API_URL", "http://127.0.0.1:7"),
        ("SLUICE_LANDING_BUCKET", "landing"),
        ("SLUICE_LAKE_BUCKET", "lake"),
        ("SLUICE_JSON_QUEUE_URL", "http://127.0.0.1:6/000000000000/json"),
        ("SLUICE_ITEMS_TABLE", "items"),
        ("SLUICE_CHANGES_STREAM", "changes"),
        ("SLUICE_GLUE_DATABASE", "sluice_dev"),
        ("SLUICE_ATHENA_WORKGROUP", "exports"),
        ("SLUICE_ALERTS_TOPIC_ARN", "arn:aws:sns:us-east-1:000000000000:alerts"),
    ],
)
def test_env_survives_the_shell(name: str, value: str) -> None:
    assert shell(exports(running()), f"${name}") == value


def test_env_puts_the_environment_and_the_commands_before_the_path_of_the_shell() -> None:
    path = shell(exports(running()), "$PATH")
    assert path == f"{Path(sys.executable).parent}:{COMMANDS}:{os.environ['PATH']}"


def test_secrets_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    write_private(tmp_path / "secrets.json", "{}")
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_secrets_of_before_are_kept_and_the_new_one_is_added_for_good(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    known = asdict(Secrets())
    del known["sluice_loader"]
    write_private(layout.secrets, json.dumps(known))
    first = Secrets.of(layout)
    assert {name: getattr(first, name) for name in known} == known
    assert Secrets.of(layout) == first
    assert layout.secrets.stat().st_mode & 0o777 == 0o600


def test_real_keys_of_the_caller_are_not_among_what_a_stack_writes_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WEATHER_API", "http://:canary@")
    env = {"PATH": "/of/the/stack"} | api_settings(None, Secrets())
    assert "canary" in str(env)
    assert beyond_inherited(env) == {"PATH": "/of/the/stack"}


@pytest.mark.parametrize("count", ["0", "-1", "two", "²"])
def test_number_of_workers_that_is_none_is_refused(
    count: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["up", f"--workers={count}"])
    assert f"{count} is not a number from 1" in capsys.readouterr().err


def test_without_a_number_there_are_no_workers() -> None:
    assert (parse(["up"]).workers, parse(["up", "--workers", "2"]).workers) == (0, 2)
