"""What an environment can choose of QuickSight, and what it sets in Airflow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infra.aws.airflow.options import airflow_options
from infra.aws.charts import declared
from infra.aws.charts.choices import QuickSight
from infra.aws.charts.declared import charted
from infra.aws.environment import DEV, ENVIRONMENTS


def test_no_environment_has_it_unless_asked() -> None:
    assert {environment.quicksight for environment in ENVIRONMENTS.values()} == {None}


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ({"authors": ""}, "''"),
        ({"authors": "all analysts"}, "all analysts"),
        ({"authors": "analysts", "readers": "default/readers"}, "default/readers"),
        ({"authors": "analysts", "readers": "analysts"}, "leave readers out"),
        ({"authors": "analysts", "identity_region": "Ireland"}, "Ireland"),
    ],
)
def test_groups_and_region_that_cannot_be_are_refused(chosen: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        QuickSight(**chosen)


def options(quicksight: QuickSight | None) -> dict[str, str]:
    environment = replace(DEV, quicksight=quicksight)
    return airflow_options(environment=environment, prefix="sluice/dev", output=str)


def test_dags_are_told_of_data_sets_and_secret_where_quicksight_is() -> None:
    off, on = options(None), options(QuickSight(authors="analysts", readers="colleagues"))
    assert on.items() - off.items() == {
        ("sluice.quicksight_datasets", "sluice-dev"),
        ("sluice.quicksight_secret", "sluice/dev/quicksight"),
    }
    assert off.items() <= on.items()


def test_more_datasets_than_an_analysis_has_sheets_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (dataset, *_) = (each.dataset for each in charted())
    monkeypatch.setattr(declared, "github_datasets", lambda: [dataset] * 20)
    assert len(charted()) == 20
    monkeypatch.setattr(declared, "github_datasets", lambda: [dataset] * 21)
    with pytest.raises(ValueError, match="21 datasets"):
        charted()


def test_state_is_chosen_by_its_code_and_by_its_name() -> None:
    choices = {each.dataset.name: each.choices for each in charted()}
    assert choices["covid_us_states_daily"] == ["fips", "state"]
    assert choices["covid_us_daily"] == []


def test_values_of_several_rows_are_added_unless_they_may_have_fractions() -> None:
    shown = charted()[0]
    added = replace(shown.dataset.table.columns[1], name="paid", type="bigint")
    mean = replace(added, name="celsius", type="numeric")
    table = replace(shown.dataset.table, columns=(*shown.dataset.table.columns, added, mean))
    shown = replace(shown, dataset=replace(shown.dataset, table=table))
    assert shown.adds_up("paid")
    assert not shown.adds_up("celsius")
