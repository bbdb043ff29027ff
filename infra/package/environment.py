"""A Python environment as MWAA's workers have it: the image's packages, then the requirements."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.local import bootstrap
from infra.package.constraints import (
    CONSTRAINTS,
    PYTHON,
    canonical,
    read_pins,
    with_vendored_constraints,
)
from infra.package.errors import PackageError

IMAGE = Path(__file__).with_name("mwaa-image.in")
_QUIET = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_CONFIG": "1"}


@dataclass(frozen=True, kw_only=True)
class Installed:
    """What was installed, and how long that took.

    Attributes:
        digest: of all that decides what is installed.
        image: distributions of the image, name to version.
        added: those that the requirements brought on top.
        image_seconds, added_seconds: what installing them took, by uv.
    """

    digest: str
    image: dict[str, str]
    added: dict[str, str]
    image_seconds: float
    added_seconds: float


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment that is as it was installed.

    Attributes:
        python: its interpreter.
        installed: what is in it.
        fresh: it was made just now, not found as an earlier verification left it.
    """

    python: Path
    installed: Installed
    fresh: bool


def prepare(home: Path, requirements: str) -> Environment:
    """Make the environment for requirements, or find it unchanged since the same ones made it.

    Arguments:
        home: its folder; what else is in it goes.
        requirements: the text of the packaged requirements.txt.

    Raises:
        SetupError: there is no Python of MWAA's version here, or a package cannot be installed.
        PackageError: what was installed is not what the constraints say.
    """
    interpreter = _interpreter()
    program = str(bootstrap.uv(bootstrap.best_interpreter()))
    python = home / "bin" / "python"
    digest = _digest(interpreter, requirements)
    record = home / "installed.json"
    if record.exists() and bootstrap.runs(str(python), PYTHON):
        known = Installed(**json.loads(record.read_text()))
        if known.digest == digest and _freeze(program, python) == {**known.image, **known.added}:
            return Environment(python=python, installed=known, fresh=False)
    shutil.rmtree(home, ignore_errors=True)
    bootstrap.run([program, "venv", "--quiet", "--python", interpreter, str(home)])
    installed = _install(program, python, requirements, digest)
    record.write_text(json.dumps(asdict(installed)))
    return Environment(python=python, installed=installed, fresh=True)


def _interpreter() -> str:
    try:
        return bootstrap.best_interpreter((PYTHON,))
    except bootstrap.SetupError:
        raise bootstrap.SetupError(
            f"found no Python {PYTHON}, which MWAA has, and none is downloaded; install it so "
            f"that python{PYTHON} is a command, or with pyenv"
        ) from None


def _install(program: str, python: Path, requirements: str, digest: str) -> Installed:
    install = [program, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
    started = time.monotonic()
    bootstrap.run([*install, "--constraint", str(CONSTRAINTS), "--requirement", str(IMAGE)])
    between = time.monotonic()
    image = _freeze(program, python)
    given = python.parent.parent / "requirements.txt"
    given.write_text(with_vendored_constraints(requirements))
    bootstrap.run([*install, "--requirement", str(given)])
    ended = time.monotonic()
    bootstrap.run([program, "pip", "check", "--quiet", "--python", str(python)])
    every = _freeze(program, python)
    check_versions(image, every)
    return Installed(
        digest=digest,
        image=image,
        added={name: version for name, version in every.items() if name not in image},
        image_seconds=round(between - started, 1),
        added_seconds=round(ended - between, 1),
    )


def check_versions(image: dict[str, str], every: dict[str, str]) -> None:
    """Refuse an installation that moved what the image has, or left the constraints.

    Raises:
        PackageError: names what moved.
    """
    given = read_pins(CONSTRAINTS.read_text(encoding="utf-8"))
    moved = [
        f"{name} {version} became {every.get(name, 'nothing')}"
        for name, version in image.items()
        if every.get(name) != version
    ]
    moved += [
        f"{name} {version} is not the constraints' {given[name]}"
        for name, version in every.items()
        if given.get(name, version) != version
    ]
    if moved:
        raise PackageError(f"the requirements move what MWAA fixes: {', '.join(moved)}")


def _freeze(program: str, python: Path) -> dict[str, str]:
    command = [program, "pip", "list", "--format=json", "--python", str(python)]
    done = subprocess.run(  # noqa: S603 -- our own arguments
        command, env={**os.environ, **_QUIET}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PackageError(f"uv pip list: {done.stderr.strip()}")
    return {canonical(item["name"]): item["version"] for item in json.loads(done.stdout)}


def _digest(interpreter: str, requirements: str) -> str:
    version = subprocess.run(  # noqa: S603 -- the interpreter that was just found
        [interpreter, "-VV"], capture_output=True, text=True, check=True
    ).stdout
    parts = [
        interpreter,
        version,
        bootstrap.UV_VERSION,
        IMAGE.read_text(),
        CONSTRAINTS.read_text(),
        requirements,
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
