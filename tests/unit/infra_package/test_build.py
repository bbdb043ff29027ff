"""The package's bytes: the same everywhere, and all that MWAA needs."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import stat
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from infra.common import bootstrap
from infra.package.build import Package, build, zip_bytes
from infra.package.probe import wanted
from tests.unit.infra_package.checkouts import REPOSITORY, contents, copy_of_this_repository, write

if TYPE_CHECKING:
    from pathlib import Path

BUILD = """
import sys
from pathlib import Path
from infra.package.build import build
for part in build(Path(sys.argv[1]), Path(sys.argv[2])).artefacts:
    print(part)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    folder = tmp_path_factory.mktemp("package")
    return build(copy_of_this_repository(folder / "checkout"), folder / "package")


def build_elsewhere(python: str, source: Path, target: Path, **settings: str) -> str:
    done = subprocess.run(
        [python, "-c", BUILD, str(source), str(target)],
        cwd=REPOSITORY,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def touched(folder: Path, mtime: int, mode: int) -> Path:
    for path in folder.rglob("*"):
        os.utime(path, (mtime, mtime))
        path.chmod(mode | stat.S_IXUSR if path.is_dir() else mode)
    return folder


def interpreters() -> list[str]:
    found = [
        c for v in bootstrap.PREFERRED for c in bootstrap.candidates(v) if bootstrap.runs(c, v)
    ]
    return [sys.executable, *found]


def test_same_files_give_the_same_bytes_whatever_times_modes_umask_locale_and_python(
    tmp_path: Path,
) -> None:
    first = touched(copy_of_this_repository(tmp_path / "first"), 1_000_000_000, 0o600)
    second = touched(copy_of_this_repository(tmp_path / "second"), 1_700_000_000, 0o755)
    told = build_elsewhere(sys.executable, first, tmp_path / "one", LC_ALL="C", TZ="UTC")
    before = os.umask(0o077)
    try:
        for python in interpreters():
            other = build_elsewhere(
                python, second, tmp_path / "two", LC_ALL="C.UTF-8", TZ="Asia/Kolkata"
            )
            assert told == other
            assert contents(tmp_path / "one") == contents(tmp_path / "two")
    finally:
        os.umask(before)


def test_archive_depends_on_names_and_content_alone() -> None:
    files = {"b/two.py": b"2" * 1000, "a.py": b"", "c.txt": "ü".encode()}
    assert zip_bytes(files) == zip_bytes(dict(reversed(files.items())))
    assert hashlib.sha256(zip_bytes(files)).hexdigest() == (
        "f996388e1c0eb2273266080d64098012acd3002c84f306c37be3d8ad9cf756a0"
    )


def test_archive_unpacks_to_what_everybody_can_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(zip_bytes({"a/b.py": b"x", "c.py": b"y"}))) as archive:
        assert archive.namelist() == ["a/b.py", "c.py"]
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        archive.extractall(tmp_path)
    assert contents(tmp_path) == {"a/b.py": b"x", "c.py": b"y"}


def test_archive_without_plugins_is_not_empty_and_a_document_does_not_change_it(
    checkout: Path, tmp_path: Path
) -> None:
    build(checkout, tmp_path / "one")
    write(checkout, {"plugins/README.md": "# Other words\n"})
    build(checkout, tmp_path / "two")
    archives = [(tmp_path / name / "plugins.zip").read_bytes() for name in ("one", "two")]
    assert archives[0] == archives[1]
    with zipfile.ZipFile(io.BytesIO(archives[0])) as archive:
        assert archive.namelist() == [".airflowignore"]


def test_package_is_exactly_what_is_uploaded(package: Package) -> None:
    names = {path.name for path in package.folder.iterdir()}
    assert names == {"dags", "plugins.zip", "requirements.txt", "startup.sh"}
    for name in ("requirements.txt", "infra/package/startup.sh"):
        packaged = package.folder / name.rpartition("/")[2]
        assert packaged.read_bytes() == (REPOSITORY / name).read_bytes()


def test_no_test_cache_or_document_is_packaged(package: Package) -> None:
    names = set(contents(package.folder / "dags"))
    suffixes = {name.rpartition(".")[2] for name in names}
    assert suffixes == {"py", "sql", "airflowignore"}
    # One declaration is of tables that are called so.
    assert [name for name in names if "test" in name.split("/")[-1]] == [
        "include/datasets/test_table.py"
    ]
    assert not [name for name in names if "__pycache__" in name]


def test_page_is_packaged_with_what_others_wrote_and_their_licence(package: Package) -> None:
    with zipfile.ZipFile(package.folder / "plugins.zip") as archive:
        names = set(archive.namelist())
    vendor = "sluice_page/static/vendor/"
    theirs = {name.removeprefix(vendor).split(".")[0] for name in names if name.startswith(vendor)}
    assert theirs
    assert {f"{vendor}{name}.LICENSE.txt" for name in theirs} <= names
    assert names >= {".airflowignore", "sluice_plugin.py", "sluice_page/static/index.html"}


def test_every_statement_is_packaged_beneath_include(package: Package) -> None:
    here, there = REPOSITORY / "include" / "sql", package.folder / "dags" / "include" / "sql"
    known = set(package.sources.below("dags/include/sql"))
    assert known
    assert {path.relative_to(there).as_posix() for path in there.rglob("*.sql")} == known
    assert {path.relative_to(here).as_posix() for path in here.rglob("*.sql")} >= known


def test_every_module_that_is_imported_from_dags_and_include_is_packaged(package: Package) -> None:
    dags = package.folder / "dags"
    modules = {".".join(p.relative_to(dags).with_suffix("").parts) for p in dags.rglob("*.py")}
    modules |= {name.removesuffix(".__init__") for name in modules}
    for path in dags.rglob("*.py"):
        ours = {
            n
            for n in wanted(ast.parse(path.read_text()))
            if n.split(".")[0] in ("include", "wiring")
        }
        assert ours <= modules, path


def test_airflow_does_not_look_for_dags_among_our_modules(package: Package) -> None:
    lines = (package.folder / "dags" / ".airflowignore").read_text().split()
    assert set(lines) >= {"wiring/", "include/"}


def test_nothing_of_an_earlier_package_remains(checkout: Path, tmp_path: Path) -> None:
    build(checkout, tmp_path / "package")
    (checkout / "include" / "numbers.py").unlink()
    build(checkout, tmp_path / "package")
    assert "dags/include/numbers.py" not in contents(tmp_path / "package")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("package")] == [
        "package"
    ]


def test_artefacts_tell_what_sha256sum_tells(package: Package) -> None:
    told = {part.name: part for part in package.artefacts}
    assert list(told) == ["dags/", "plugins.zip", "requirements.txt", "startup.sh"]
    for name in list(told)[1:]:
        content = (package.folder / name).read_bytes()
        assert told[name].size == len(content)
        assert told[name].sha256 == hashlib.sha256(content).hexdigest()
    dags = contents(package.folder / "dags")
    assert told["dags/"].files == len(dags)
    assert told["dags/"].size == sum(map(len, dags.values()))
    lines = [f"{hashlib.sha256(dags[name]).hexdigest()}  {name}\n" for name in sorted(dags)]
    assert told["dags/"].sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()
