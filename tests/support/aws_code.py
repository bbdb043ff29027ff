"""Calls to AWS as they stand in code, whether a run comes by them or not."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.session
from botocore import xform_name

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
SERVICES = (
    "athena",
    "cloudwatch",
    "dynamodb",
    "events",
    "glue",
    "kinesis",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
)

OF_HOOKS = {"get_session"}  # methods of Airflow's hooks that clients have as well


def code_of(*folders: str) -> list[ast.Module]:
    """Every Python file below folders of the repository."""
    paths = [path for folder in folders for path in (ROOT / folder).glob("**/*.py")]
    assert paths
    return [ast.parse(path.read_text("utf-8")) for path in paths]


def operations_in(code: Iterable[ast.Module]) -> list[set[str]]:
    """For each word of the code that is a client's method, the operations that it may mean.

    Arguments:
        code: what is looked through: methods that are called, and texts that calls are given, such
            as a paginator's.
    """
    known = _methods()
    words = set().union(*map(_words, code))
    return [known[word] for word in sorted((words & known.keys()) - OF_HOOKS)]


def hooks_in(code: Iterable[ast.Module]) -> set[str]:
    """Names of the hooks of Airflow that the code imports."""
    imports = (node for tree in code for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    names = {alias.name for node in imports for alias in node.names}
    return {name for name in names if name.endswith("Hook")}


def _methods() -> dict[str, set[str]]:
    """Operations of all services by the name of the client's method."""
    session, found = botocore.session.get_session(), defaultdict(set)
    for service in SERVICES:
        for operation in session.get_service_model(service).operation_names:
            found[xform_name(operation)].add(f"{service}:{operation}")
    return found


def _words(tree: ast.Module) -> set[str]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [each.value for call in calls for each in call.args if isinstance(each, ast.Constant)]
    # A method may also be handed to what calls it.
    named = [each for call in calls for each in (call.func, *call.args)]
    methods = {each.attr for each in named if isinstance(each, ast.Attribute)}
    return methods | {text for text in given if isinstance(text, str)}
