"""What a person asks for with the form of replay_rejects, and what each DAG is given."""

from __future__ import annotations

from typing import Any

import pytest

from include.core.runs.repair import Asked, WaitingVersion
from include.datasets import api_datasets, github_datasets
from include.errors import RunInputError
from wiring.replays import PARAMS, asked_for, ways

GIVEN: dict[str, Any] = {
    "sink": "covid.us_daily",
    "code": None,
    "file": None,
    "version": None,
    "action": "replay",
    "why": None,
}


class Run:
    def __init__(self, **conf: Any) -> None:
        self.conf = conf


def test_form_has_the_fields_that_the_page_fills_in() -> None:
    assert PARAMS.keys() == GIVEN.keys()


def test_rows_are_named_by_their_sink_alone_or_closer() -> None:
    assert asked_for(params=GIVEN, run=Run()) == (Asked(sink="covid.us_daily"), None)
    closer = {"code": "short", "file": "a.csv", "version": "1"}
    asked, why = asked_for(params=GIVEN | closer, run=Run(**closer))
    assert (asked, why) == (Asked(sink="covid.us_daily", **closer), None)


def test_who_sets_rows_aside_says_why_on_one_line() -> None:
    aside = GIVEN | {"action": "set_aside", "why": " no\nsuch   town "}
    assert asked_for(params=aside, run=Run())[1] == "no such town"
    for why in (None, "", " \n "):
        with pytest.raises(RunInputError, match="Parameter why is missing"):
            asked_for(params=aside | {"why": why}, run=Run())


@pytest.mark.parametrize("name", list(GIVEN))
def test_what_is_no_text_is_refused(name: str) -> None:
    with pytest.raises(RunInputError, match=f"Parameter {name} must be text"):
        asked_for(params=GIVEN | {name: 3}, run=Run())


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"sink": None}, "Parameter sink is missing"),
        ({"sink": ""}, "Parameter sink is missing"),
        ({"action": "delete"}, "Parameter action is one of replay, set_aside"),
        ({"action": None}, "Parameter action is one of"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(RunInputError, match=problem):
        asked_for(params=GIVEN | given, run=Run())


def test_unknown_name_is_refused() -> None:
    with pytest.raises(RunInputError, match=r"Unknown parameters: reason\. Known are sink"):
        asked_for(params=GIVEN, run=Run(reason="short"))


def test_every_dag_that_has_a_quarantine_can_be_made_to_read_a_version_again() -> None:
    timed = {each.name for each in github_datasets()} | {each.name for each in api_datasets()}
    assert ways().keys() == timed | {
        "csv_upload_to_sqs",
        "csv_upload_to_dynamodb",
        "table_export_to_kinesis",
        "kinesis_to_postgres",
    }


def test_stream_is_read_again_whatever_record_waits() -> None:
    version: WaitingVersion = {
        "dag_id": "kinesis_to_postgres",
        "file": "shard",
        "version": "1",
        "rows": 1,
        "as_of": None,
        "archived": None,
    }
    assert ways()["kinesis_to_postgres"](version) == {"reread": True}
