"""Small repositories of the shape that is packaged."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from infra.package.sources import ROOMS

REPOSITORY = Path(__file__).parents[3]

DAG = """
from airflow.sdk import dag, task

from include.numbers import ONE
from wiring.owner import OWNER


@dag(default_args={{"owner": OWNER}})
def {name}():
    @task
    def give() -> int:
        return ONE

    give()


{name}()
"""
FILES = {
    "dags/.airflowignore": "wiring/\ninclude/\n",
    "dags/first.py": DAG.format(name="first"),
    "dags/wiring/__init__.py": "",
    "dags/wiring/owner.py": 'OWNER = "somebody"\n',
    "include/__init__.py": "",
    "include/numbers.py": "ONE = 1\n",
    "include/sql/ops/count_rows.sql": "select 1\n",
    "plugins/README.md": "# Plugins\n",
    "requirements.txt": (REPOSITORY / "requirements.txt").read_text(),
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def git(folder: Path, *arguments: str) -> None:
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", "somebody"), ("EMAIL", "somebody@example.com"))
    }
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **who}
    subprocess.run(["git", "-C", str(folder), *arguments], env=os.environ | own, check=True)


def commit(folder: Path) -> Path:
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder


def copy_of_this_repository(folder: Path) -> Path:
    """What is packaged as it lies around, whether Git knows it yet or not."""
    for room in ROOMS:
        shutil.copytree(REPOSITORY / room, folder / room)
    shutil.copy(REPOSITORY / "requirements.txt", folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
