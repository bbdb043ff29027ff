"""Choosing an interpreter; the command `aws`; what is locked."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from infra.common import bootstrap
from infra.common.errors import SetupError
from infra.common.paths import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

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
    with pytest.raises(SetupError):
        bootstrap.best_interpreter()


def test_missing_interpreter_is_reported_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    with pytest.raises(SetupError, match="python3-venv"):
        bootstrap.best_interpreter(("3.9",))


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


def pins(path: str) -> set[str]:
    """The pinned packages of a requirements file, without markers, extras and case."""
    lines = [line.split(";")[0].strip() for line in (REPOSITORY / path).read_text().splitlines()]
    return {re.sub(r"\[.*\]", "", line).lower() for line in lines if "==" in line}


def test_laptop_has_what_mwaa_installs() -> None:
    assert pins("requirements.txt") <= pins("infra/local/requirements-airflow.lock")


@pytest.mark.parametrize(
    "stem",
    [
        "infra/local/requirements-airflow",
        "infra/local/requirements-emulator",
        "tests/bench/requirements-peers",
    ],
)
def test_lock_has_what_was_asked_for_and_no_address(stem: str) -> None:
    lock = f"{stem}.lock"
    assert pins(f"{stem}.in") <= pins(lock)
    assert "://" not in (REPOSITORY / lock).read_text()
