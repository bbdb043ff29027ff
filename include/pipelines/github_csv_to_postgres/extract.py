"""The versions of a dataset's files at a moment, from GitHub into the raw archive in S3."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from include.core.failpoints import failpoint
from include.core.runs import notices
from include.pipelines.github_csv_to_postgres.github import fetch_version, version_at

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from include.contracts.github import GitHubFile
    from include.core.aws.objects import ObjectStore
    from include.core.web.client import Download, Web


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """How to reach GitHub, or a stand-in for it.

    Attributes:
        web: a client that may fetch from the dataset's hosts.
        api_url, raw_url: base addresses without a slash at the end.
        token: raises the rate limit; None without one.
    """

    web: Web
    api_url: str
    raw_url: str
    token: str | None = None


def download(
    source: GitHubFile,
    *,
    as_of: datetime,
    refetch: bool,
    github: GitHub,
    store: ObjectStore,
    folder: Path,
) -> dict[str, Any]:
    """Archive the version of a file that was newest at as_of; what is archived is not fetched.

    Arguments:
        source: which file.
        as_of: the moment.
        refetch: ask GitHub again and fetch again, whatever the archive has.
        github: where from.
        store: the bucket of the raw archive.
        folder: for the file on its way.

    Returns:
        Where the file is and what it is: source, repository, path, commit, committed_at, key,
        size (bytes), sha256, fetched (False when the archive had it).

    Raises:
        NoVersionError: the file had no version yet at as_of.
        SourceRefusedError, SourceUnavailableError: as the web client says.
    """
    version = None if refetch else _remembered_version(source, as_of, store)
    if version is None:
        version = _ask_version(source, as_of, github, store)
    commit = version["commit"]
    key = f"{_archive(source)}/{commit}/{source.path}"
    archived = None if refetch else store.head(key)
    if archived is None:
        address = f"{github.raw_url}/{source.owner}/{source.repository}/{commit}/{source.path}"
        metadata = {"committed-at": version["committed_at"], "source": address}
        fetched = _fetch(source, commit, github, folder)
        size, sha256 = fetched.size_bytes, store.put_file(key, fetched.path, metadata=metadata)
        failpoint("download.archived")
    else:
        size, sha256 = archived.size, archived.metadata["sha256"]
    return {
        "source": source.name,
        "repository": f"{source.owner}/{source.repository}",
        "path": source.path,
        **version,
        "key": key,
        "size": size,
        "sha256": sha256,
        "fetched": archived is None,
    }


def _archive(source: GitHubFile) -> str:
    return f"raw/github/{source.owner}/{source.repository}"


def _answers(source: GitHubFile) -> str:
    return f"{_archive(source)}/as_of/{source.path}/"


def _remembered_version(
    source: GitHubFile, as_of: datetime, store: ObjectStore
) -> dict[str, str] | None:
    """The answer for as_of, if an earlier answer holds it.

    A commit that was newest at a later moment was newest at every moment since it was made.
    """
    moment = notices.format_moment(as_of)
    answer = store.first_json(_answers(source), after=moment)
    if answer is None or answer["committed_at"] > moment:
        return None
    return answer


def _ask_version(
    source: GitHubFile, as_of: datetime, github: GitHub, store: ObjectStore
) -> dict[str, str]:
    found = version_at(
        github.web,
        api_url=github.api_url,
        owner=source.owner,
        repository=source.repository,
        path=source.path,
        as_of=as_of,
        token=github.token,
    )
    version = {
        "commit": found.commit,
        "committed_at": notices.format_moment(found.committed_at),
    }
    failpoint("download.resolving")
    store.put_json(f"{_answers(source)}{notices.format_moment(as_of)}.json", version)
    failpoint("download.resolved")
    return version


def _fetch(source: GitHubFile, commit: str, github: GitHub, folder: Path) -> Download:
    fetched = fetch_version(
        github.web,
        raw_url=github.raw_url,
        owner=source.owner,
        repository=source.repository,
        path=source.path,
        commit=commit,
        to=folder / PurePosixPath(source.path).name,
        max_bytes=source.contract.max_bytes,
        token=github.token,
    )
    failpoint("download.fetched")
    return fetched
