"""Questions to a person on a stack under test, and a dataset that has one decide."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.common.paths import REPOSITORY
from tests.support import covid_oracle as oracle
from tests.support.pipeline_runs import write_version
from tests.support.scheduled_runs import PATIENCE_SECONDS, ScheduledRuns
from tests.support.team_dags import FOLDER, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

QUESTIONS_DAG = "approve_shrinking"
ASKING = "covid_asking"
TABLE = "covid.us_daily"
# The module makes a DAG of each shipped dataset where it is imported; none here.
FILE = """
# Airflow reads a file as one of DAGs that has both words in it.
import sys
from dataclasses import replace

from include import datasets
from include.contracts.tables import ShrinkLimit
from include.core.statements import read_statement
from include.datasets import covid_us_daily
from include.pipelines.github_csv_to_postgres import transform

sys.path.append("{dags}")
shipped, datasets.github_datasets = datasets.github_datasets, tuple
from github_csv_to_postgres import build

datasets.github_datasets = shipped
cleaning = read_statement("github_csv_to_postgres/clean_covid_us_daily")
transform.read_statement = lambda name: cleaning
dag = build(
    replace(
        covid_us_daily.DATASET,
        name="covid_asking",
        title="A table that asks",
        sources=tuple(replace(each, owner="team") for each in covid_us_daily.DATASET.sources),
        vanished="delete",
        shrink=ShrinkLimit(rows=2, share=0.2, ask=True),
        rules=(),
    )
)
"""


def publish(root: Path, first: int) -> None:
    """Commit two versions of the source: on a day of December, and five of ten rows on the next.

    Each test has days of its own, and so other rows: Airflow asks a question once, and the archive
    knows what it was told of a moment.
    """
    header = "Date,Country/Region,Province/State,Confirmed,Recovered,Deaths\n"
    write_version(root, _ours(oracle.COMBINED), "2020-11-30T060000Z", header)
    for day, days in ((first, range(1, 11)), (first + 1, range(1, 6))):
        rows = [f"2020-11-{each:02},{first * each},1" for each in days]
        text = "\n".join(["date,cases,deaths", *rows, ""])
        write_version(root, _ours(oracle.US), f"2020-12-{day:02}T060000Z", text)


def _ours(path: str) -> str:
    """The path of a source in a repository of the team's."""
    return str(Path("team", *Path(path).parts[1:]))


def morning(day: int) -> str:
    """When a run of a day of December loads."""
    return f"2020-12-{day:02}T08:30:00Z"


@contextmanager
def asking_dag(runs: ScheduledRuns) -> Iterator[str]:
    """Have Airflow run the DAG of a dataset that has a person decide; its id.

    The file stays: it takes Airflow some time to find one again that was gone.
    """
    path, api = runs.stack.layout.root / FOLDER / f"{ASKING}.py", runs.stack.api
    path.write_text(FILE.replace("{dags}", str(REPOSITORY / "dags")))
    wait_until(lambda: api.dag(ASKING) is not None)
    api.set_paused(ASKING, paused=False)
    try:
        yield ASKING
    finally:
        api.set_paused(ASKING, paused=True)


@dataclass(frozen=True)
class RequiredActions:
    """The questions of a stack that wait for an answer.

    Attributes:
        runs: the stack.
        but: the run of a question that is left out, since it is to stay without an answer.
    """

    runs: ScheduledRuns
    but: str = ""

    def all(self) -> list[dict[str, Any]]:
        """What Airflow lists under Required Actions."""
        query = {"response_received": False, "state": "deferred"}
        path = f"/dags/{QUESTIONS_DAG}/dagRuns/~/hitlDetails"
        found = self.runs.stack.api.call("GET", path, query=query)["hitl_details"]
        return [each for each in found if each["task_instance"]["dag_run_id"] != self.but]

    def wait_for(self, run_id: str | None = None) -> tuple[str, dict[str, Any]]:
        """Wait until the question of a run is listed, or any; its run, and what is listed of it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            for each in self.all():
                asked = str(each["task_instance"]["dag_run_id"])
                if run_id in (None, asked):
                    return asked, each
            assert time.monotonic() < deadline, f"no question of {run_id}"
            time.sleep(0.5)

    def answer(self, run_id: str, option: str) -> None:
        """Choose an option, as the button in the UI does."""
        path = f"/dags/{QUESTIONS_DAG}/dagRuns/{run_id}/taskInstances/ask/-1/hitlDetails"
        body = {"chosen_options": [option], "params_input": {}}
        self.runs.stack.api.call("PATCH", path, body=body)
