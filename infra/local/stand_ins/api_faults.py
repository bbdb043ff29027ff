"""How the answers of the stand-in for APIs go wrong, once it is told so."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

KINDS: Final = {
    "drop": "the connection is closed without an answer",
    "slow": "the answer comes a byte at a time",
    "status": "an error of the API, with the status and retry_after given",
    "html": "200, and a page for people",
    "cut": "200, and half of the JSON as if it were all",
    "short": "200, and half of the bytes that are announced",
    "extra_fields": "records have fields that they had not before",
    "missing_field": "a field is in no record",
    "wider_type": "a field has text instead of a number, or a list instead of text",
    "endless": "each page has a cursor for a next one",
}
HTML: Final = b"<!DOCTYPE html>\n<html><body><h1>Sign in to this network</h1></body></html>\n"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """How answers go wrong.

    Attributes:
        kind: one of KINDS.
        status: of the kind status.
        retry_after: seconds, the header Retry-After of that kind; none when None.
        times: how many answers; None for all until it is withdrawn.
        match: part of the request that it is for, "GET /host/path?query" without a key.
        field: of the kinds missing_field and wider_type, dots between names; None for a usual one.
        pause: of the kind slow, seconds between two bytes.
    """

    kind: str
    status: int = 500
    retry_after: int | None = None
    times: int | None = None
    match: str = ""
    field: str | None = None
    pause: float = 1.0

    @classmethod
    def of(cls, given: Any) -> Fault:
        """Read what a request says.

        Raises:
            ValueError: it is no fault.
        """
        known = {field.name for field in fields(cls)}
        if not isinstance(given, dict) or not set(given) <= known:
            raise ValueError(f"a fault is an object of {', '.join(sorted(known))}")
        fault = cls(**{"kind": "", **given})
        if fault.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        return fault


def change(record: dict[str, Any], fault: Fault, usual: str) -> None:
    """Change a record as a fault of its fields says.

    Arguments:
        record: changed in place; left as it is where it has no such field.
        fault: of any kind.
        usual: the field that is meant where the fault names none.
    """
    if fault.kind == "extra_fields":
        record["added_number"] = 1
        record["added_group"] = {"added_text": "new"}
    if fault.kind not in ("missing_field", "wider_type"):
        return
    *groups, name = (fault.field or usual).split(".")
    inside: Any = record
    for group in groups:
        inside = inside.get(group, {})
    if name in inside and fault.kind == "missing_field":
        del inside[name]
    elif name in inside:
        value = inside[name]
        inside[name] = [value] if isinstance(value, str) else f"{value} (estimated)"
