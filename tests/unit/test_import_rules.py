"""Imports go down only, and pipelines never import each other."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
MODULES = sorted(
    path
    for room in ("dags", "include", "plugins", "infra")
    for path in (REPOSITORY / room).rglob("*.py")
)

# Room to the rooms of this project that it may import.
ALLOWED = {
    "dags": {"wiring", "include"},
    "dags.wiring": {"wiring", "include"},
    "include.pipelines": {"include.core", "include.contracts", "include.errors"},
    "include.datasets": {"include.contracts", "include.errors"},
    "include.core": {"include.core", "include.contracts", "include.errors"},
    "include.contracts": {"include.contracts", "include.core.csv"},
    "include.errors": set(),
    "include.settings": set(),
    "plugins": set(),
    # Synthesis derives what it makes of datasets and pipelines from their declarations.
    "infra.aws": {"infra.aws", "include.datasets", "include.pipelines.landing"},
    "infra.common": {"infra.common"},
    "infra.deploy": {"infra.deploy", "infra.common", "infra.aws.environment"},
    "infra.package": {"infra.package", "infra.common", "include.settings"},
    "infra.local": {"infra.local", "infra.common", "infra.aws.settings"},
    "infra.local.try_file": {"infra.local", "include"},
}
OURS = ("dags", "wiring", "include", "plugins", "infra", "tests")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def room_of(path: Path) -> str:
    name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
    return max((room for room in ALLOWED if name.startswith(room)), key=len, default="include")


def own_package(path: Path) -> set[str]:
    """A pipeline may be a package; its modules may import each other."""
    package = ".".join(path.parent.relative_to(REPOSITORY).parts)
    return {package} if package.startswith("include.pipelines.") else set()


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_imports_only_rooms_below_its_own(path: Path) -> None:
    allowed = ALLOWED.get(room_of(path), set()) | own_package(path)
    ours = [name for name in imports(path) if name.split(".")[0] in OURS]
    wrong = [name for name in ours if not any(name.startswith(room) for room in allowed)]
    assert wrong == []


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.is_relative_to(REPOSITORY / "include")], ids=name_of
)
def test_plain_python_does_not_import_airflow(path: Path) -> None:
    assert [name for name in imports(path) if name.split(".")[0] == "airflow"] == []


def test_every_room_is_looked_at() -> None:
    assert {room_of(path) for path in MODULES} >= set(ALLOWED) - {"plugins"}
