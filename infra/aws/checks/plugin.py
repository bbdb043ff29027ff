"""The checks that every synthesis has to pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import (
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
)
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from infra.aws.checks.acknowledged import ACKNOWLEDGED
from infra.aws.checks.acknowledgement import compare
from infra.aws.checks.finding import Finding, parse
from infra.aws.checks.mwaa_logs import MwaaLogs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import IPolicyValidationContext, Stack


@jsii.implements(IPolicyValidationPlugin)
class Checks:
    """Fails the synthesis of an environment in which a finding has no reason, or a reason none.

    cdk-nag's packs are not plugins of the app themselves: CDK knows to acknowledge a finding,
    but not that an acknowledgement has outlived it.
    """

    def __init__(self, *, environment: str, stacks: Mapping[str, Stack]) -> None:
        self._environment = environment
        self._stacks = stacks

    @property
    def name(self) -> str:
        """Name of the checks in CDK's report."""
        return "Sluice"

    @property
    def version(self) -> None:
        """None: they are versioned with the app."""

    @property
    def rule_ids(self) -> None:
        """None: the packs know theirs."""

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:  # noqa: ARG002 -- CDK's interface
        """Report what is found without a reason, and what has a reason without being found."""
        found = find(self._stacks)
        difference = compare(found.keys(), ACKNOWLEDGED, self._environment)
        violations = [
            self._violation(finding, found[finding]) for finding in difference.unexplained
        ] + [
            self._violation(finding, "Acknowledged, but no longer found.")
            for finding in difference.stale
        ]
        return PolicyValidationPluginReport(success=not violations, violations=violations)

    def _violation(self, finding: Finding, description: str) -> PolicyViolation:
        root = self._stacks[finding.stack].node.path
        return PolicyViolation(
            rule_name=finding.rule,
            description=f"{description} {finding}",
            # Nothing but a reason in the table lets a finding pass.
            severity="fatal",
            violating_resources=[
                PolicyViolatingResource(
                    construct_path=f"{root}/{finding.resource}", locations=["Properties"]
                )
            ],
        )


def find(stacks: Mapping[str, Stack]) -> dict[Finding, str]:
    """Apply all rules to the constructs of stacks.

    Arguments:
        stacks: by the last part of their names.

    Returns:
        What each finding is about.
    """
    return {
        parse(name, resource.construct_path or "", violation.rule_name): violation.description
        for pack in (AwsSolutionsChecks(), NIST80053R5Checks(), MwaaLogs())
        for name, stack in stacks.items()
        for violation in pack.validate_scope(stack).violations
        for resource in violation.violating_resources
    }
