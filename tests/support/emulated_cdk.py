"""The app's stacks as far as the AWS emulator can make them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from infra.deploy.cdk import Cdk
from infra.local.aws import emulated

VERSIONS = ("PluginsVersion", "RequirementsVersion", "StartupScriptVersion")


@dataclass(frozen=True, kw_only=True)
class EmulatedCdk(Cdk):
    """The cdk command over the app's own assembly, less what the emulator cannot make.

    Of the platform that leaves its parameters and outputs: it has neither networks that MWAA
    could be in nor MWAA in its CloudFormation. The app is run once for each assembly.
    """

    def synthesize(self) -> None:
        if self.assembly.exists():
            return
        super().synthesize()
        self._change("pipelines", emulated)
        self._change("platform", self._without_platform)

    def _change(self, part: str, change: Any) -> None:
        path = self.assembly / f"sluice-{self.environment}-{part}.template.json"
        path.write_text(json.dumps(change(json.loads(path.read_text()))))

    def _without_platform(self, template: dict[str, Any]) -> dict[str, Any]:
        assert set(VERSIONS) == template["Parameters"].keys()
        assert "AirflowEnvironment" in template["Outputs"]
        given = {"Fn::Join": [" ", [{"Ref": name} for name in VERSIONS]]}
        noted = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": given}}
        return {
            "Parameters": template["Parameters"],
            "Resources": {"Noted": noted},
            "Outputs": {
                "AirflowEnvironment": {"Value": f"sluice-{self.environment}"},
                "Noted": {"Value": {"Ref": "Noted"}},
            },
        }


@dataclass(frozen=True, kw_only=True)
class ByApi(Cdk):
    """Deletes stacks without an app and its twenty seconds."""

    def synthesize(self) -> None:
        """Nothing: stacks are deleted by name."""

    def destroy(self, stack: str) -> None:
        cloudformation = self.account.client("cloudformation")
        cloudformation.delete_stack(StackName=stack)
        waiter = cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=stack, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100})
