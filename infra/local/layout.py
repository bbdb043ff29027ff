"""Where the laptop's stack keeps its things, all of them under one folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.common.paths import LOCAL, REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

EMULATOR_ENVIRONMENT = LOCAL / "venvs" / "emulator"
COMMANDS = LOCAL / "bin"
TEMPLATE = REPOSITORY / "infra" / "aws" / "templates" / "pipelines.template.json"
SHIPPED_GITHUB = REPOSITORY / "infra" / "local" / "github"


@dataclass(frozen=True)
class Layout:
    """The folders and files of one stack.

    Attributes:
        root: the folder that everything is in; several stacks have several roots.
        source: where the stack reads from. What it keeps of one source is never mixed with
            what it keeps of another: the same file at the same moment has other content there.
    """

    root: Path
    source: str = "shipped"

    @property
    def data(self) -> Path:
        return self.root / "data" / self.source

    @property
    def postgres(self) -> Path:
        return self.data / "postgres"

    @property
    def emulator(self) -> Path:
        return self.data / "aws"

    @property
    def airflow_home(self) -> Path:
        return self.data / "airflow"

    @property
    def package(self) -> Path:
        """What would be deployed to MWAA, as workers of Celery start with it."""
        return self.data / "package"

    def worker_home(self, number: int) -> Path:
        """The folder of one worker of Celery, which is AIRFLOW_HOME to it."""
        return self.data / "workers" / str(number)

    def of_every_source(self) -> list[Layout]:
        """The same stack once for each source that it has read from."""
        return [Layout(self.root, path.name) for path in (self.root / "data").glob("*")]

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def task_logs(self) -> Path:
        """The logs of tasks that the scheduler runs itself."""
        return self.logs / "airflow"

    def worker_logs(self, number: int) -> Path:
        """The logs of tasks that one worker of Celery runs."""
        return self.logs / f"worker-{number}"

    def every_task_logs(self) -> list[Path]:
        """The folders in which the log of a task may be."""
        return [self.task_logs, *self.logs.glob("worker-*/")]

    @property
    def own_files(self) -> Path:
        """Files of people for the GitHub stand-in; they are no source's data, and outlive it."""
        return self.root / "github"

    @property
    def pictures(self) -> Path:
        """The charts of what runs have loaded."""
        return self.root / "pictures"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def running(self) -> Path:
        return self.root / "running.json"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    # The mode is set when the file is made: it is never readable by others.
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    fresh.replace(path)


def emulator_python() -> Path:
    """The Python of the environment that has the emulator and the Postgres binaries."""
    return EMULATOR_ENVIRONMENT / "bin" / "python"
