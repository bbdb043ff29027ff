"""Choosing an interpreter and ports; what is locked; what `make env` prints."""

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

from infra.local import bootstrap, ports
from infra.local.commands import exports
from infra.local.layout import COMMANDS, REPOSITORY, Layout, write_private
from infra.local.state import Running, Secrets

THIS = "{}.{}".format(*sys.version_info[:2])


def program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_shim_that_fails_is_not_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Versions that the interpreter of this test cannot have.
    program(tmp_path, "python3.98", "echo 'pyenv: python3.98: command not found' >&2; exit 127")
    program(tmp_path, "python3.99", "echo 3.99")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert bootstrap.best_interpreter(("3.98", "3.99")) == str(tmp_path / "python3.99")


def test_interpreter_of_pyenv_is_found_without_a_shim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "versions" / "3.12.9" / "bin"
    folder.mkdir(parents=True)
    wanted = program(folder, "python3.12", "echo 3.12")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert bootstrap.best_interpreter(("3.12",)) == str(wanted)


def test_the_own_interpreter_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert bootstrap.best_interpreter((THIS,)) == sys.executable


def test_interpreter_that_is_asked_for_is_taken_before_better_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "python3.12", "echo 3.12")
    wanted = program(tmp_path, "python3.10", "echo 3.10")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SLUICE_PYTHON", "3.10")
    assert bootstrap.best_interpreter() == str(wanted)
    monkeypatch.setenv("SLUICE_PYTHON", "3.98")
    with pytest.raises(bootstrap.SetupError):
        bootstrap.best_interpreter()


def test_no_interpreter_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    with pytest.raises(bootstrap.SetupError, match="python3-venv"):
        bootstrap.best_interpreter(("3.9",))


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
            "AlertsTopicArn": "arn:aws:sns:us-east-1:000000000000:alerts",
        },
        "env": {"AIRFLOW_HOME": "/a b/air'flow", "PATH": "/elsewhere", "AWS_ENDPOINT_URL": "u"},
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
        ("SLUICE_LANDING_BUCKET", "landing"),
        ("SLUICE_LAKE_BUCKET", "lake"),
        ("SLUICE_JSON_QUEUE_URL", "http://127.0.0.1:6/000000000000/json"),
        ("SLUICE_ITEMS_TABLE", "items"),
        ("SLUICE_CHANGES_STREAM", "changes"),
        ("SLUICE_ALERTS_TOPIC_ARN", "arn:aws:sns:us-east-1:000000000000:alerts"),
    ],
)
def test_env_survives_the_shell(name: str, value: str) -> None:
    assert shell(exports(running()), f"${name}") == value


def test_env_puts_the_environment_and_the_commands_before_the_path_of_the_shell() -> None:
    path = shell(exports(running()), "$PATH")
    assert path == f"{Path(sys.executable).parent}:{COMMANDS}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [("http://127.0.0.1:6", ["--endpoint-url", "http://127.0.0.1:6", "s3", "a b"]), ("", None)],
)
def test_aws_asks_the_emulator_for_every_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str, words: list[str] | None
) -> None:
    local = tmp_path / "a folder"
    monkeypatch.setattr(bootstrap, "LOCAL", local)
    home = local / "venvs" / "emulator" / "bin"
    home.mkdir(parents=True)
    program(home, "aws", "printf '%s\\n' \"$@\"")
    bootstrap.aws_command()
    # Of the environment nothing else is on the PATH.
    assert [path.name for path in (local / "bin").iterdir()] == ["aws"]
    said = subprocess.run(
        [local / "bin" / "aws", "s3", "a b"],
        env={"AWS_ENDPOINT_URL": endpoint},
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.splitlines() == (words or ["s3", "a b"])


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


def pins(path: str) -> set[str]:
    """The pinned packages of a requirements file, without markers, extras and case."""
    lines = [line.split(";")[0].strip() for line in (REPOSITORY / path).read_text().splitlines()]
    return {re.sub(r"\[.*\]", "", line).lower() for line in lines if "==" in line}


def test_laptop_has_what_mwaa_installs() -> None:
    assert pins("requirements.txt") <= pins("infra/local/requirements-airflow.lock")


@pytest.mark.parametrize("name", ["airflow", "emulator"])
def test_lock_has_what_was_asked_for_and_no_address(name: str) -> None:
    lock = f"infra/local/requirements-{name}.lock"
    assert pins(f"infra/local/requirements-{name}.in") <= pins(lock)
    assert "://" not in (REPOSITORY / lock).read_text()
