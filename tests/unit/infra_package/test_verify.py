"""Packages that work as MWAA uses them, and such that do not. Airflow's own parser says which."""

from __future__ import annotations

import functools
import shutil
import sys
from pathlib import Path

import pytest

from include.settings import Settings
from infra.package import __main__ as command
from infra.package.build import build
from infra.package.environment import Recipe
from infra.package.errors import PackageError
from infra.package.verify import Verified, sluice_settings, verify
from tests.unit.infra_package.checkouts import (
    DAG,
    REPOSITORY,
    commit,
    write,
)

# The one that has what MWAA has, and that runs this.
PYTHON = Path(sys.executable)
PLUGIN = """
from airflow.plugins_manager import AirflowPlugin


class Page(AirflowPlugin):
    name = "page"
"""

PAGE = """
from airflow.api_fastapi.core_api.security import get_user
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI
from fastapi.responses import PlainTextResponse

FILES = {FILES!r}
app = FastAPI(dependencies=[{GUARD}])


@app.get("/")
def page():
    return PlainTextResponse("page")


@app.get("/static/{{name}}")
def static(name: str):
    return PlainTextResponse(FILES[name])


class Page(AirflowPlugin):
    name = "page"
    fastapi_apps = [{{"app": app, "url_prefix": "/page", "name": "page"}}]
"""


def try_out(repository: Path, scratch: Path) -> Verified:
    package = build(repository, scratch / "package")
    return verify(package.folder, repository, PYTHON, scratch / "layout")


def test_plugin_of_the_archive_is_imported(checkout: Path, tmp_path: Path) -> None:
    commit(write(checkout, {"plugins/page.py": PLUGIN}))
    verified = try_out(checkout, tmp_path)
    assert verified.dag_ids == ("first",)
    assert verified.modules == 4
    assert verified.plugins == ("page",)


def test_page_of_sluice_starts_from_the_archive_and_answers_whom_airflow_knows(
    checkout: Path, tmp_path: Path
) -> None:
    shutil.copytree(REPOSITORY / "plugins", checkout / "plugins", dirs_exist_ok=True)
    verified = try_out(commit(checkout), tmp_path)
    assert verified.plugins == ("sluice_plugin",)
    static = REPOSITORY / "plugins" / "sluice_page" / "static"
    files = [path for path in static.rglob("*") if path.is_file() and path.suffix != ".md"]
    assert verified.answers == 1 + len(files)


@pytest.mark.parametrize(
    ("served", "guarded", "fault"),
    [
        ("as it is", "", "/page/ answers 200 and 200"),
        ("as it is not", "Depends(get_user)", "/page/static/some.js answers 401 and 0"),
    ],
)
def test_page_that_answers_strangers_or_not_all_of_its_files_is_told(
    checkout: Path, tmp_path: Path, served: str, guarded: str, fault: str
) -> None:
    page = PAGE.format(FILES={"some.js": served}, GUARD=guarded)
    files = {"plugins/page.py": page, "plugins/page_files/static/some.js": "as it is"}
    with pytest.raises(PackageError, match=fault):
        try_out(commit(write(checkout, files)), tmp_path)


def test_everything_that_is_wrong_with_a_package_is_told(checkout: Path, tmp_path: Path) -> None:
    commit(
        write(
            checkout,
            {
                "include/late.py": "def late():\n    import some_library_that_mwaa_lacks\n",
                "include/eager.py": "import another_library_that_mwaa_lacks\n",
                "plugins/broken.py": "1 / 0\n",
                "plugins/wiring/__init__.py": "",
                "plugins/wiring/owner.py": 'OWNER = "somebody else"\n',
                "dags/.airflowignore": "wiring/\n",
            },
        )
    )
    # Git does not know these, so that they are there and yet not in the package.
    write(
        checkout,
        {
            "include/forgotten.py": "TWO = 2\n",
            "dags/second.py": DAG.format(name="second"),
        },
    )
    first = checkout / "dags" / "first.py"
    first.write_text(f"import include.forgotten\n{first.read_text()}")
    with pytest.raises(PackageError) as caught:
        try_out(checkout, tmp_path)
    told = str(caught.value)
    for fault in (
        "first.py does not parse: ModuleNotFoundError: No module named 'include.forgotten'",
        "broken.py does not parse: division by zero",
        "include.eager: ModuleNotFoundError",
        "nor on MWAA: dags/include/late.py: some_library_that_mwaa_lacks",
        "its DAGs are [], not ['first', 'second']",
        "include.forgotten is not in it",
        "takes wiring/owner.py for a plugin: .airflowignore",
        f"wiring.owner comes from {tmp_path}/layout/airflow/plugins/wiring/owner.py",
    ):
        assert fault in told


def test_repository_whose_own_dags_fail_is_told(checkout: Path, tmp_path: Path) -> None:
    write(checkout, {"dags/first.py": "from airflow.sdk import dag\n1 / 0\n"})
    with pytest.raises(PackageError, match=r"(?s)repository's own DAG files fail.*ZeroDivision"):
        try_out(checkout, tmp_path)


def test_parser_that_dies_is_told_with_its_last_words(checkout: Path, tmp_path: Path) -> None:
    write(checkout, {"dags/first.py": "# airflow dag\nimport os\nprint('bye')\nos._exit(9)\n"})
    with pytest.raises(PackageError, match=r"(?s)non-zero exit status 9"):
        try_out(checkout, tmp_path)


def test_settings_without_a_default_are_given_as_mwaa_gives_them() -> None:
    given = sluice_settings()
    for name, value in vars(Settings()).items():
        assert (f"AIRFLOW__SLUICE__{name.upper()}" in given) == (value == "")


def test_package_that_cannot_be_verified_is_said_to_be_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "LOCAL", tmp_path)
    monkeypatch.setattr(command, "PACKAGE", tmp_path / "package")
    monkeypatch.setattr(command, "Recipe", functools.partial(Recipe, python="3.98"))
    with pytest.raises(SystemExit, match=r"built in .*, but not verified: found no Python 3\.98"):
        command.main()
    assert "plugins.zip" in capsys.readouterr().out
    assert (tmp_path / "package" / "plugins.zip").exists()
