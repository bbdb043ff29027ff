"""What people may do with things of QuickSight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from aws_cdk import Aws

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.aws.charts.choices import QuickSight

P = TypeVar("P")

# QuickSight takes its own sets of actions alone. It gives the people of its console the same:
# https://docs.aws.amazon.com/quicksight/latest/developerguide/share-assets-api.html
_ACTIONS = {
    "use a source": ("DescribeDataSource", "DescribeDataSourcePermissions", "PassDataSource"),
    "use a data set": (
        "DescribeDataSet",
        "DescribeDataSetPermissions",
        "DescribeIngestion",
        "ListIngestions",
        "PassDataSet",
    ),
    "change an analysis": (
        "DeleteAnalysis",
        "DescribeAnalysis",
        "DescribeAnalysisPermissions",
        "QueryAnalysis",
        "RestoreAnalysis",
        "UpdateAnalysis",
        "UpdateAnalysisPermissions",
    ),
    "look at a dashboard": ("DescribeDashboard", "ListDashboardVersions", "QueryDashboard"),
}
_FOR_READERS = "look at a dashboard"


@dataclass(frozen=True)
class People:
    """The groups that an environment names.

    Attributes:
        chosen: their names, and where they are.
    """

    chosen: QuickSight

    def may(self, permission: Callable[..., P], what: str) -> list[P]:
        """Return permissions of one thing, one for each group that has any.

        Arguments:
            permission: makes one from principal and actions.
            what: a key of the table above.
        """
        readers = self.chosen.readers if what == _FOR_READERS else None
        groups = filter(None, (self.chosen.authors, readers))
        actions = [f"quicksight:{action}" for action in _ACTIONS[what]]
        return [permission(principal=self._arn(group), actions=actions) for group in groups]

    def _arn(self, group: str) -> str:
        region = self.chosen.identity_region or Aws.REGION
        return f"arn:{Aws.PARTITION}:quicksight:{region}:{Aws.ACCOUNT_ID}:group/default/{group}"
