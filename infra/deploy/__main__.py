"""Deploys an environment, takes it away, or gives it the key of an API.

`python -m infra.deploy deploy dev`, `… destroy dev`, `… secret dev --name weather_api`
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from infra.aws.environment import ENVIRONMENTS
from infra.aws.keys import key_connections
from infra.common.errors import StackError
from infra.common.paths import LOCAL, REPOSITORY
from infra.deploy import keys
from infra.deploy.account import sign_in
from infra.deploy.cdk import Cdk
from infra.deploy.deploying import Deployment, deploy
from infra.deploy.destroying import destroy
from infra.deploy.errors import DeployError
from infra.deploy.steps import report, step
from infra.deploy.typed_key import read_key

if TYPE_CHECKING:
    from infra.deploy.account import Account


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    parser.add_argument("command", choices=[*_COMMANDS])
    parser.add_argument("environment", help="one of " + ", ".join(ENVIRONMENTS))
    parser.add_argument("--account", help="number of the only account that will do")
    parser.add_argument("--package", type=Path, help="folder that was packaged before")
    parser.add_argument("--assembly", type=Path, help="folder for what the CDK app synthesizes")
    parser.add_argument("--confirm", help="what would be typed when asked")
    parser.add_argument("--secrets", help="of destroy: keep or delete, what would be typed as well")
    parser.add_argument("--name", help="of secret: the connection whose key is read")
    parser.add_argument("--remove", action="store_true", help="of secret: delete it instead")
    given = parser.parse_args(arguments)
    if given.environment not in ENVIRONMENTS:
        known = ", ".join(ENVIRONMENTS)
        parser.error(f"there is no environment {given.environment!r}: ENV is one of {known}")
    if given.secrets not in (None, "", *_SECRETS):
        parser.error(f"SECRETS is one of {', '.join(_SECRETS)}")
    if given.command == "secret" and given.name not in key_connections():
        known = ", ".join(key_connections())
        parser.error(f"no dataset declares the key {given.name!r}: NAME is one of {known}")
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


def _deploy(given: argparse.Namespace, account: Account) -> None:
    name = given.environment
    package = given.package or _package()
    question = f"Deploy this to {name} in account {account.number}, {account.region}? yes or no"
    deploy(
        Deployment(environment=name, account=account, cdk=_cdk(given, account), package=package),
        confirm=partial(confirmed, question, wanted="yes", given=given.confirm),
    )


def _destroy(given: argparse.Namespace, account: Account) -> None:
    name = given.environment
    question = f"All of this is deleted for good. Type {name} to do so"
    destroy(
        name,
        account=account,
        cdk=_cdk(given, account),
        confirm=partial(confirmed, question, wanted=name, given=given.confirm),
        confirm_keys=partial(keys_go, given),
    )


def keys_go(given: argparse.Namespace) -> bool:
    """Ask whether secrets are deleted too; who has confirmed beforehand is not asked."""
    beforehand = given.secrets or ("keep" if given.confirm is not None else None)
    question = "The secrets hold keys that were typed in. Type delete to delete them too"
    return confirmed(question, wanted="delete", given=beforehand)


def _secret(given: argparse.Namespace, account: Account) -> None:
    where = {"account": account, "environment": given.environment, "connection": given.name}
    if given.remove:
        report(keys.remove(**where))
        return
    encrypt_with = keys.key_of(account, given.environment)
    done = keys.put(**where, key=read_key(given.name), encrypt_with=encrypt_with)
    report(f"{done}; a task that starts from now on has it")


def _cdk(given: argparse.Namespace, account: Account) -> Cdk:
    assembly = given.assembly or LOCAL / "assembly" / given.environment
    return Cdk(account=account, environment=given.environment, assembly=assembly)


_COMMANDS = {"deploy": _deploy, "destroy": _destroy, "secret": _secret}
_SECRETS = ("keep", "delete")


def run(given: argparse.Namespace) -> None:
    """Do what the command line says.

    Raises:
        DeployError: says what failed and what to do.
        StackError: Airflow refused a call.
    """
    account = sign_in(wanted=given.account)
    report(
        f"{given.command} {given.environment}: account {account.number}, {account.region}, "
        f"as {account.caller}"
    )
    _COMMANDS[given.command](given, account)


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
