"""Where the files of a dataset are in a tree, and whether its name is free there."""

from __future__ import annotations

import ast
import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.local.add_dataset.declaration import SCHEMA
from infra.local.add_dataset.sql_words import WORDS
from infra.local.terminal import MisuseError

if TYPE_CHECKING:
    from pathlib import Path

    from infra.local.add_dataset.sample import Sample

_NAME: Final = re.compile("[a-z][a-z0-9_]{0,39}")
# Relations that loading, cleaning and checking make beside the dataset's own.
_RELATIONS: Final = frozenset({"cleaned", "tried", "tried_once"})


@dataclass(frozen=True)
class Places:
    """The places of one dataset.

    Attributes:
        tree: the repository.
        name: the dataset's.
    """

    tree: Path
    name: str

    @property
    def declaration(self) -> Path:
        return self.tree / "include" / "datasets" / f"{self.name}.py"

    @property
    def cleaning(self) -> Path:
        folder = self.tree / "include" / "sql" / "github_csv_to_postgres"
        return folder / f"clean_{self.name}.sql"

    @property
    def migration(self) -> Path:
        """The migration that is there, else one with the next free number."""
        folder = self.tree / "include" / "sql" / "migrations"
        there = sorted(folder.glob(f"[0-9]*_create_{self.name}.sql"))
        numbers = (int(path.name.split("_", 1)[0]) for path in folder.glob("[0-9]*_*.sql"))
        fresh = folder / f"{max(numbers, default=0) + 1:04}_create_{self.name}.sql"
        return there[0] if there else fresh

    @property
    def test(self) -> Path:
        return self.tree / "tests" / "unit" / "datasets" / f"test_{self.name}.py"

    @property
    def excerpt(self) -> Path:
        return self.test.with_name(f"{self.name}.csv")

    def shown(self, path: Path) -> str:
        """A path as people write it in this tree."""
        return str(path.relative_to(self.tree) if path.is_relative_to(self.tree) else path)


def check_name(name: str) -> None:
    """Refuse a name that no dataset may have.

    Raises:
        MisuseError: says what it is to be.
    """
    if not _NAME.fullmatch(name):
        raise MisuseError(
            f"{name!r} is no name of a dataset. Use small letters a to z, digits and underscores, "
            "a letter first, 40 at most: NAME=some_rows"
        )
    if keyword.iskeyword(name) or name in WORDS or name in _RELATIONS:
        raise MisuseError(f"{name!r} is a word of Python, of SQL or of the loader. Take another")


def check_free(places: Places, sample: Sample) -> None:
    """Refuse a name that something else has; a dataset of the same file is no such thing.

    Raises:
        MisuseError: says what has it.
    """
    name, tree = places.name, places.tree
    if places.declaration.exists():
        if _source_of(places.declaration) != (sample.owner, sample.repository, sample.inside):
            raise _taken(name, f"a dataset of another file, {places.shown(places.declaration)}")
        return
    if (tree / "dags" / f"{name}.py").exists():
        raise _taken(name, "a DAG")
    for path in (tree / "tests").rglob(f"test_{name}.py"):
        if path != places.test:
            raise _taken(name, f"{places.shown(path)}, which is named as its test would be")
    made = re.compile(rf"create table (?:if not exists )?{SCHEMA}\.{name}\b")
    for path in (tree / "include" / "sql" / "migrations").glob("*.sql"):
        if path != places.migration and made.search(path.read_text(encoding="utf-8")):
            raise _taken(name, f"a table of {places.shown(path)}")


def _taken(name: str, what: str) -> MisuseError:
    return MisuseError(f"{name!r} is taken by {what}. Take another name")


def _source_of(module: Path) -> tuple[str, ...] | None:
    """Read owner, repository and path of the one file that a module declares."""
    files = [
        {each.arg: ast.unparse(each.value) for each in node.keywords}
        for node in ast.walk(ast.parse(module.read_bytes()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "GitHubFile"
    ]
    if len(files) != 1:
        return None
    words = [files[0].get(name, "None") for name in ("owner", "repository", "path")]
    try:
        return tuple(ast.literal_eval(word) for word in words)
    except ValueError:
        return None
