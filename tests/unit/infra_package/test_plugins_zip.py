"""Archives of plugins that MWAA unpacks as they are meant, and others."""

from __future__ import annotations

import re
import stat
import zipfile
from typing import TYPE_CHECKING

import pytest

from infra.package import plugins_zip
from infra.package.build import zip_bytes
from infra.package.errors import PackageError
from tests.unit.infra_package.checkouts import contents

if TYPE_CHECKING:
    from pathlib import Path

FILES = {".airflowignore": b"page/\n", "page/static/page.js": b"1", "plugin.py": b""}


def written(folder: Path, files: dict[str, bytes]) -> Path:
    archive = folder / "plugins.zip"
    archive.write_bytes(zip_bytes(files))
    return archive


def test_archive_is_unpacked_as_it_is(tmp_path: Path) -> None:
    plugins_zip.unpack_plugins(written(tmp_path, FILES), tmp_path / "plugins")
    assert contents(tmp_path / "plugins") == FILES


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("/usr/local/airflow/plugins/plugin.py", "is no relative path"),
        ("C:/plugin.py", "is no relative path"),
        ("page\\plugin.py", "is no relative path"),
        ("../dags/plugin.py", "leads out of the folder"),
        ("page/../../plugin.py", "leads out of the folder"),
        ("plugins/plugin.py", "would be unpacked to plugins/plugins"),
    ],
)
def test_file_that_would_land_elsewhere_is_refused(tmp_path: Path, name: str, fault: str) -> None:
    archive = written(tmp_path, {**FILES, name: b""})
    with pytest.raises(PackageError, match=f"^plugins.zip: {re.escape(repr(name))} {fault}$"):
        plugins_zip.unpack_plugins(archive, tmp_path / "plugins")
    assert not (tmp_path / "plugins").exists()


def test_archive_of_the_largest_size_is_taken_and_a_larger_one_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = written(tmp_path, FILES)
    size = archive.stat().st_size
    monkeypatch.setattr(plugins_zip, "MOST_BYTES", size)
    plugins_zip.unpack_plugins(archive, tmp_path / "plugins")
    monkeypatch.setattr(plugins_zip, "MOST_BYTES", size - 1)
    with pytest.raises(PackageError, match=f"{size} bytes, {size - 1} at most"):
        plugins_zip.unpack_plugins(archive, tmp_path / "plugins")


def test_archive_that_unpacks_to_more_than_the_most_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "plugins.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("plugin.py", b"#" * 10_000)
    monkeypatch.setattr(plugins_zip, "MOST_BYTES", 9_999)
    with pytest.raises(PackageError, match="10000 bytes, 9999 at most"):
        plugins_zip.unpack_plugins(archive, tmp_path / "plugins")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_everything_that_is_wrong_with_an_archive_is_told(tmp_path: Path) -> None:
    archive = tmp_path / "plugins.zip"
    link = zipfile.ZipInfo("link.py")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("twice.py", b"")
        opened.writestr("twice.py", b"1")
        opened.writestr(link, b"/etc/passwd")
    with pytest.raises(PackageError, match=r"'link.py' is a symbolic link.*'twice.py' is in it 2"):
        plugins_zip.unpack_plugins(archive, tmp_path / "plugins")


def test_archive_that_is_locked_is_refused(tmp_path: Path) -> None:
    archive = written(tmp_path, {"plugin.py": b""})
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # flags of the entry in the directory
    archive.write_bytes(content)
    with pytest.raises(PackageError, match=r"'plugin\.py' is encrypted"):
        plugins_zip.unpack_plugins(archive, tmp_path / "plugins")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda content: content.replace(b"some text", b"same text"), r"damaged at 'plugin\.py'"),
        (lambda content: content[:20], "is no archive"),
    ],
    ids=["other bytes", "cut"],
)
def test_damaged_archive_is_refused(tmp_path: Path, change: object, fault: str) -> None:
    archive = written(tmp_path, {"plugin.py": b"some text"})
    assert callable(change)
    archive.write_bytes(change(archive.read_bytes()))
    with pytest.raises(PackageError, match=fault):
        plugins_zip.unpack_plugins(archive, tmp_path / "plugins")
