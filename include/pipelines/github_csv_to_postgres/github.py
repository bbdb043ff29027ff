"""Files in public GitHub repositories, as they stood at a moment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from include.errors import NoVersionError, SourceRefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from include.contracts.github import GitHubFile
    from include.core.web.client import Download, Web

# https://docs.github.com/en/rest/about-the-rest-api/api-versions
API_VERSION = "2022-11-28"


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a file.

    Attributes:
        commit: 40 hexadecimal digits.
        committed_at: UTC, to the second.
    """

    commit: str
    committed_at: datetime


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """GitHub, or a stand-in for it.

    Attributes:
        web: a client that may fetch from the hosts of both addresses.
        api_url: https://api.github.com, or a stand-in's; no slash at the end.
        raw_url: https://raw.githubusercontent.com, or a stand-in's; no slash at the end.
        token: raises GitHub's rate limit from 60 to 5,000 requests an hour; None without one.
    """

    web: Web
    api_url: str
    raw_url: str
    token: str | None = None

    def version_at(self, source: GitHubFile, as_of: datetime) -> Version:
        """The newest version of a file that was committed at as_of or before.

        Arguments:
            source: which file.
            as_of: with a time zone; parts of a second are dropped, as commits have none.

        Raises:
            NoVersionError: the file had no version yet.
            SourceRefusedError: GitHub refused, or answered in another shape than documented.
            SourceUnavailableError: no proper answer within the retry budget.

        Source: https://docs.github.com/en/rest/commits/commits#list-commits
        """
        if as_of.tzinfo is None:
            raise ValueError("as_of needs a time zone")
        moment = as_of.astimezone(timezone.utc).replace(microsecond=0)
        until = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        place = f"{source.owner}/{source.repository} {source.path}"
        commits = self._commits(source, until)
        if commits == []:
            raise NoVersionError(
                f"{place} had no version at {until}. Choose a later as_of, or check the path"
            )
        version = _version(commits, place=place)
        # The filter is GitHub's; a later commit must not get into a load of the past.
        if version.committed_at > moment:
            raise SourceRefusedError(f"GitHub's newest commit of {place} is later than {until}")
        return version

    def fetch(self, source: GitHubFile, commit: str, *, to: Path) -> Download:
        """Download a file as a commit has it.

        Arguments:
            source: which file; no more than its contract's max_bytes are taken.
            commit: 40 hexadecimal digits.
            to: path of the file that appears when the download is whole.

        Raises:
            SourceRefusedError: refused, too large, or plainly no CSV file.
            SourceUnavailableError: no proper answer within the retry budget.
        """
        parts = (source.owner, source.repository, commit, source.path)
        address = "/".join(quote(part, safe="/") for part in parts)
        return self.web.download(
            f"{self.raw_url}/{address}",
            to=to,
            max_bytes=source.contract.max_bytes,
            headers=_authorization(self.token),
        )

    def _commits(self, source: GitHubFile, until: str) -> Any:
        owner, repository = quote(source.owner, safe=""), quote(source.repository, safe="")
        return self.web.get_json(
            f"{self.api_url}/repos/{owner}/{repository}/commits",
            params={"path": source.path, "until": until, "per_page": "1"},
            headers={
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": API_VERSION,
                **_authorization(self.token),
            },
        )


def _authorization(token: str | None) -> dict[str, str]:
    # A token pasted into a connection often brings a line feed along.
    return {"Authorization": f"Bearer {token.strip()}"} if token and token.strip() else {}


def _version(commits: Any, *, place: str) -> Version:
    try:
        commit = commits[0]["sha"]
        written = commits[0]["commit"]["committer"]["date"]
        committed_at = datetime.strptime(written, "%Y-%m-%dT%H:%M:%S%z")
    except (LookupError, TypeError, ValueError):
        raise SourceRefusedError(f"GitHub's list of commits of {place} is malformed") from None
    # It becomes part of an address and of a key: nothing but a commit's name may pass.
    if not isinstance(commit, str) or not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise SourceRefusedError(f"GitHub's list of commits of {place} holds no commit name")
    return Version(commit=commit, committed_at=committed_at.astimezone(timezone.utc))
