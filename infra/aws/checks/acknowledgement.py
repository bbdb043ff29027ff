"""Findings that stay, and the comparison with those that are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.aws.checks.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """Why findings stay.

    It covers each detail of each rule at each resource, and nothing else: there are no wildcards,
    so that no new resource comes under an old reason. In resources and details, {environment}
    is replaced by the environment's name.

    Attributes:
        rules: such as AwsSolutions-IAM5; several that ask for the same thing.
        stack: last part of the stack's name, such as platform.
        resources: paths of the constructs below their stack.
        details: which findings of a rule that has many at one resource.
        environments: where it is found; in all of them when None.
        optional: the resources are made in environments that ask for them, so that the reason
            waits for its finding.
        reason: what makes it right, in a sentence for who reviews security.
    """

    rules: tuple[str, ...]
    stack: str
    resources: tuple[str, ...]
    details: tuple[str, ...] = ("",)
    environments: tuple[str, ...] | None = None
    optional: bool = False
    reason: str

    def findings(self, environment: str) -> list[Finding]:
        """Return all that it covers in an environment."""
        if self.environments is not None and environment not in self.environments:
            return []
        return [
            Finding(
                self.stack,
                resource.replace("{environment}", environment),
                rule,
                detail.replace("{environment}", environment),
            )
            for rule in self.rules
            for resource in self.resources
            for detail in self.details
        ]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What keeps an environment from passing its checks.

    Attributes:
        unexplained: found, with no reason.
        stale: with a reason, but not found.
    """

    unexplained: list[Finding]
    stale: list[Finding]


def compare(
    found: AbstractSet[Finding], acknowledgements: Iterable[Acknowledgement], environment: str
) -> Difference:
    """Hold the findings of an environment against the reasons."""
    given = list(acknowledgements)
    explained = {finding for each in given for finding in each.findings(environment)}
    return Difference(
        unexplained=sorted(found - explained),
        stale=sorted(set(lasting(given, environment)) - found),
    )


def lasting(acknowledgements: Iterable[Acknowledgement], environment: str) -> list[Finding]:
    """Return the findings of an environment that depend on no optional resource."""
    return [
        finding
        for given in acknowledgements
        if not given.optional
        for finding in given.findings(environment)
    ]
