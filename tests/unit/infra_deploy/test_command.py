"""The command line: what is asked, what is refused, and how it ends."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from infra.common.paths import REPOSITORY
from infra.deploy import __main__ as command
from infra.deploy.errors import DeployError
from infra.deploy.stacks import Stack, check_can_change


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("dev\n", True), (" dev \n", True), ("yes\n", False), ("\n", False), ("DEV\n", False)],
)
def test_only_the_wanted_word_confirms(
    monkeypatch: pytest.MonkeyPatch, typed: str, *, meant: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert command.confirmed("Really?", wanted="dev", given=None) is meant


def test_word_that_was_given_beforehand_is_held_to_the_same() -> None:
    assert command.confirmed("Really?", wanted="dev", given="dev")
    assert not command.confirmed("Really?", wanted="dev", given="yes")


def test_without_a_terminal_the_error_says_how_to_confirm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    with pytest.raises(DeployError, match="CONFIRM=dev confirms beforehand"):
        command.confirmed("Really?", wanted="dev", given=None)


@pytest.mark.parametrize("name", ["", "staging", "DEV"])
def test_unknown_environment_is_refused_with_the_known_ones(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.parse(["deploy", name])
    assert "ENV is one of dev, prod" in capsys.readouterr().err


def test_failure_ends_with_1_and_one_line_that_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "payroll")
    assert command.main(["deploy", "dev"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("deploy: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("words", ["deploy", "destroy", "deploy ENV=staging"])
def test_make_says_which_environments_there_are(words: str) -> None:
    make = ["make", "--silent", *words.split(), "SETUP=:"]
    done = subprocess.run(make, cwd=REPOSITORY, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "ENV is one of dev, prod" in done.stderr


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("UPDATE_IN_PROGRESS", "somebody else changes it"),
        ("DELETE_IN_PROGRESS", "somebody else changes it"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name sluice-dev-platform"),
        ("ROLLBACK_FAILED", "make destroy"),
        ("DELETE_FAILED", "make destroy"),
    ],
)
def test_stack_that_cannot_be_changed_is_told_with_the_way_out(status: str, advice: str) -> None:
    with pytest.raises(DeployError, match=f"sluice-dev-platform is in {status}.*{advice}"):
        check_can_change(Stack(name="sluice-dev-platform", status=status))


@pytest.mark.parametrize(
    "status",
    ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE"],
)
def test_stack_that_cdk_can_change_passes(status: str) -> None:
    check_can_change(Stack(name="sluice-dev-platform", status=status))
    check_can_change(None)
