"""Rows of tables of the lake traced back to the answers of an API, through real runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts import ApiCall, ApiDataset, ApiField, ApiKey, Column, RejectLimit
from include.core.runs.run import Run
from include.pipelines.api_to_lake.trace import trace
from infra.local.stand_ins.api import ApiStandIn, Reply
from tests.integration.api_places import api, weather
from tests.support.api_runs import ApiPlace, hour

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.core.trace.answer import History

__all__ = ["api", "weather"]

EIGHT, NINE = hour("2020-12-05T08"), hour("2020-12-05T09")
DATASET = ApiDataset(
    name="things_hourly",
    title="Things",
    description="Of a key of one column, from two shops.",
    owner="tests",
    schedule=None,
    url="https://api.openweathermap.org/things",
    key=ApiKey(connection="none", parameter="appid"),
    calls=tuple(ApiCall(name=shop, params={"shop": shop}) for shop in ("old", "new")),
    calls_a_minute=1_000_000,
    attempts=1000,
    records="things",
    fields=(
        ApiField(path="id", column=Column(name="id", type="integer", nullable=False)),
        ApiField(path="seen", column=Column(name="seen", type="timestamptz", nullable=False)),
        ApiField(
            path="price.amount", column=Column(name="price", type="numeric", precision=(9, 2))
        ),
    ),
    row_key=("id",),
    event_time="seen",
    rejects=RejectLimit(share=1.0),
)


def thing(number: Any, price: Any, **more: Any) -> dict[str, Any]:
    return {"id": number, "seen": "2020-12-05T07:59:30Z", "price": {"amount": price}, **more}


class Shops(ApiStandIn):
    """Answers with the things that it is given for each shop; of one without any, with an error."""

    def __init__(self) -> None:
        super().__init__({})
        self.things: Mapping[str, list[Any] | None] = {}

    def reply(self, target: str, headers: Mapping[str, str]) -> Reply | None:  # noqa: ARG002 - of the base class
        shop = target.partition("shop=")[2].partition("&")[0]
        things = self.things.get(shop)
        if things is None:
            return Reply(404, b"{}")
        return Reply(200, json.dumps({"things": things}).encode())


class Things:
    """A table of the lake that is filled with what its shops have."""

    def __init__(self, place: ApiPlace, shops: Shops) -> None:
        self.place = replace(place, dataset=DATASET, stand_in=shops.url)
        self.shops = shops

    def run(self, run_id: str, old: Any = None, new: Any = None, *, as_of: Any = EIGHT) -> Any:
        """Ask both shops, also for an hour that was asked for before."""
        self.shops.things = {"old": old, "new": new}
        return self.place.run(as_of, run_id, refetch=True)

    def trace(self, key: Any) -> History:
        with self.place.resources(Run(dag_id="trace_row", run_id="trace"), "trace") as resources:
            _, found = trace(self.place.dataset, key, resources=resources)
        return found


@pytest.fixture
def things(weather: ApiPlace) -> Iterator[Things]:
    with Shops() as shops:
        yield Things(weather, shops)


def of(number: int, as_of: str = "2020-12-05T08:00:00Z") -> dict[str, Any]:
    return {"as_of": as_of, "id": number}


def effects(found: History) -> list[str]:
    return [entry["effect"] for entry in found["history"]]


def test_history_names_run_effect_value_answer_and_record(things: Things) -> None:
    things.run("first", [thing(2, 5)], [])
    things.run("second", [thing(2, 5), thing(1, 1.5)], [thing(3, 1)])
    things.run("third", [thing(1, 1.5), thing(2, 5)], [thing(3, 1)])
    things.run("another hour", [thing(1, 7)], [], as_of=NINE)
    things.run("fourth", [], [thing(3, 1), thing(1, 2, name="é")])
    found = things.trace(of(1))
    assert [(one["run_id"], one["effect"]) for one in found["history"]] == [
        ("second", "inserted"),
        ("third", "confirmed"),
        ("fourth", "updated"),
    ]
    row = {"as_of": "2020-12-05T08:00:00+00:00", "id": 1, "seen": "2020-12-05T07:59:30+00:00"}
    assert found["history"][0]["values"] == {**row, "price": 1.5}
    assert found["now"] == found["history"][2]["values"] == {**row, "price": 2}
    assert found["notes"] == ["1 runs before the first one shown did not have the key"]
    without, line = found["history"][2]["sources"]
    assert (without["line"], without["raw"]) == (None, None)
    assert line["line"] == 2
    assert line["raw"] == ('{"id":1,"seen":"2020-12-05T07:59:30Z","price":{"amount":2},"name":"é"}')
