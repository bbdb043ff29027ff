"""Which files of the repository belong into the package."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from infra.package.errors import PackageError

# A folder of the repository, and where its files go on MWAA below the home of Airflow.
ROOMS = {"dags": "dags", "include": "dags/include", "plugins": "plugins"}
_NO_CODE = (".md", ".pyc", ".pyo", ".orig", ".rej", "~")
_NO_CODE_FOLDERS = ("__pycache__", "tests")


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The files to package, and how they differ from the commit.

    Attributes:
        files: where a file goes, such as "dags/include/errors.py", to the file itself; sorted.
        commit: the commit that is checked out; empty without Git.
        changed: files that are packaged otherwise than that commit has them.
        left_out: files that Git does not know, and that are not packaged therefore.
    """

    files: dict[str, Path]
    commit: str = ""
    changed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def below(self, folder: str) -> dict[str, Path]:
        """The files that go below a folder, named from there."""
        prefix = f"{folder}/"
        return {
            name[len(prefix) :]: path
            for name, path in self.files.items()
            if name.startswith(prefix)
        }


def find_sources(repository: Path) -> Sources:
    """List what of a repository is packaged.

    Git says which files there are, so that what merely lies around never ships; their content is
    that of the work tree, so that what was tried is what ships. A source archive has no Git: there
    it is every file of the rooms. Documents, tests and caches stay out in both cases.

    Raises:
        PackageError: Git fails, or there is no DAG file.
    """
    if not (repository / ".git").exists():
        return Sources(files=_placed(repository, _lying_around(repository)))
    rooms = ("--", *ROOMS)
    names = _git(repository, "ls-files", "-z", *rooms).split("\0")
    found = [name for name in names if name and (repository / name).is_file()]
    lines = _git(repository, "status", "--porcelain", "-z", "-uall", "--no-renames", *rooms)
    states = [(line[:2], line[3:]) for line in lines.split("\0") if line]
    return Sources(
        files=_placed(repository, found),
        commit=_git(repository, "rev-parse", "--short=12", "HEAD").strip(),
        changed=tuple(name for state, name in states if state != "??" and _is_needed(name)),
        left_out=tuple(name for state, name in states if state == "??" and _is_needed(name)),
    )


def _placed(repository: Path, names: list[str]) -> dict[str, Path]:
    placed = {_place(name): repository / name for name in names if _is_needed(name)}
    if not any(name.startswith("dags/") and name.count("/") == 1 for name in placed):
        raise PackageError(f"there is no DAG file in {repository / 'dags'}")
    return dict(sorted(placed.items()))


def _place(name: str) -> str:
    room, _, rest = name.partition("/")
    return f"{ROOMS[room]}/{rest}"


def _is_needed(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") for part in path.parts if part != ".airflowignore")
    folders = any(part in _NO_CODE_FOLDERS for part in path.parts[:-1])
    return not (hidden or folders or name.endswith(_NO_CODE))


def _lying_around(repository: Path) -> list[str]:
    return [
        path.relative_to(repository).as_posix()
        for room in ROOMS
        for path in (repository / room).rglob("*")
        if path.is_file()
    ]


def _git(repository: Path, *arguments: str) -> str:
    # A hook that runs this has set GIT_DIR and GIT_INDEX_FILE, for another purpose.
    environment = {name: v for name, v in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments],  # noqa: S607 -- the user's git
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise PackageError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout
