"""Names that are known before what they name exists."""

from __future__ import annotations

from aws_cdk import Aws, Fn


def own_name(part: str, *, between: str = "-") -> str:
    """Return a name that no other stack of the account gives in its region.

    Where two resources have to name each other, CloudFormation can make neither first; a name
    that it can work out by itself breaks the circle. It ends in the first eight digits of the
    stack's id: stacks fit side by side, and one made anew does not meet what another one left.

    Arguments:
        part: what is named, in lower case.
        between: what stands between its three parts.
    """
    unique = Fn.select(2, Fn.split("/", Aws.STACK_ID))
    return Fn.join(between, ["sluice", part, Fn.select(0, Fn.split("-", unique))])
