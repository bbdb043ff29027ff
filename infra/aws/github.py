"""The repository whose workflows deploy."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """A repository whose workflows may deploy an environment, from its environment of that name.

    Attributes:
        repository: owner and name, such as example-org/sluice.
        provider_exists: whether the account trusts GitHub's tokens already. An account can do so
            only once, so of two environments in one account the second one says yes.
    """

    repository: str
    provider_exists: bool = False

    def __post_init__(self) -> None:
        """Refuse what would trust more than one repository.

        Raises:
            ValueError: the repository is not written owner/name.
        """
        if not re.fullmatch(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", self.repository):
            raise ValueError(f"not a repository of GitHub: {self.repository!r}")
