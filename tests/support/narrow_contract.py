"""Rows of covid_us_daily that wait in quarantine, since a narrower contract has refused them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import psycopg2

from include.contracts.files import RejectLimit
from include.core.aws.objects import ObjectStore
from include.datasets import covid_us_daily
from tests.support.pipeline_runs import PipelineRuns, moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.scheduled_runs import ScheduledRuns

DAG: Final = "covid_us_daily"
SINK: Final = "covid.us_daily"
AS_OF: Final = moment("2020-12-05")
MOST: Final = 100_000
"""Cases of a day that the narrow contract takes."""
WAITING: Final = "select count(*) from ops.open_reject where sink = %s"
ROWS: Final = "select date, cases from covid.us_daily where cases > %s order by date"


def narrow(runs: ScheduledRuns, folder: Path) -> PipelineRuns:
    """Runs of covid_us_daily as it was declared when it took no large numbers."""
    us, *others = covid_us_daily.DATASET.sources
    day, cases, *rest = us.contract.columns
    contract = replace(us.contract, columns=(day, replace(cases, maximum=MOST), *rest))
    running = runs.stack.running
    return PipelineRuns(
        dataset=replace(
            covid_us_daily.DATASET,
            sources=(replace(us, contract=contract), *others),
            rejects=RejectLimit(rows=1000),
        ),
        connect=lambda: psycopg2.connect(running.warehouse_uri),
        store=lake(runs),
        github_url=running.env["AIRFLOW__SLUICE__GITHUB_API_URL"],
        scratch=folder,
    )


def lake(runs: ScheduledRuns) -> ObjectStore:
    running = runs.stack.running
    return ObjectStore(
        client=runs.stack.emulator.client("s3"), bucket=running.outputs["LakeBucket"]
    )


@contextmanager
def rejected(runs: ScheduledRuns, folder: Path) -> Iterator[int]:
    """A version was loaded under the narrow contract; gives how many of its rows wait."""
    runs.forget(SINK, DAG)
    narrow(runs, folder).run(AS_OF, run_id="narrow")
    ((waiting,),) = runs.query(WAITING, SINK)
    assert waiting > 2
    assert runs.query(ROWS, MOST) == []
    yield waiting
    runs.forget(SINK, DAG)
