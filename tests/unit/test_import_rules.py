"""Imports go down only, and pipelines never import each other."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from include.datasets import all_datasets

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
    "include.core": {"include.errors"},
    "include.contracts": {"include.contracts"},
    "include.errors": set(),
    "include.settings": set(),
    "plugins": set(),
    # Synthesis derives what it makes of datasets and pipelines from their declarations.
    "infra.aws": {
        "infra.aws",
        "include.datasets",
        "include.contracts.charts",
        "include.contracts.github",
        "include.pipelines.landing",
    },
    "infra.common": {"infra.common"},
    "infra.deploy": {
        "infra.deploy",
        "infra.common",
        "infra.aws.declared_dags",
        "infra.aws.environment",
        "infra.aws.keys",
    },
    "infra.package": {"infra.package", "infra.common", "include.settings"},
    # Workers of Celery get what would be deployed.
    "infra.local": {"infra.local", "infra.common", "infra.aws.settings", "infra.package"},
    # Charts are where runs leave them for the page.
    "infra.local.pictures": {"infra.local", "infra.common", "include.core.summaries"},
    "infra.local.try_file": {"infra.local", "infra.common", "include"},
    "infra.local.add_dataset": {"infra.local", "infra.common", "include"},
}
# Room of core to the other rooms of core that it may import, each of which some module needs.
CORE = {
    "statements": set(),
    "failpoints": set(),
    "scratch": set(),
    "content": set(),
    "csv": {"content"},
    "retries": set(),
    "web": {"content", "retries"},
    "warehouse": {"statements", "failpoints"},
    "aws": {"retries"},
    "runs": {"csv", "warehouse", "aws", "statements", "failpoints"},
    "snapshot": {"csv", "statements"},
    "arrivals": {"runs", "warehouse", "aws", "statements", "failpoints"},
    "sending": {"aws", "statements"},
    "exports": {"snapshot", "statements"},
    "guess": {"csv", "snapshot", "statements"},
    "lake": {"csv", "snapshot", "runs", "statements"},
    "summaries": {"runs", "lake", "snapshot", "aws", "statements", "failpoints"},
    "trace": {"csv", "snapshot", "runs", "statements"},
}
ALLOWED |= {
    f"include.core.{room}": {
        "include.contracts",
        "include.errors",
        *(f"include.core.{one}" for one in (room, *below)),
    }
    for room, below in CORE.items()
}
OF_A_PIPELINE = ("include.contracts.github", "include.contracts.uploads")
# What one pipeline alone uses so far, and why it is core's all the same.
LAKE = [f"include.core.lake.{name}" for name in ("changes", "glue_columns", "keyed")]
SHARED = {
    "include.core.exports.records": "both sides of the stream, and others, meet in its records",
    "include.core.aws.json_lines": "lines that tasks hand over are as general as the objects",
    **dict.fromkeys(LAKE, "JSON to rows and Parquet is as general as CSV to a snapshot"),
    "include.core.snapshot.rules": "a contract of any pipeline may declare rules",
}
OURS = ("dags", "wiring", "include", "plugins", "infra", "tests")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


def is_in(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def room_of(path: Path) -> str:
    name = module_of(path)
    return max((room for room in ALLOWED if is_in(name, room)), key=len, default="include")


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
    wrong = [name for name in ours if not any(is_in(name, room) for room in allowed)]
    assert wrong == []


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.is_relative_to(REPOSITORY / "include")], ids=name_of
)
def test_plain_python_does_not_import_airflow(path: Path) -> None:
    assert [name for name in imports(path) if name.split(".")[0] == "airflow"] == []


def test_every_room_is_looked_at() -> None:
    assert {room_of(path) for path in MODULES} >= set(ALLOWED) - {"plugins"}


IN_CORE = [path for path in MODULES if is_in(module_of(path), "include.core")]


@pytest.mark.parametrize("path", IN_CORE, ids=name_of)
def test_core_names_no_pipeline_and_no_dataset(path: Path) -> None:
    stems = {each.stem for each in (REPOSITORY / "include" / "pipelines").glob("*_to_*")}
    assert len(stems) > 2
    # a dataset of one common word may be any word
    datasets = {dataset.name for dataset in all_datasets() if "_" in dataset.name}
    text = path.read_text(encoding="utf-8")
    assert [name for name in sorted(stems | datasets) if name in text] == []
    assert [name for name in imports(path) for of in OF_A_PIPELINE if is_in(name, of)] == []


def test_every_arrow_between_rooms_of_core_is_needed_and_points_down() -> None:
    used = {
        (path.relative_to(REPOSITORY).with_suffix("").parts[2], name.split(".")[2])
        for path in IN_CORE
        for name in imports(path)
        if is_in(name, "include.core")
    }
    assert {(room, below) for room, below in used if room != below} == {
        (room, below) for room, rooms in CORE.items() for below in rooms
    }
    assert [*TopologicalSorter(CORE).static_order()]


def test_module_of_core_that_one_pipeline_alone_uses_lives_with_it() -> None:
    users: dict[str, set[str]] = {module_of(path): set() for path in IN_CORE}
    for path in MODULES:
        user = module_of(path)
        owner = user.split(".")[2] if is_in(user, "include.pipelines") else user
        for name in imports(path):
            for module in {name, name.rpartition(".")[0]} & users.keys():
                users[module].add(owner)
    pipelines = {each.name for each in (REPOSITORY / "include" / "pipelines").iterdir()}
    alone = {module for module, owners in users.items() if len(owners) == 1 and owners < pipelines}
    assert sorted(alone) == sorted(SHARED)
