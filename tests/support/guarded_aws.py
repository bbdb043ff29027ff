"""An AWS emulator that enforces policies."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from infra.local import aws
from infra.local.layout import TEMPLATE, Layout

if TYPE_CHECKING:
    from infra.local.processes.group import Group


def start_guarded(group: Group, layout: Layout) -> tuple[aws.Emulator, dict[str, str]]:
    """Start an emulator that enforces policies, but for who has its own keys.

    Returns:
        The emulator, and the outputs of the committed template's stack in it.
    """
    template = layout.root / "template.json"
    template.write_text(json.dumps(_reachable_by_http(json.loads(TEMPLATE.read_text()))))
    os.environ["AUTH"] = "true"
    try:
        emulator = aws.start(group, layout)
    finally:
        del os.environ["AUTH"]
    return emulator, aws.deploy(emulator, template)


def _reachable_by_http(template: dict[str, Any]) -> dict[str, Any]:
    """Give the template without its refusals of plain HTTP, which is all that the emulator speaks.

    Policies that do nothing else go whole.
    """
    for resource in template["Resources"].values():
        if "PolicyDocument" in resource["Properties"]:
            document = resource["Properties"]["PolicyDocument"]
            document["Statement"] = [s for s in document["Statement"] if s["Effect"] == "Allow"]
    resources = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Properties"].get("PolicyDocument", {"Statement": [True]})["Statement"]
    }
    return {**template, "Resources": resources}
