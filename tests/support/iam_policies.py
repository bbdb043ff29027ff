"""What policies allow, and how that compares with what is really asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.support.aws_calls import Right


@dataclass(frozen=True)
class Grant:
    """One action on one resource, as one statement allows or refuses it.

    Attributes:
        sid: of the statement.
        effect: Allow or Deny.
        action, resource: with wildcards, maybe.
        conditions: of the statement.
    """

    sid: str
    effect: str
    action: str
    resource: str
    conditions: Mapping[str, Mapping[str, Any]]

    def covers(self, right: Right) -> bool:
        return (
            _fits(self.action.lower(), right.action.lower())
            and _fits(self.resource, right.resource)
            and all(
                _OPERATORS[operator](right.context.get(key), _listed(wanted))
                for operator, block in self.conditions.items()
                for key, wanted in block.items()
            )
        )

    def __str__(self) -> str:
        return f"{self.sid}: {self.action} on {self.resource}"


@dataclass(frozen=True, kw_only=True)
class Idle:
    """Why something is allowed that no run asks for.

    Attributes:
        sid: of the statement.
        actions: those meant; all of the statement when empty.
        resource: how those meant end; any when empty.
        why: one sentence.
    """

    sid: str
    actions: tuple[str, ...] = ()
    resource: str = ""
    why: str

    def excuses(self, grant: Grant) -> bool:
        return (
            grant.sid == self.sid
            and (not self.actions or grant.action in self.actions)
            and grant.resource.endswith(self.resource)
        )


def grants_of(statements: Iterable[Mapping[str, Any]]) -> list[Grant]:
    """Every statement, action by action and resource by resource."""
    return [
        Grant(each["Sid"], each["Effect"], action, resource, each.get("Condition", {}))
        for each in statements
        for action in _listed(each["Action"])
        for resource in _listed(each["Resource"])
    ]


def compare(rights: Iterable[Right], grants: Iterable[Grant], idle: Iterable[Idle]) -> list[str]:
    """Hold what is asked for against what is allowed.

    Arguments:
        rights: what calls take.
        grants: what policies allow and refuse.
        idle: why some of it is allowed although nothing asks for it.

    Returns:
        A sentence for each right that is missing, each grant that is of no use, and each excuse
        that is not needed; in order.
    """
    rights, grants, idle = set(rights), list(grants), list(idle)
    allowing = [grant for grant in grants if grant.effect == "Allow"]
    refusing = [grant for grant in grants if grant.effect == "Deny"]
    unused = [grant for grant in allowing if not any(grant.covers(right) for right in rights)]
    found = [
        f"not allowed: {right.action} on {right.resource}"
        for right in rights
        if not any(grant.covers(right) for grant in allowing)
        or any(grant.covers(right) for grant in refusing)
    ]
    found += [
        f"never used: {grant}"
        for grant in unused
        if not any(reason.excuses(grant) for reason in idle)
    ]
    found += [
        f"excuses nothing: {reason.sid}, {reason.why}"
        for reason in idle
        if not any(reason.excuses(grant) for grant in unused)
    ]
    return sorted(found)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _fits(pattern: str, value: str) -> bool:
    """Whether a value is what a pattern of IAM means: * is any text, ? one character."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


_OPERATORS: dict[str, Callable[[str | None, list[str]], bool]] = {
    "ForAnyValue:StringEquals": lambda value, wanted: value in wanted,
    "StringEquals": lambda value, wanted: value in wanted,
    "StringLikeIfExists": lambda value, wanted: (
        value is None or any(_fits(each, value) for each in wanted)
    ),
}
