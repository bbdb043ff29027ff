"""What of the datasets is shown, known without CDK."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.contracts.charts import WHOLE, daily_chart
from include.datasets import github_datasets

if TYPE_CHECKING:
    from include.contracts.charts import Chart
    from include.contracts.github import GitHubDataset

# https://docs.aws.amazon.com/quicksight/latest/APIReference/API_SheetDefinition.html: an analysis
# has no more sheets.
_MOST_SHEETS = 20


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A table, and what it shows.

    Attributes:
        dataset: as it is declared.
        chart: as its declaration says.
    """

    dataset: GitHubDataset
    chart: Chart

    def id_after(self, prefix: str) -> str:
        """Return its id; the DAG of the dataset puts the same together.

        Arguments:
            prefix: of all ids of the environment.
        """
        return f"{prefix}-{self.dataset.name}"

    @property
    def choices(self) -> list[str]:
        """Names of texts that say which rows a person looks at, such as states.

        A code in the key has its name beside it, which is what people look for.
        """
        named = [*self.chart.groups, self.chart.label]
        return [name for name in named if name and self._type(name) == "text"]

    def adds_up(self, column: str) -> bool:
        """Whether values of several rows of a day are added; they are averaged otherwise."""
        return self._type(column) in WHOLE

    def _type(self, column: str) -> str:
        (found,) = (each.type for each in self.dataset.table.columns if each.name == column)
        return found


def charted() -> list[DataSet]:
    """Return the datasets that have something to draw, in order of name.

    Raises:
        ValueError: there are more than an analysis has sheets for.
    """
    found = [
        DataSet(dataset=dataset, chart=chart)
        for dataset in github_datasets()
        if (chart := daily_chart(dataset)) is not None
    ]
    if len(found) > _MOST_SHEETS:
        raise ValueError(f"{len(found)} datasets have a chart; an analysis of QuickSight has 20")
    return found


def secret_name(prefix: str) -> str:
    """Return the name of the secret that QuickSight logs in with.

    Airflow's own lookup of connections and variables does not lead there.

    Arguments:
        prefix: of the environment's secrets, such as sluice/dev.
    """
    return f"{prefix}/quicksight"
