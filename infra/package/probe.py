"""Parses DAG files as MWAA's Airflow does, and writes what it found.

Run by path in MWAA's environment, isolated: `python -I probe.py HOME ANSWER`. HOME is laid out like
/usr/local/airflow: dags/ and plugins/. With `--checkout` HOME is a checkout, and itself on the
path. ANSWER is the file that the answer is written to, one JSON object.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = ("include", "wiring")


class Answer(TypedDict):
    """What Airflow makes of a home.

    Attributes:
        dag_ids: of all DAGs.
        import_errors: name of a DAG file to its error.
        parsed: the files that Airflow reads as DAG files.
        modules: name of a module of ours to its file.
        plugin_modules: name of a module of the plugins to its file, relative to their folder;
            of a package alone, as are the following.
        plugin_errors: name of a plugin to its error.
        answers: address of a page of a plugin, or of a file of it, to its two statuses: for who
            is not logged in, and for who is. A file that is not answered as it is has status 0.
        failed: modules of ours that cannot be imported, and why.
        missing: imports that cannot be resolved.
    """

    dag_ids: list[str]
    import_errors: dict[str, str]
    parsed: list[str]
    modules: dict[str, str]
    plugin_modules: dict[str, str]
    plugin_errors: dict[str, str]
    answers: dict[str, tuple[int, int]]
    failed: list[str]
    missing: list[str]


def parse(dags: Path) -> Answer:
    """Have Airflow read a folder of DAG files."""
    # Airflow reads its settings when it is imported first.
    from airflow.dag_processing.dagbag import BundleDagBag  # noqa: PLC0415

    bag = BundleDagBag(str(dags), bundle_path=dags, bundle_name="dags-folder")
    return {
        "dag_ids": sorted(bag.dags),
        "import_errors": {str(name): text for name, text in bag.import_errors.items()},
        "parsed": sorted(stat.file for stat in bag.dagbag_stats),
        "modules": {},
        "plugin_modules": {},
        "plugin_errors": {},
        "answers": {},
        "failed": [],
        "missing": [],
    }


def load_plugins(answer: Answer) -> None:
    """Have Airflow load the folder of plugins."""
    from airflow import plugins_manager, settings  # noqa: PLC0415 -- as above

    plugins_manager.ensure_plugins_loaded()
    folder = Path(str(settings.PLUGINS_FOLDER))
    answer["plugin_modules"] = {
        name: Path(path).relative_to(folder).as_posix()
        for name, path in sorted(loaded().items())
        if Path(path).is_relative_to(folder)
    }
    answer["plugin_errors"] = dict(plugins_manager.get_import_errors())


def ask_pages(plugins: Path) -> dict[str, tuple[int, int]]:
    """Ask the applications of all plugins for their page and files, as Airflow's server would.

    The files are those of folders that are called static.
    """
    # As above; the client is of the library that Airflow's server is made with.
    from airflow import plugins_manager  # noqa: PLC0415
    from starlette.testclient import TestClient  # noqa: PLC0415

    files = {
        f"static/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for folder in plugins.rglob("static")
        for path in folder.rglob("*")
        if path.is_file()
    }
    answers = {}
    for served in plugins_manager.get_fastapi_plugins()[0]:
        strangers, users = TestClient(served["app"]), TestClient(with_user(served["app"]))
        for name, content in {"": b"", **files}.items():
            stranger, user = strangers.get(f"/{name}"), users.get(f"/{name}")
            is_whole = not content or user.content == content
            status = user.status_code if is_whole else 0
            answers[f"{served['url_prefix']}/{name}"] = (stranger.status_code, status)
    return answers


def with_user(app: Any) -> Any:
    """An application whose requests have a user, as Airflow's middleware passes them on."""
    from airflow.api_fastapi.auth.managers.simple.user import (  # noqa: PLC0415 -- as above
        SimpleAuthManagerUser,
    )

    user = SimpleAuthManagerUser(username="somebody", role="VIEWER")

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": {"user": user}}, receive, send)

    return serve


def import_all(dags: Path) -> list[str]:
    """Import every module of ours, those too that only a running task does; returns what failed."""
    failed = []
    for path in sorted(p for room in OURS for p in (dags / room).rglob("*.py")):
        parts = path.relative_to(dags).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 -- each is reported
            failed.append(f"{name}: {type(error).__name__}: {error}")
    return failed


def missing_imports(folder: Path) -> list[str]:
    """Imports that this environment cannot resolve, those inside of functions too."""
    missing = set()
    for path in sorted(folder.rglob("*.py")):
        for name in wanted(ast.parse(path.read_bytes())):
            if not exists(name):
                missing.add(f"{path.relative_to(folder)}: {name}")
    return sorted(missing)


def wanted(tree: ast.AST) -> Iterator[str]:
    """Modules that code imports when it runs, not when types are checked."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        yield from wanted(node)


def exists(name: str) -> bool:
    """Whether a module can be found; its parents are imported for that."""
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False


def loaded() -> dict[str, str]:
    """Modules that were imported from files, name to path."""
    modules = dict(sys.modules)
    return {name: str(m.__file__) for name, m in modules.items() if getattr(m, "__file__", None)}


def main() -> None:
    """Write the answer."""
    options = argparse.ArgumentParser()
    options.add_argument("home", type=Path)
    options.add_argument("answer", type=Path)
    options.add_argument("--checkout", action="store_true")
    given = options.parse_args()
    dags = given.home / "dags"
    if given.checkout:
        sys.path.insert(0, str(given.home))
    answer = parse(dags)
    if not given.checkout:
        load_plugins(answer)
        answer["answers"] = ask_pages(given.home / "plugins")
        answer["failed"] = import_all(dags)
        answer["missing"] = missing_imports(given.home)
    answer["modules"] = {
        name: path for name, path in loaded().items() if name.split(".")[0] in OURS
    }
    given.answer.write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
