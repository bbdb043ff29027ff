"""Rows of tables of the lake traced back to the answers of an API, through real runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts import ApiCall, ApiDataset, ApiField, ApiKey, Column, RejectLimit
from include.core.aws.objects import ObjectStore
from include.core.runs.run import Run
from include.errors import RunInputError
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

    def declare(self, **changes: Any) -> None:
        """Have later runs, and traces, follow another declaration."""
        self.place = replace(self.place, dataset=replace(self.place.dataset, **changes))

    def trace(self, key: Any, **changes: Any) -> History:
        return traced(self.place, key, **changes)


def traced(place: ApiPlace, key: Any, **changes: Any) -> History:
    """What is found of a key; changes are of what the task has opened."""
    with place.resources(Run(dag_id="trace_row", run_id="trace"), "trace") as resources:
        hand_over = replace(resources.hand_over, **changes)
        opened = replace(resources, hand_over=hand_over)
        _, found = trace(place.dataset, key, resources=opened)
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
    assert found["notes"] == ["1 load before the first one shown did not have the key"]
    without, line = found["history"][2]["sources"]
    assert (without["line"], without["raw"]) == (None, None)
    assert line["line"] == 2
    assert line["raw"] == ('{"id":1,"seen":"2020-12-05T07:59:30Z","price":{"amount":2},"name":"é"}')


def test_row_that_is_refused_or_missing_leaves_the_hour(things: Things) -> None:
    things.run("first", [thing(1, 1), thing(2, 1)], [])
    things.run("refused", [thing(1, "none"), thing(2, 1)], [])
    things.run("refused again", [thing(1, "none"), thing(2, 1)], [thing(3, 1)])
    things.run("there", [thing(1, 1), thing(2, 1)], [])
    things.run("missing", [thing(2, 1)], [])
    found = things.trace(of(1))
    assert effects(found) == ["inserted", "deleted", "refused", "inserted", "deleted"]
    assert [one["code"] for one in found["history"]] == [
        None,
        "not_a_number",
        "not_a_number",
        None,
        None,
    ]
    line, _ = found["history"][1]["sources"]
    assert (line["line"], json.loads(str(line["raw"]))) == (1, thing(1, "none"))
    assert found["history"][1]["reason"] == (
        "the cell is no number in plain digits, with the separators of its column"
    )
    assert (found["now"], found["notes"]) == (None, [])


def test_line_of_a_record_is_the_one_that_quarantine_has(things: Things) -> None:
    things.run("first", [thing(2, 1), thing(1, "none")], [])
    ((file, version, line, raw),) = things.place.query(
        "select file, version, line, raw from ops.rejected_row"
    )
    source, _ = things.trace(of(1))["history"][0]["sources"]
    assert (source["file"], source["version"]) == (file, version)
    assert (source["line"], source["raw"]) == (line, raw)
    assert source["archive"] == f"s3://{things.place.lake}/{file}"


def test_records_that_differ_are_all_refused_and_all_shown(things: Things) -> None:
    things.run("first", [thing(1, 1)], [thing(2, 1), thing(1, 2)])
    (entry,) = things.trace(of(1))["history"]
    assert (entry["effect"], entry["code"]) == ("refused", "key_conflict")
    assert [one["line"] for one in entry["sources"]] == [1, 2]
    things.run("alike", [thing(1, 1)], [thing(1, 1, name="another")])
    entry = things.trace(of(1))["history"][1]
    assert (entry["effect"], entry["code"]) == ("inserted", None)
    assert len({one["file"] for one in entry["sources"]}) == 2


def test_call_without_an_answer_leaves_what_the_hour_had(things: Things) -> None:
    assert things.run("skipped") is None
    assert things.run("partial", [thing(2, 1)])["state"] == "partial"
    things.run("complete", None, [thing(1, 1)])
    things.run("later", None, [thing(1, 1), thing(3, 1)])
    found = things.trace(of(1))
    assert effects(found) == ["inserted", "confirmed"]
    assert found["notes"] == [
        "1 run had no answer from the API: the ledger has no files of such runs",
        "1 load before the first one shown did not have the key",
    ]
    assert effects(things.trace(of(2))) == ["inserted", "confirmed", "confirmed"]


def test_other_hours_of_the_day_say_nothing_of_a_row(things: Things) -> None:
    things.run("eight", [thing(1, 1)], [])
    things.run("nine", [thing(1, 2)], [], as_of=NINE)
    things.run("eight again", [thing(1, 1)], [])
    for as_of, price, expected in (
        ("2020-12-05T08:00:00Z", 1, ["inserted", "confirmed"]),
        # As Athena shows it.
        ("2020-12-05 09:00:00.000", 2, ["inserted"]),
    ):
        found = things.trace(json.dumps(of(1, as_of)))
        assert ((found["now"] or {})["price"], effects(found)) == (price, expected)
        assert found["notes"] == []


@pytest.mark.parametrize("partition", ["day", "hour"])
def test_answer_that_is_gone_is_said_in_its_entry_alone(things: Things, partition: Any) -> None:
    things.declare(partition=partition)
    things.run("first", [thing(1, 1)], [])
    things.run("second", [thing(1, 2)], [])
    things.run("third", [thing(1, 2)], [])
    gone = things.trace(of(1))["history"][1]["sources"][0]["file"]
    things.place.store.delete(gone)
    found = things.trace(of(1))
    assert effects(found) == ["inserted", "unknown", "confirmed"]
    entry = found["history"][1]
    assert (entry["code"], entry["values"]) == ("unreadable", None)
    assert "is gone" in str(entry["reason"])
    assert [(one["file"] == gone, one["line"]) for one in entry["sources"]] == [
        (True, None),
        (False, None),
    ]
    assert ((found["now"] or {})["price"], found["notes"]) == (2, [])


def test_list_of_answers_that_is_gone_or_was_never_kept_is_said(things: Things) -> None:
    for run_id, price in (("before", 1), ("gone", 2), ("changed", 3), ("last", 4)):
        things.run(run_id, [thing(1, price)], [])
    kept = dict(things.place.query("select run_id, details #>> '{sources,0,file}' from ops.run"))
    things.place.query(
        "update ops.run set details = details #- '{sources,0,sha256}' where run_id = 'before'"
        " returning 1"
    )
    things.place.store.delete(kept["gone"])
    things.place.store.put_json(kept["changed"], {"calls": {}})
    found = things.trace(of(1))
    assert effects(found) == ["unknown", "unknown", "unknown", "updated"]
    assert [(one["code"], one["sources"]) for one in found["history"][:3]] == [
        ("unreadable", [])
    ] * 3
    said = [str(one["reason"]) for one in found["history"][:3]]
    assert [
        words in reason
        for words, reason in zip(
            ("kept no list", "is gone", "is not what was put there"), said, strict=True
        )
    ] == [True] * 3
    assert found["notes"] == []


def test_row_that_somebody_else_altered_is_said(things: Things) -> None:
    things.run("first", [thing(1, 1)], [thing(2, 1)])
    (key,) = things.place.store.keys("lake/")
    things.place.store.delete(key)
    found = things.trace(of(1))
    assert (found["now"], effects(found)) == (None, ["inserted"])
    (note,) = found["notes"]
    assert "somebody else" in note


def test_runs_that_failed_are_counted_and_not_shown(things: Things) -> None:
    things.run("first", [thing(1, 1)], [])
    things.place.query(
        "insert into ops.run (dag_id, run_id, sink, as_of, status, started_at) values "
        "('things_hourly', 'f', 'lake.things_hourly', %s, 'failed', now()) returning 1",
        [EIGHT],
    )
    found = things.trace(of(1))
    assert effects(found) == ["inserted"]
    assert found["notes"] == ["1 run failed: the ledger has no files of such runs"]


def test_key_that_no_run_had_was_never_seen(things: Things) -> None:
    found = things.trace(of(1))
    assert found["notes"] == ["This key was never seen: none of 0 loads had it"]
    things.run("first", [thing(1, 1)], [])
    for key in (of(2), of(1, "2020-12-05T10:00:00Z")):
        found = things.trace(key)
        assert (found["now"], found["history"]) == (None, [])
        (note,) = found["notes"]
        assert note.startswith("This key was never seen")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ({"id": 1}, "must name as_of and id, and nothing else"),
        (1, "must be a JSON object with as_of and id"),
        (of(1, "2020-12-05T08:07:00Z"), "what it gives for as_of is no full hour"),
        (of(1, "yesterday"), "what it gives for as_of is no timestamptz"),
        ({"as_of": "2020-12-05T08:00:00Z", "id": "x"}, "what it gives for id is no integer"),
    ],
)
def test_key_that_is_none_is_refused(things: Things, key: Any, said: str) -> None:
    with pytest.raises(RunInputError, match=said):
        things.trace(key)


def test_file_that_lacks_columns_declared_since_is_no_difference(things: Things) -> None:
    things.run("first", [thing(1, 1, name="a")], [])
    added = ApiField(path="name", column=Column(name="name", type="text", required=False))
    things.declare(fields=(*DATASET.fields, added))
    found = things.trace(of(1))
    assert "name" not in (found["now"] or {})
    assert (found["history"][0]["values"] or {})["name"] == "a"
    assert found["notes"] == []
    things.declare(
        row_key=("name",),
        fields=(*DATASET.fields[1:], replace(added, column=replace(added.column, nullable=False))),
    )
    found = things.trace({"as_of": "2020-12-05T08:00:00Z", "name": "a"})
    assert (found["now"], effects(found)) == (None, ["inserted"])


def test_newest_answers_alone_are_read_and_the_cut_is_said(
    things: Things, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        things.run(f"{number}", [thing(1, number)], [])
    monkeypatch.setattr("include.core.trace.history.MOST_VERSIONS", 2)
    found = things.trace(of(1))
    assert (effects(found), found["notes"]) == (["updated", "updated"], [])
    assert "1 load that read versions before the newest 2" in str(found["cut"])


def test_of_many_answers_those_that_have_the_record_are_shown(things: Things) -> None:
    shops = [f"shop{number}" for number in range(25)]
    things.declare(calls=tuple(ApiCall(name=shop, params={"shop": shop}) for shop in shops))
    things.shops.things = {shop: [thing(number, 1)] for number, shop in enumerate(shops)}
    things.place.run(EIGHT, "first")
    (entry,) = things.trace(of(24))["history"]
    assert len(entry["sources"]) == 20
    assert "/shop24/" in entry["sources"][0]["file"]
    assert (entry["sources"][0]["line"], entry["sources"][1]["line"]) == (1, None)


def test_what_a_run_has_put_that_is_not_in_the_ledger_yet_is_said(weather: ApiPlace) -> None:
    weather.run_dying_at("lake.put", EIGHT, "killed")
    key = {"as_of": "2020-12-05T08:00:00Z", "city_id": "2950159"}
    found = traced(weather, key)
    assert ((found["now"] or {})["city"], found["history"]) == ("Berlin", [])
    (note,) = found["notes"]
    assert "is not in the ledger yet" in note
    weather.run(EIGHT, "killed")
    found = traced(weather, key)
    assert (effects(found), found["notes"]) == (["inserted"], [])


class Late(ObjectStore):
    """A lake in which something happens the first time that a tag is looked up."""

    happen: Any

    def tag_of(self, key: str) -> str | None:
        happen, self.__dict__["happen"] = self.happen, lambda: None
        happen()
        return super().tag_of(key)


def test_run_that_ends_meanwhile_is_in_the_answer(things: Things) -> None:
    things.run("first", [thing(1, 1)], [])
    late = Late(client=things.place.store.client, bucket=things.place.lake)
    late.__dict__["happen"] = lambda: things.run("meanwhile", [thing(1, 2)], [])
    found = things.trace(of(1), store=late)
    assert effects(found) == ["inserted", "updated"]
    assert ((found["now"] or {})["price"], found["notes"]) == (2, [])
