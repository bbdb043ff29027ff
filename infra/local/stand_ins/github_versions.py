"""The folder that the GitHub stand-in serves: <owner>/<repository>/<path>/<commit time>.csv."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = re.compile(r"(\d{4}-\d{2}-\d{2}T)(\d{2})(\d{2})(\d{2}Z)\.csv")


@dataclass(frozen=True, order=True)
class Version:
    """One version of one file.

    Attributes:
        committed_at: like 2020-12-01T14:10:04Z.
        path: inside the repository.
        commit: 40 hexadecimal digits, made of repository, path, time and content.
        file: where the content is.
    """

    committed_at: str
    path: str
    commit: str
    file: Path


def versions_of(root: Path, owner: str, repository: str, path: str) -> list[Version]:
    """The versions of a file, oldest first; of the whole repository when path is empty.

    Empty when there is none, and when the names lead out of the repository's folder.
    """
    folder = root / owner / repository
    inside = (folder / path).resolve()
    # Names such as ".." would lead to other folders.
    if not owner or not repository or not inside.is_relative_to(folder.resolve()):
        return []
    if not folder.resolve().is_relative_to(root.resolve()):
        return []
    files = inside.glob("*.csv") if path else inside.rglob("*.csv")
    return sorted(_version(root, owner, repository, file) for file in files if _is_version(file))


def _is_version(file: Path) -> bool:
    return file.is_file() and FILE_NAME.fullmatch(file.name) is not None


def _version(root: Path, owner: str, repository: str, file: Path) -> Version:
    path = file.parent.relative_to((root / owner / repository).resolve()).as_posix()
    committed_at = FILE_NAME.sub(r"\1\2:\3:\4", file.name)
    named = f"{owner}/{repository}/{path}@{committed_at}"
    stat = file.stat()
    return Version(committed_at, path, _commit(named, file, stat.st_mtime_ns, stat.st_size), file)


@lru_cache(maxsize=1024)
def _commit(named: str, file: Path, _modified_ns: int, _size: int) -> str:
    """Forty hexadecimal digits; time and size of the file renew the cache."""
    return hashlib.sha256(named.encode() + b"\0" + file.read_bytes()).hexdigest()[:40]
