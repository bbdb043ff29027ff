"""Deploys an environment or takes it away: `python -m infra.deploy deploy|destroy dev`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra.aws.environment import ENVIRONMENTS
from infra.common.errors import StackError
from infra.common.paths import LOCAL, REPOSITORY
from infra.deploy.account import sign_in
from infra.deploy.cdk import Cdk
from infra.deploy.deploying import Deployment, deploy
from infra.deploy.destroying import destroy
from infra.deploy.errors import DeployError
from infra.deploy.steps import report, step


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    parser.add_argument("command", choices=["deploy", "destroy"])
    parser.add_argument("environment", help="one of " + ", ".join(ENVIRONMENTS))
    parser.add_argument("--account", help="number of the only account that will do")
    parser.add_argument("--package", type=Path, help="folder that was packaged before")
    parser.add_argument("--assembly", type=Path, help="folder for what the CDK app synthesizes")
    parser.add_argument("--confirm", help="what would be typed when asked")
    given = parser.parse_args(arguments)
    if given.environment not in ENVIRONMENTS:
        known = ", ".join(ENVIRONMENTS)
        parser.error(f"there is no environment {given.environment!r}: ENV is one of {known}")
    return given


def confirmed(question: str, *, wanted: str, given: str | None) -> bool:
    """Ask, unless the answer was given already; returns whether it is the wanted one."""
    if given is None and not sys.stdin.isatty():
        raise DeployError(f"there is no terminal to ask on; CONFIRM={wanted} confirms beforehand")
    report(question)
    return (input("> ") if given is None else given).strip() == wanted


def _package() -> Path:
    """Build and verify what MWAA is given; returns its folder."""
    # The Python that make package takes: another one would have it set up anew.
    command = [os.environ.get("PYTHON", "python3"), "-m", "infra.package"]
    with step("package"):
        done = subprocess.run(command, cwd=REPOSITORY, check=False)
        if done.returncode:
            raise DeployError("the package does not hold: make package says why")
    return LOCAL / "package"


def run(given: argparse.Namespace) -> None:
    """Do what the command line says.

    Raises:
        DeployError: says what failed and what to do.
        StackError: Airflow refused a call.
    """
    name = given.environment
    account = sign_in(wanted=given.account)
    report(
        f"{given.command} {name}: account {account.number}, {account.region}, as {account.caller}"
    )
    assembly = given.assembly or LOCAL / "assembly" / name
    cdk = Cdk(account=account, environment=name, assembly=assembly)
    if given.command == "destroy":
        question = f"All of this is deleted for good. Type {name} to do so"
        confirm = partial(confirmed, question, wanted=name, given=given.confirm)
        destroy(name, account=account, cdk=cdk, confirm=confirm)
        return
    package = given.package or _package()
    question = f"Deploy this to {name} in account {account.number}, {account.region}? yes or no"
    deploy(
        Deployment(environment=name, account=account, cdk=cdk, package=package),
        confirm=partial(confirmed, question, wanted="yes", given=given.confirm),
    )


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    given = parse(arguments)
    try:
        run(given)
    except (DeployError, StackError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{given.command}: {error}\n")
        return 1
    except KeyboardInterrupt:
        again = "it can be run again at any time"
        sys.stderr.write(f"{given.command}: interrupted; {again}\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
