"""What an environment can choose of QuickSight."""

from __future__ import annotations

import re
from dataclasses import dataclass

# https://docs.aws.amazon.com/quicksight/latest/APIReference/API_CreateGroup.html
_GROUP = re.compile(r"[A-Za-z0-9_.-]+")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


@dataclass(frozen=True, kw_only=True)
class QuickSight:
    """Who looks at the charts of an environment.

    The account's subscription to QuickSight, its users and its groups are made by hand: there is
    one of each for all environments.

    Attributes:
        authors: a group whose members change the analysis, and make analyses of their own.
        readers: a group whose members look at the dashboard; authors alone when None.
        identity_region: where the account's users of QuickSight are kept; the region that is
            deployed to when None.
    """

    authors: str
    readers: str | None = None
    identity_region: str | None = None

    def __post_init__(self) -> None:
        """Refuse what QuickSight would refuse after the rest was deployed.

        Raises:
            ValueError: names the group or the region.
        """
        for group in (self.authors, self.readers):
            if group is not None and not _GROUP.fullmatch(group):
                raise ValueError(f"not a group of QuickSight: {group!r}")
        if self.authors == self.readers:
            raise ValueError(f"{self.authors} reads as authors do: leave readers out")
        if self.identity_region is not None and not _REGION.fullmatch(self.identity_region):
            raise ValueError(f"not a region: {self.identity_region!r}")
