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

from infra.common import bootstrap
from infra.common.errors import SetupError
from infra.package.constraints import CONSTRAINTS, PYTHON, canonical, read_pins, without_option
from infra.package.errors import PackageError

IMAGE = Path(__file__).with_name("mwaa-image.in")
_QUIET = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_CONFIG": "1"}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What decides what is installed.

    Attributes:
        requirements: the text of the packaged requirements.txt.
        image: a requirements file of what is there before.
        constraints: the versions of all.
        python: version of the interpreter.
    """

    requirements: str
    image: Path = IMAGE
    constraints: Path = CONSTRAINTS
    python: str = PYTHON


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


def prepare(home: Path, recipe: Recipe) -> Environment:
    """Make an environment, or find it unchanged since the same recipe made it.

    Arguments:
        home: its folder; what else is in it goes.
        recipe: what it has.

    Raises:
        SetupError: the Python is not here, or a package cannot be installed.
        PackageError: what was installed is not what the constraints say.
    """
    interpreter = _interpreter(recipe.python)
    program = str(bootstrap.uv(bootstrap.best_interpreter()))
    python = home / "bin" / "python"
    digest = _digest(interpreter, recipe)
    record = home / "installed.json"
    if record.exists() and bootstrap.runs(str(python), recipe.python):
        known = Installed(**json.loads(record.read_text()))
        if known.digest == digest and _list(program, python) == {**known.image, **known.added}:
            return Environment(python=python, installed=known, fresh=False)
    if home.exists():
        shutil.rmtree(home)
    bootstrap.run([program, "venv", "--quiet", "--python", interpreter, str(home)])
    installed = _install(program, python, recipe, digest)
    record.write_text(json.dumps(asdict(installed)))
    return Environment(python=python, installed=installed, fresh=True)


def check_versions(image: dict[str, str], every: dict[str, str], given: dict[str, str]) -> None:
    """Refuse an installation that moved what the image has, or left the constraints.

    Arguments:
        image: what the image has, name to version.
        every: what is installed with the requirements.
        given: what the constraints say.

    Raises:
        PackageError: names what moved.
    """
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


def _interpreter(version: str) -> str:
    try:
        return bootstrap.best_interpreter((version,))
    except SetupError:
        raise SetupError(
            f"found no Python {version}, which MWAA has, and none is downloaded; install it so "
            f"that python{version} is a command, or with pyenv"
        ) from None


def _install(program: str, python: Path, recipe: Recipe, digest: str) -> Installed:
    install = [program, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
    under = ["--constraint", str(recipe.constraints), "--requirement"]
    requirements = python.parent.parent / "requirements.txt"
    requirements.write_text(without_option(recipe.requirements))
    started = time.monotonic()
    bootstrap.run([*install, *under, str(recipe.image)])
    image_seconds = time.monotonic() - started
    image = _list(program, python)
    started = time.monotonic()
    bootstrap.run([*install, *under, str(requirements)])
    added_seconds = time.monotonic() - started
    _pip(program, "check", "--python", str(python))
    every = _list(program, python)
    check_versions(image, every, read_pins(recipe.constraints.read_text(encoding="utf-8")))
    return Installed(
        digest=digest,
        image=image,
        added={name: version for name, version in every.items() if name not in image},
        image_seconds=round(image_seconds, 1),
        added_seconds=round(added_seconds, 1),
    )


def _list(program: str, python: Path) -> dict[str, str]:
    packages = json.loads(_pip(program, "list", "--format=json", "--python", str(python)))
    return {canonical(package["name"]): package["version"] for package in packages}


def _pip(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [program, "pip", *arguments],
        env={**os.environ, **_QUIET},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PackageError(f"uv pip {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def _digest(interpreter: str, recipe: Recipe) -> str:
    version = subprocess.run(
        [interpreter, "-VV"], capture_output=True, text=True, check=True
    ).stdout
    files = [path.read_text(encoding="utf-8") for path in (recipe.image, recipe.constraints)]
    parts = [interpreter, version, bootstrap.UV_VERSION, *files, recipe.requirements]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
