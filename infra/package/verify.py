"""Tries a package out the way MWAA uses it: laid out alone, parsed by Airflow itself."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from include.settings import Settings
from infra.package.errors import PackageError
from infra.package.plugins_zip import unpack_plugins

if TYPE_CHECKING:
    from infra.package.probe import Answer

PROBE = Path(__file__).with_name("probe.py")
# Of HTTP: what an address answers to who is not logged in, and to who is.
AS_IT_SHOULD = (401, 200)
# Seconds; reading all DAG files takes three.
PATIENCE = 300


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What a package holds, as Airflow sees it.

    Attributes:
        dag_ids: the DAGs, sorted.
        modules: how many modules of include and wiring were imported, all from the package.
        plugins: the modules of plugins.zip that Airflow imported.
        answers: how many addresses of the plugins' pages answered.
    """

    dag_ids: tuple[str, ...]
    modules: int
    plugins: tuple[str, ...]
    answers: int


def verify(package: Path, repository: Path, python: Path, scratch: Path) -> Verified:
    """Parse a package with Airflow as MWAA does, and hold it to the repository.

    Arguments:
        package: the folder that build wrote.
        repository: what it was built of; its DAGs are those that are expected.
        python: has what MWAA has.
        scratch: a folder to lay it out in; emptied first. It must not be below a folder that
            Python finds modules in.

    Raises:
        PackageError: says everything that is wrong with the package.
    """
    if scratch.exists():
        shutil.rmtree(scratch)
    home = scratch / "airflow"
    lay_out(package, home)
    expected = _ask(python, repository, scratch / "checkout", "--checkout")
    if expected["import_errors"]:
        raise PackageError(f"the repository's own DAG files fail: {expected['import_errors']}")
    found = _ask(python, home, scratch / "package")
    wrong = _faults(found, expected, home)
    if wrong:
        raise PackageError("the package does not work as MWAA uses it:\n  " + "\n  ".join(wrong))
    return Verified(
        dag_ids=tuple(found["dag_ids"]),
        modules=len(found["modules"]),
        plugins=tuple(found["plugin_modules"]),
        answers=len(found["answers"]),
    )


def lay_out(package: Path, home: Path) -> None:
    """Put a package where MWAA puts it: home is /usr/local/airflow there.

    Raises:
        PackageError: MWAA could not unpack its plugins.
    """
    shutil.copytree(package / "dags", home / "dags")
    unpack_plugins(package / "plugins.zip", home / "plugins")


def sluice_settings() -> dict[str, str]:
    """A value for every setting that has no default, as airflow_configuration_options give them."""
    queue = "https://sqs.eu-west-1.amazonaws.com/111122223333"
    names = [field.name for field in dataclasses.fields(Settings) if field.default == ""]
    return {
        f"AIRFLOW__SLUICE__{name.upper()}": f"{queue}/{name}" if name.endswith("_url") else name
        for name in names
    }


def _ask(python: Path, home: Path, airflow_home: Path, *options: str) -> Answer:
    airflow_home.mkdir(parents=True)
    answer = airflow_home / "answer.json"
    environment = {
        "PATH": f"{python.parent}{os.pathsep}{os.defpath}",
        "HOME": str(airflow_home),
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AWS_DEFAULT_REGION": "eu-west-1",
        **sluice_settings(),
    }
    command = [str(python), "-I", "-B", str(PROBE), str(home), str(answer), *options]
    try:
        subprocess.run(
            command,
            cwd=airflow_home,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=True,
        )
    except subprocess.SubprocessError as error:
        output = (getattr(error, "output", None) or b"").decode(errors="replace")
        raise PackageError(f"parsing {home}: {error}\n{output[-2000:]}") from None
    found: Answer = json.loads(answer.read_text())
    return found


def _faults(found: Answer, expected: Answer, home: Path) -> list[str]:
    faults = [f"{name} does not parse: {_last(text)}" for name, text in _errors(found)]
    faults += [f"cannot be imported: {text}" for text in found["failed"]]
    faults += [f"imports what is neither in the package nor on MWAA: {n}" for n in found["missing"]]
    if found["dag_ids"] != expected["dag_ids"]:
        faults.append(f"its DAGs are {found['dag_ids']}, not {expected['dag_ids']}")
    if found["parsed"] != expected["parsed"]:
        faults.append(f"Airflow reads {found['parsed']} as DAG files, not {expected['parsed']}")
    faults += [
        f"{name} comes from {path}"
        for name, path in found["modules"].items()
        if not Path(path).is_relative_to(home / "dags")
    ]
    # Airflow names a module by its file alone when it takes it for a plugin.
    faults += [
        f"Airflow takes {path} for a plugin: .airflowignore of the plugins has to name its folder"
        for name, path in found["plugin_modules"].items()
        if path not in (f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py")
    ]
    faults += [
        f"{url} answers {' and '.join(map(str, answered))} to who is not and who is logged in, "
        f"not {' and '.join(map(str, AS_IT_SHOULD))}"
        for url, answered in found["answers"].items()
        if tuple(answered) != AS_IT_SHOULD
    ]
    lost = sorted(set(expected["modules"]) - set(found["modules"]))
    return faults + [f"{name} is not in it" for name in lost]


def _errors(found: Answer) -> list[tuple[str, str]]:
    return [*found["import_errors"].items(), *found["plugin_errors"].items()]


def _last(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "no reason given"
