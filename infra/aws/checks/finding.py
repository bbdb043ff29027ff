"""One thing that a security rule finds."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A reference as cdk-nag writes it: a logical id, of which CDK has made the last eight characters.
_REFERENCE = re.compile(r"<(\w+?)[0-9A-F]{8}((?:\.\w+)*)>")


@dataclass(frozen=True, order=True)
class Finding:
    """A rule that a resource does not keep.

    Attributes:
        stack: last part of the stack's name, such as platform.
        resource: path of the construct below its stack.
        rule: such as AwsSolutions-IAM5.
        detail: which of several findings of one rule; empty where it has one alone.
    """

    stack: str
    resource: str
    rule: str
    detail: str = ""

    def __str__(self) -> str:
        """Return rule, detail and place in a line."""
        return (
            f"{self.rule}{f' {self.detail}' if self.detail else ''} at {self.stack}/{self.resource}"
        )


def parse(stack: str, path: str, rule: str) -> Finding:
    """Read what cdk-nag reports.

    Arguments:
        stack: last part of the stack's name.
        path: of the construct, which begins with the stack's own.
        rule: its id, with a detail in brackets for rules that have many.
    """
    rule_id, _, detail = rule.partition("[")
    return Finding(
        stack=stack,
        resource=path.partition("/")[2],
        rule=rule_id,
        detail=_REFERENCE.sub(r"<\1\2>", detail.removesuffix("]")),
    )
