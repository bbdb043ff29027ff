"""The file that a dataset is guessed from: one of somebody's own, or one of a repository."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from include.contracts.files import CsvContract
from include.contracts.github import GitHubDataset, GitHubFile
from include.core.web.client import Web
from include.errors import SluiceError
from include.pipelines.github_csv_to_postgres import GitHub
from infra.common.own_files import NOBODY
from infra.local.add_dataset.errors import UnfitError
from infra.local.stand_ins.github import GitHubStandIn
from infra.local.stand_ins.github_versions import versions_of
from infra.local.terminal import MisuseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OWNER: Final = re.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,38}")
_REPOSITORY: Final = re.compile(r"(?!\.\.?$)[A-Za-z0-9._-]{1,100}")
_SEGMENT: Final = re.compile(r"(?!\.\.?$)[^/\\\x00-\x1f\x7f]+")
_FORM: Final = "owner/repository/path/to/file.csv"
_RETRY_SECONDS: Final = 10  # somebody waits


@dataclass(frozen=True, kw_only=True)
class Origin:
    """GitHub, or a stand-in for it.

    Attributes:
        api_url, raw_url: as the pipeline's client has them.
        stand_ins: origins beyond the hosts of GitHub that may be asked.
    """

    api_url: str
    raw_url: str
    stand_ins: tuple[str, ...] = ()

    @classmethod
    def of_stand_in(cls, url: str) -> Origin:
        """A stand-in that answers at one address."""
        return cls(api_url=url, raw_url=url, stand_ins=(url,))


GITHUB: Final = Origin(
    api_url="https://api.github.com", raw_url="https://raw.githubusercontent.com"
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A file to look at.

    Attributes:
        path: where it is; its name says whether it is gzip.
        owner, repository, inside: where a run finds it.
        committed_at: since when it has been as it is, UTC, to the second.
        keep: below which folder of versions it is to be kept, so that the stand-in for GitHub
            has it; None where it has it already.
    """

    path: Path
    owner: str
    repository: str
    inside: str
    committed_at: datetime
    keep: Path | None

    @property
    def is_own(self) -> bool:
        """Whether it is in no repository."""
        return self.owner == NOBODY

    @property
    def version(self) -> Path | None:
        """The file that is to be written so that the stand-in serves it; None for no file.

        The same content is no new version.
        """
        if self.keep is None:
            return None
        content = self.path.read_bytes()
        for known in versions_of(self.keep, self.owner, self.repository, self.inside):
            if known.file.read_bytes() == content:
                return None
        name = f"{self.committed_at:%Y-%m-%dT%H%M%SZ}.csv"
        return self.keep / self.owner / self.repository / self.inside / name


def own_file(path: Path, *, name: str, keep: Path) -> Sample:
    """Take a file of somebody's own.

    Arguments:
        path: the file.
        name: the dataset's.
        keep: the folder of files that the stand-in serves beside its own.

    Raises:
        MisuseError: there is no such file.
    """
    if not path.is_file():
        what = "this is a folder: name a file in it" if path.is_dir() else "there is no such file"
        raise MisuseError(f"{path}: {what}")
    written = datetime.fromtimestamp(int(path.stat().st_mtime), tz=timezone.utc)
    return Sample(
        path=path,
        owner=NOBODY,
        repository=name,
        inside=re.sub(r"[^A-Za-z0-9._-]", "_", path.name).lstrip(".") or "file.csv",
        # A clock that goes ahead would make a version that no run finds.
        committed_at=min(written, datetime.now(timezone.utc).replace(microsecond=0)),
        keep=keep,
    )


@contextmanager
def file_of_github(
    place: str, *, folder: Path, served: Path, keep: Path, live: Origin | None
) -> Iterator[Sample]:
    """Fetch the newest version of a file, as a run would.

    Arguments:
        place: owner/repository/path.
        folder: for the file.
        served: the folder of versions that the stand-in serves.
        keep: the folder of those that it serves beside them.
        live: GitHub itself; None for a stand-in over these folders.

    Raises:
        MisuseError: the place is none.
        UnfitError: there is no such file, or no proper answer.
    """
    source = _source(place)
    try:
        if live:
            token = os.environ.get("GITHUB_TOKEN")
            yield _fetched(source, _github(live, token), folder, served=served, keep=keep)
            return
        with GitHubStandIn(served, beside=keep, quiet=True) as stand_in:
            github = _github(Origin.of_stand_in(stand_in.url), None)
            sample = _fetched(source, github, folder, served=served, keep=None)
        yield sample
    except SluiceError as error:
        hint = "" if live else f". Only what is below {served} is asked for: LIVE=1 asks GitHub"
        raise UnfitError(f"{place}: {error}{hint}") from None


def _github(origin: Origin, token: str | None) -> GitHub:
    web = Web(hosts=GitHubDataset.hosts, stand_ins=origin.stand_ins, retry_seconds=_RETRY_SECONDS)
    return GitHub(web=web, api_url=origin.api_url, raw_url=origin.raw_url, token=token)


def _source(place: str) -> GitHubFile:
    owner, _, rest = place.removeprefix("https://github.com/").partition("/")
    repository, _, path = rest.partition("/")
    whole = all(_SEGMENT.fullmatch(segment) for segment in path.split("/"))
    if not (_OWNER.fullmatch(owner) and _REPOSITORY.fullmatch(repository) and whole):
        raise MisuseError(f"{place!r} is no file of GitHub: GITHUB={_FORM}")
    return GitHubFile(
        name="sample",
        owner=owner,
        repository=repository,
        path=path,
        contract=CsvContract(columns=()),
    )


def _fetched(
    source: GitHubFile, github: GitHub, folder: Path, *, served: Path, keep: Path | None
) -> Sample:
    version = github.version_at(source, datetime.now(timezone.utc))
    fetched = github.fetch(source, version.commit, to=folder / PurePosixPath(source.path).name)
    has = versions_of(served, source.owner, source.repository, source.path)
    return Sample(
        path=fetched.path,
        owner=source.owner,
        repository=source.repository,
        inside=source.path,
        committed_at=version.committed_at,
        keep=None if has else keep,
    )
