"""Which files are packaged, with Git and without."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from infra.package.errors import PackageError
from infra.package.sources import find_sources
from tests.unit.infra_package.checkouts import FILES, git, write

if TYPE_CHECKING:
    from pathlib import Path

PACKAGED = {
    "dags/.airflowignore",
    "dags/first.py",
    "dags/wiring/__init__.py",
    "dags/wiring/owner.py",
    "dags/include/__init__.py",
    "dags/include/numbers.py",
    "dags/include/sql/ops/count_rows.sql",
}


def test_include_goes_beneath_dags_and_documents_stay_out(checkout: Path) -> None:
    assert set(find_sources(checkout).files) == PACKAGED


def test_clean_checkout_has_a_commit_and_nothing_to_tell(checkout: Path) -> None:
    sources = find_sources(checkout)
    assert len(sources.commit) == 12
    assert sources.changed == sources.left_out == ()


def test_file_that_git_does_not_know_is_left_out_and_told(checkout: Path) -> None:
    write(checkout, {"dags/stray.py": "", "include/notes.md": "", "dags/__pycache__/x.pyc": ""})
    sources = find_sources(checkout)
    assert set(sources.files) == PACKAGED
    assert sources.left_out == ("dags/stray.py",)


def test_file_that_is_added_is_packaged_before_it_is_committed(checkout: Path) -> None:
    write(checkout, {"dags/second.py": ""})
    git(checkout, "add", "dags/second.py")
    sources = find_sources(checkout)
    assert set(sources.files) == {*PACKAGED, "dags/second.py"}
    assert sources.changed == ("dags/second.py",)


def test_changed_file_is_packaged_as_it_stands_and_told(checkout: Path) -> None:
    write(checkout, {"include/numbers.py": "ONE = 2\n"})
    sources = find_sources(checkout)
    assert sources.files["dags/include/numbers.py"].read_text() == "ONE = 2\n"
    assert sources.changed == ("include/numbers.py",)


def test_deleted_file_is_not_packaged_and_told(checkout: Path) -> None:
    (checkout / "include" / "numbers.py").unlink()
    sources = find_sources(checkout)
    assert set(sources.files) == PACKAGED - {"dags/include/numbers.py"}
    assert sources.changed == ("include/numbers.py",)


def test_renamed_file_is_packaged_under_its_new_name(checkout: Path) -> None:
    git(checkout, "mv", "dags/first.py", "dags/zero.py")
    sources = find_sources(checkout)
    assert "dags/zero.py" in sources.files
    assert "dags/first.py" not in sources.files
    assert set(sources.changed) == {"dags/first.py", "dags/zero.py"}


def test_without_git_the_same_files_are_packaged(checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")
    write(
        checkout,
        {
            "dags/__pycache__/first.cpython-312.pyc": "",
            "include/.ruff_cache/x": "",
            "include/.DS_Store": "",
            "include/numbers.py~": "",
            "include/tests/test_numbers.py": "",
        },
    )
    sources = find_sources(checkout)
    assert set(sources.files) == PACKAGED
    assert sources.commit == ""


def test_settings_of_a_git_hook_do_not_lead_elsewhere(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert set(find_sources(checkout).files) == PACKAGED


def test_broken_git_is_no_reason_to_package_whatever_lies_around(checkout: Path) -> None:
    (checkout / ".git" / "HEAD").unlink()
    with pytest.raises(PackageError, match="git ls-files"):
        find_sources(checkout)


def test_repository_without_dags_is_refused(tmp_path: Path) -> None:
    names = [name for name in FILES if not name.startswith("dags/")]
    with pytest.raises(PackageError, match="no DAG file"):
        find_sources(write(tmp_path, {name: FILES[name] for name in names}))
