"""The environment that a package is tried in: made anew when anything that decides it changes."""

from __future__ import annotations

import shutil
import sys
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.common.errors import SetupError
from infra.package import environment
from infra.package.environment import Recipe, check_versions, prepare
from infra.package.errors import PackageError

if TYPE_CHECKING:
    from pathlib import Path

THIS = "{}.{}".format(*sys.version_info[:2])


def wheel(folder: Path, name: str, version: str, *needs: str) -> None:
    """Write a distribution of one empty module: https://peps.python.org/pep-0427/."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    needed = "".join(f"Requires-Dist: {need}\n" for need in needs)
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    wheels = tmp_path / "wheels"
    wheel(wheels, "engine", "1.0", "wheel_of_engine>=1")
    wheel(wheels, "wheel_of_engine", "1.0")
    wheel(wheels, "wheel_of_engine", "2.0")
    wheel(wheels, "extra", "1.0")
    wheel(wheels, "greedy", "1.0", "wheel_of_engine>=2")
    wheel(wheels, "strict", "1.0", "wheel_of_engine<2")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    image, constraints = tmp_path / "image.in", tmp_path / "constraints.txt"
    image.write_text("engine\n")
    constraints.write_text("engine==1.0\nwheel-of-engine==1.0\n")
    return Recipe(requirements="extra==1.0\n", image=image, constraints=constraints, python=THIS)


def test_environment_is_used_again_while_it_is_what_the_recipe_says(
    recipe: Recipe, tmp_path: Path
) -> None:
    home = tmp_path / "venv"
    made = prepare(home, recipe)
    assert made.fresh
    assert made.installed.image == {"engine": "1.0", "wheel-of-engine": "1.0"}
    assert made.installed.added == {"extra": "1.0"}
    again = prepare(home, recipe)
    assert not again.fresh
    assert again.installed == made.installed
    assert prepare(home, replace(recipe, requirements="extra==1.0\nengine==1.0\n")).fresh


def test_environment_that_somebody_meddled_with_is_made_anew(
    recipe: Recipe, tmp_path: Path
) -> None:
    home = tmp_path / "venv"
    made = prepare(home, recipe)
    shutil.rmtree(next(home.glob("lib/python*/site-packages/extra-1.0.dist-info")))
    assert prepare(home, recipe).fresh
    made.python.unlink()
    again = prepare(home, recipe)
    assert again.fresh
    assert again.installed.added == {"extra": "1.0"}


@pytest.mark.parametrize("part", ["requirements", "image", "constraints", "interpreter"])
def test_everything_that_decides_what_is_installed_is_in_the_digest(
    recipe: Recipe, tmp_path: Path, part: str
) -> None:
    before = environment._digest(sys.executable, recipe)
    interpreter = sys.executable
    if part == "requirements":
        recipe = replace(recipe, requirements="extra==2.0\n")
    elif part == "interpreter":
        interpreter = str(tmp_path / "python")
        (tmp_path / "python").symlink_to(sys.executable)
    else:
        getattr(recipe, part).write_text("engine==0.9\n")
    assert environment._digest(interpreter, recipe) != before


def test_requirement_that_needs_what_the_constraints_forbid_is_not_installed(
    recipe: Recipe, tmp_path: Path
) -> None:
    greedy = replace(recipe, requirements="greedy==1.0\n")
    with pytest.raises(SetupError, match="pip install"):
        prepare(tmp_path / "venv", greedy)
    assert not (tmp_path / "venv" / "installed.json").exists()


def test_requirement_that_moves_a_package_of_the_image_is_refused(
    recipe: Recipe, tmp_path: Path
) -> None:
    recipe.constraints.write_text("engine==1.0\n")
    recipe.image.write_text("engine\nwheel-of-engine==1.0\n")
    with pytest.raises(PackageError, match=r"wheel-of-engine 1\.0 became 2\.0"):
        prepare(tmp_path / "venv", replace(recipe, requirements="greedy==1.0\n"))


def test_requirement_that_breaks_a_package_of_the_image_is_refused(
    recipe: Recipe, tmp_path: Path
) -> None:
    recipe.constraints.write_text("engine==1.0\n")
    recipe.image.write_text("strict\n")
    with pytest.raises(PackageError, match=r"(?s)uv pip check: .*strict"):
        prepare(tmp_path / "venv", replace(recipe, requirements="greedy==1.0\n"))


def test_version_that_is_not_the_constraints_is_refused() -> None:
    with pytest.raises(PackageError, match=r"extra 2\.0 is not the constraints' 1\.0"):
        check_versions({}, {"extra": "2.0"}, {"extra": "1.0"})


def test_python_that_is_not_here_is_named_and_not_downloaded(
    recipe: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match=r"no Python 3\.98, which MWAA has"):
        prepare(tmp_path / "venv", replace(recipe, python="3.98"))
    assert not (tmp_path / "venv").exists()
