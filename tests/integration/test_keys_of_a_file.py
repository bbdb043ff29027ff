"""Files whose keys changed their shape, or are too long, through the real pipeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts.files import RejectLimit
from include.contracts.tables import ShrinkLimit
from include.datasets import covid_us_states_daily
from include.errors import ChangedKeysError, RejectLimitError
from tests.integration.test_github_csv_to_postgres import start
from tests.support import covid_oracle as oracle
from tests.support.pipeline_runs import moment, write_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from include.contracts.github import GitHubDataset
    from tests.support.pipeline_runs import PipelineRuns

__all__ = ["start"]

STATES = {"Alabama": "01", "Iowa": "19", "Kansas": "20", "Maine": "23", "Ohio": "39"}


def without_shape(**changes: Any) -> GitHubDataset:
    """The dataset as it would be if its codes had no declared shape."""
    dataset = covid_us_states_daily.DATASET
    columns = tuple(replace(column, pattern=None) for column in covid_us_states_daily.COLUMNS)
    (source,) = dataset.sources
    contract = replace(source.contract, columns=columns)
    return replace(
        dataset,
        sources=(replace(source, contract=contract),),
        table=replace(dataset.table, columns=columns),
        **changes,
    )


def states_csv(codes: dict[str, str], *, days: int = 25) -> str:
    """A row a day and state."""
    lines = [
        f"{date(2020, 10, 1) + timedelta(days=day)},{state},{code},{day},{day}"
        for day in range(days)
        for state, code in codes.items()
    ]
    return "\n".join(["date,state,fips,cases,deaths", *lines, ""])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One day as it should be, and the next one without leading zeros."""
    folder = tmp_path / "github"
    write_version(folder, oracle.STATES, "2020-12-01T060000Z", states_csv(STATES))
    shorter = {state: code.lstrip("0") for state, code in STATES.items()}
    write_version(folder, oracle.STATES, "2020-12-02T060000Z", states_csv(shorter))
    return folder


@pytest.mark.parametrize("vanished", ["keep", "delete"])
def test_change_of_keys_is_warned_of_in_ledger_notice_and_dry_run(
    start: Callable[..., PipelineRuns], root: Path, vanished: Any
) -> None:
    runs = start(root, without_shape(vanished=vanished))
    runs.run(moment("2020-12-01"))
    dry = runs.run(moment("2020-12-02"), run_id="dry", dry_run=True)
    found = runs.run(moment("2020-12-02"), run_id="one")
    said = "25 keys are gone, and there are 25 new ones for dates that were loaded before"
    assert said in dry["notice"]["body"]
    assert any(said in text for text in runs.ledger("one")["details"]["warnings"])
    body = runs.published[-1].body
    assert said in body
    assert "how it writes fips" in body
    assert "Alabama" not in body
    assert (found["inserted"], found["deleted"]) == (25, 25 if vanished == "delete" else 0)


@pytest.mark.parametrize("vanished", ["keep", "delete"])
def test_change_of_keys_above_the_shrink_limit_stops_the_run_and_its_dry_run(
    start: Callable[..., PipelineRuns], root: Path, vanished: Any
) -> None:
    limit = ShrinkLimit(rows=25, share=0.19)
    runs = start(root, without_shape(vanished=vanished, shrink=limit))
    runs.run(moment("2020-12-01"))
    before = runs.versions()
    for dry_run in (True, False):
        with pytest.raises(ChangedKeysError, match="25 of the 125 keys of the snapshot before"):
            runs.run(moment("2020-12-02"), run_id="one", dry_run=dry_run)
    assert runs.versions() == before


def test_shape_that_the_shipped_dataset_declares_refuses_changed_keys(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    runs = start(root, covid_us_states_daily.DATASET)
    runs.run(moment("2020-12-01"))
    before = runs.versions()
    with pytest.raises(RejectLimitError, match="column fips"):
        runs.run(moment("2020-12-02"))
    assert runs.versions() == before


def test_backfill_of_a_date_with_other_keys_stops_and_leaves_the_table(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    runs = start(root, without_shape(shrink=ShrinkLimit(rows=25, share=0.19)))
    runs.run(moment("2020-12-02"))
    before = runs.versions()
    with pytest.raises(ChangedKeysError, match="Leave this date out"):
        runs.run(moment("2020-12-01"))
    assert runs.versions() == before


def test_key_longer_than_an_index_takes_is_rejected_with_its_line(
    start: Callable[..., PipelineRuns], tmp_path: Path
) -> None:
    root = tmp_path / "github"
    longest, longer = "x" * 2688, "x" * 2689
    text = states_csv({"Longest": longest, "Longer": longer, "Iowa": "19"}, days=1)
    write_version(root, oracle.STATES, "2020-12-01T060000Z", text)
    write_version(root, oracle.STATES, "2020-12-02T060000Z", states_csv({"Iowa": "19"}, days=1))
    runs = start(root, without_shape(rejects=RejectLimit(rows=1)))
    found = runs.run(moment("2020-12-01"), run_id="one")
    assert (found["inserted"], found["rejected"]) == (2, 1)
    assert runs.query("select line, column_name, code from ops.rejected_row") == [
        (3, "fips", "key_too_long")
    ]
    assert sorted(row[1] for row in runs.content()) == ["19", longest]
    assert runs.run(moment("2020-12-02"))["unchanged"] == 1
