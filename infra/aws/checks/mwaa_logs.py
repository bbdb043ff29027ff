"""The rule that MWAA keeps every log, which cdk-nag has but no pack of its applies."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import jsii
from aws_cdk import Stack
from aws_cdk import aws_mwaa as mwaa
from cdk_nag import IApplyRule, NagMessageLevel, NagPack, NagRuleCompliance

if TYPE_CHECKING:
    from aws_cdk import CfnResource

LOGS = ("dagProcessingLogs", "schedulerLogs", "taskLogs", "webserverLogs", "workerLogs")
LEVELS = ("INFO", "DEBUG")


class MwaaLogs(NagPack):
    """MWAAAllLoggingInfo: each of the five logs is kept, at level INFO at least.

    cdk-nag's own rule of that name is TypeScript, which is not handed on to Python.
    https://github.com/cdklabs/cdk-nag/blob/main/RULES.md
    """

    def __init__(self) -> None:
        super().__init__()
        self._pack_name = "Sluice"

    @property
    def name(self) -> str:
        """Name of the pack in reports."""
        return self._pack_name

    def _check_resource(self, node: CfnResource) -> None:
        if isinstance(node, mwaa.CfnEnvironment):
            # jsii takes what can be read; the interface wants what can be set as well.
            self._apply_rule(cast("IApplyRule", _AllLogs(node)))


@jsii.implements(IApplyRule)
class _AllLogs:
    """The rule as cdk-nag takes it; jsii hands on properties, but no plain attributes."""

    def __init__(self, node: mwaa.CfnEnvironment) -> None:
        self._node = node

    @property
    def info(self) -> str:
        return "The MWAA environment does not keep all five logs at level INFO."

    @property
    def explanation(self) -> str:
        return "Without them it is not known who did what in Airflow."

    @property
    def level(self) -> NagMessageLevel:
        return NagMessageLevel.ERROR

    @property
    def node(self) -> mwaa.CfnEnvironment:
        return self._node

    @property
    def rule_suffix_override(self) -> str:
        return "MWAAAllLoggingInfo"

    def rule(self, node: CfnResource) -> NagRuleCompliance:
        assert isinstance(node, mwaa.CfnEnvironment)  # noqa: S101 -- what it was made with
        logs: dict[str, dict[str, object]] = (
            Stack.of(node).resolve(node.logging_configuration) or {}
        )
        kept = all(_is_kept(logs.get(name, {})) for name in LOGS)
        return NagRuleCompliance.COMPLIANT if kept else NagRuleCompliance.NON_COMPLIANT


def _is_kept(log: dict[str, object]) -> bool:
    return log.get("enabled") is True and log.get("logLevel") in LEVELS
