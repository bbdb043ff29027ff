"""One thing that a security rule finds."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Eight characters at the end of a logical id, which CDK makes of the construct's path.
_DIGEST = r"[0-9A-F]{8}"
_REFERENCE = re.compile(rf"<(\w+?){_DIGEST}((?:\.\w+)*)>")
_PEER = re.compile(rf"(?<=\w){_DIGEST}(?=:)")
_OUTPUT = re.compile(
    r'\{"Fn::GetStackOutput":\{"StackName":"([\w-]+)","OutputName":"(\w+)"\}\}',
)


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
    """Read what cdk-nag reports, and write references the way that people read them.

    Arguments:
        stack: last part of the stack's name.
        path: of the construct, which begins with the stack's own.
        rule: its id, with a detail in brackets for rules that have many.
    """
    rule_id, _, detail = rule.partition("[")
    detail = _OUTPUT.sub(r"<\1.\2>", _REFERENCE.sub(r"<\1\2>", detail.removesuffix("]")))
    return Finding(
        stack=stack,
        resource=_PEER.sub("", path.partition("/")[2]),
        rule=rule_id,
        detail=detail,
    )
