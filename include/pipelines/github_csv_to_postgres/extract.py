"""The versions of a dataset's files at a moment, from GitHub into the raw archive in S3."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, cast

from include.core.failpoints import failpoint
from include.core.runs.notices import format_moment
from include.pipelines.github_csv_to_postgres.task_values import ArchivedFile, FileVersion

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from include.contracts.github import GitHubFile
    from include.core.aws.objects import ObjectStore
    from include.pipelines.github_csv_to_postgres.github import GitHub


def download(
    source: GitHubFile,
    *,
    as_of: datetime,
    refetch: bool,
    github: GitHub,
    store: ObjectStore,
    folder: Path,
) -> ArchivedFile:
    """Archive the version of a file that was newest at as_of; what is archived is not fetched.

    Arguments:
        source: which file.
        as_of: the moment.
        refetch: ask GitHub again and fetch again, even what the archive has.
        github: where from.
        store: the bucket of the raw archive.
        folder: for the file on its way.

    Raises:
        NoVersionError: the file had no version yet at as_of.
        SourceRefusedError, SourceUnavailableError: as the web client says.
    """
    version = None if refetch else _remembered_version(source, as_of, store)
    if version is None:
        version = _ask_version(source, as_of, github, store)
    key = f"{_archive(source)}/{version['commit']}/{source.path}"
    archived = None if refetch else store.head(key)
    if archived is None:
        size, sha256 = _fetch(source, version, key, github, store, folder)
    else:
        size, sha256 = archived.size, archived.metadata["sha256"]
    return ArchivedFile(
        source=source.name,
        repository=f"{source.owner}/{source.repository}",
        path=source.path,
        commit=version["commit"],
        committed_at=version["committed_at"],
        key=key,
        size=size,
        sha256=sha256,
        fetched=archived is None,
    )


def _archive(source: GitHubFile) -> str:
    return f"raw/github/{source.owner}/{source.repository}"


def _answers(source: GitHubFile) -> str:
    return f"{_archive(source)}/as_of/{source.path}/"


def _remembered_version(
    source: GitHubFile, as_of: datetime, store: ObjectStore
) -> FileVersion | None:
    """The answer for as_of, if an earlier answer holds it.

    A commit that was newest at a later moment was newest at every moment since it was made.
    """
    moment = format_moment(as_of)
    answer = store.first_json(_answers(source), after=moment)
    # Moments in ISO 8601 and UTC compare as text.
    if answer is None or answer["committed_at"] > moment:
        return None
    return cast("FileVersion", answer)


def _ask_version(
    source: GitHubFile, as_of: datetime, github: GitHub, store: ObjectStore
) -> FileVersion:
    found = github.version_at(source, as_of)
    version = FileVersion(commit=found.commit, committed_at=format_moment(found.committed_at))
    # Remembered before the file is there: any later run asks for the same version.
    failpoint("download.resolving")
    store.put_json(f"{_answers(source)}{format_moment(as_of)}.json", version)
    failpoint("download.resolved")
    return version


def _fetch(
    source: GitHubFile,
    version: FileVersion,
    key: str,
    github: GitHub,
    store: ObjectStore,
    folder: Path,
) -> tuple[int, str]:
    """Fetch a file into the archive; returns its bytes and SHA-256."""
    commit = version["commit"]
    fetched = github.fetch(source, commit, to=folder / PurePosixPath(source.path).name)
    failpoint("download.fetched")
    address = f"{github.raw_url}/{source.owner}/{source.repository}/{commit}/{source.path}"
    metadata = {"committed-at": version["committed_at"], "source": address}
    sha256 = store.put_file(key, fetched.path, metadata=metadata)
    failpoint("download.archived")
    return fetched.size_bytes, sha256
