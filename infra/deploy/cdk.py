"""The cdk command, run over one cloud assembly: what was shown is what is deployed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.common.paths import LOCAL, REPOSITORY
from infra.deploy.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from infra.deploy.account import Account

BOOTSTRAP_STACK = "CDKToolkit"
_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
_TOOLS = LOCAL / "venvs" / "cdk" / "bin"
_PROGRAM = LOCAL / "cdk-cli" / "node_modules" / "aws-cdk" / "bin" / "cdk"
_QUIET = ("--ci", "--no-notices", "--no-version-reporting")


@dataclass(frozen=True, kw_only=True)
class Cdk:
    """The pinned cdk command for one environment of Sluice.

    Attributes:
        account: where it works.
        environment: what the app synthesizes.
        assembly: folder of what the app synthesized.
    """

    account: Account
    environment: str
    assembly: Path

    def synthesize(self) -> None:
        """Write the assembly.

        Raises:
            DeployError: the app failed.
        """
        self._run(
            ["synth", "--quiet", "--output", str(self.assembly)],
            ["--context", f"environment={self.environment}"],
            "the CDK app has a fault; `make synth` shows it without an account",
        )

    def has(self, stack: str) -> bool:
        """Whether the app has synthesized a stack of that name."""
        manifest = json.loads((self.assembly / "manifest.json").read_text())
        return stack in manifest["artifacts"]

    def bootstrapped(self) -> bool:
        """Whether the account has in this region what cdk deploys by."""
        ssm = self.account.client("ssm")
        try:
            ssm.get_parameter(Name=_PARAMETER)
        except ssm.exceptions.ParameterNotFound:
            return False
        return True

    def bootstrap(self) -> None:
        """Make the roles and the bucket that cdk deploys by, once for an account and region.

        Raises:
            DeployError: it failed.
        """
        place = f"aws://{self.account.number}/{self.account.region}"
        advice = "bootstrapping takes an administrator of the account, once"
        self._run(["bootstrap", place], ["--app", str(self.assembly)], advice)

    def diff(self) -> None:
        """Print what would change in all stacks.

        Raises:
            DeployError: it cannot be found out.
        """
        advice = "may these credentials assume the roles that cdk bootstrap made?"
        self._run(["diff", "--method", "template"], self._app(), advice)

    def deploy(
        self, stack: str, *, parameters: Mapping[str, str] | None = None, force: bool = False
    ) -> None:
        """Create or update one stack, without asking.

        Arguments:
            stack: its name.
            parameters: values of its parameters.
            force: have CloudFormation compare even if the template is the same as before, since
                it may read outputs of other stacks that are not.

        Raises:
            DeployError: CloudFormation took it back; its events are printed above.
        """
        given = [
            f"--parameters={stack}:{name}={value}" for name, value in (parameters or {}).items()
        ]
        asked = ["deploy", stack, "--exclusively", "--require-approval", "never"]
        shown = ["--progress", "events", *(["--force"] if force else [])]
        advice = f"the events of stack {stack} above say which resource failed, and why"
        self._run([*asked, *shown, *given], self._app(), advice)

    def destroy(self, stack: str) -> None:
        """Delete one stack, without asking.

        Raises:
            DeployError: CloudFormation could not delete all of it, or the app does not have it.
        """
        check_is_known(stack, self)
        advice = f"the events of stack {stack} above say what prevents it"
        self._run(["destroy", stack, "--exclusively", "--force"], self._app(), advice)

    def _app(self) -> list[str]:
        return ["--app", str(self.assembly)]

    def _run(self, command: list[str], more: list[str], advice: str) -> None:
        tools = {
            "PATH": f"{_TOOLS}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "AWS_REGION": self.account.region,
            "AWS_DEFAULT_REGION": self.account.region,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        }
        sys.stdout.flush()
        # The app's command in cdk.json is written for this folder.
        done = subprocess.run(
            [str(_TOOLS / "node"), str(_PROGRAM), *command, *more, *_QUIET],
            cwd=REPOSITORY / "infra" / "aws",
            env={**os.environ, **tools},
            check=False,
        )
        if done.returncode:
            raise DeployError(f"cdk {' '.join(command[:2])} ended with {done.returncode}: {advice}")


def check_is_known(stack: str, cdk: Cdk) -> None:
    """Refuse a stack that is deployed and that the app no longer has: cdk would pass it over.

    Raises:
        DeployError: says how it is deleted.
    """
    if not cdk.has(stack):
        raise DeployError(
            f"stack {stack} is there, but the environment does not ask for it any more. Others "
            f"wait for it to go: aws cloudformation delete-stack --stack-name {stack}, "
            "then start again"
        )
