"""Writes the package: dags/, plugins.zip, requirements.txt and startup.sh, as MWAA reads them."""

from __future__ import annotations

import hashlib
import io
import shutil
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.package.sources import find_sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.package.sources import Sources

STARTUP_SCRIPT = Path(__file__).with_name("startup.sh")
# The earliest time that a ZIP file can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)
# `unzip` takes an archive without entries for a broken one.
_NO_PLUGINS = {".airflowignore": b"# There is no plugin yet.\n"}


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """One thing that is uploaded.

    Attributes:
        name: its key in the bucket; a folder's ends in a slash.
        files: how many files it holds.
        size: of its content, bytes.
        sha256: of its bytes; for a folder, of its files' names and digests.
    """

    name: str
    files: int
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package that was written.

    Attributes:
        folder: holds dags/, plugins.zip, requirements.txt and startup.sh.
        sources: what it was made of.
        artefacts: what it consists of, in the order of their names.
    """

    folder: Path
    sources: Sources
    artefacts: tuple[Artefact, ...]


def build(repository: Path, folder: Path) -> Package:
    """Write the package of a repository, in the place of the one that was there.

    The same files give the same bytes. Their times and permissions, the umask, the locale, the
    machine and the Python do not matter.

    Arguments:
        repository: holds dags/, include/, plugins/ and requirements.txt.
        folder: where to; replaced whole, so that nothing of an earlier package remains.

    Raises:
        PackageError: as for find_sources.
    """
    sources = find_sources(repository)
    dags = {name: path.read_bytes() for name, path in sources.below("dags").items()}
    plugins = {name: path.read_bytes() for name, path in sources.below("plugins").items()}
    plugins = plugins or _NO_PLUGINS
    files = {
        "plugins.zip": zip_bytes(plugins),
        "requirements.txt": (repository / "requirements.txt").read_bytes(),
        "startup.sh": STARTUP_SCRIPT.read_bytes(),
    }
    _write(folder, {**{f"dags/{name}": content for name, content in dags.items()}, **files})
    artefacts = (
        Artefact(name="dags/", files=len(dags), size=_size(dags), sha256=digest_of_folder(dags)),
        *(
            Artefact(
                name=name,
                files=len(plugins) if name == "plugins.zip" else 1,
                size=len(content),
                sha256=_sha256(content),
            )
            for name, content in files.items()
        ),
    )
    return Package(folder=folder, sources=sources, artefacts=artefacts)


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """An archive of files whose bytes depend on nothing but names and content.

    The files are stored, not deflated: builds of zlib differ in what they make of the same bytes.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # Unix, whose permissions follow
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, files[name])
    return target.getvalue()


def digest_of_folder(files: Mapping[str, bytes]) -> str:
    """SHA-256 of what `sha256sum` prints for each file, in the order of their names."""
    lines = [f"{_sha256(files[name])}  {name}\n" for name in sorted(files)]
    return _sha256("".join(lines).encode())


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    fresh = folder.with_name(f"{folder.name}.new")
    for old in (folder, fresh):
        if old.exists():
            shutil.rmtree(old)
    for name, content in files.items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if name == "startup.sh" else 0o644)
    for path in [fresh, *(p for p in fresh.rglob("*") if p.is_dir())]:
        path.chmod(0o755)
    fresh.replace(folder)


def _size(files: Mapping[str, bytes]) -> int:
    return sum(map(len, files.values()))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
