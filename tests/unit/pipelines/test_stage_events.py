"""Events of stages, put on a real emulator's bus in batches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from include.core.aws import batches
from include.core.runs.run import Run
from include.errors import DeliveryRefusedError
from include.pipelines.csv_upload_to_dynamodb.stage_events import LIMITS, StageEvent, StageEvents
from tests.support.clients import client
from tests.support.faulty_api import NONE, Call, Fault, FaultyApi

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.core.arrivals.versions import FileName
    from tests.conftest import Aws

FILE: FileName = {"bucket": "b", "key": "uploads/dynamodb/é.csv", "version_id": "v"}


def events_through(api: FaultyApi) -> StageEvents:
    run = Run(dag_id="d", run_id="r")
    return StageEvents(client=client("events", api.url), bus="default", pipeline="p", run=run)


def sent(aws: Aws, *events: StageEvent, decide: Callable[[Call], Fault] = lambda _: NONE) -> Any:
    """The entries of each call that sends these events."""
    with FaultyApi(aws.endpoint, decide) as api:
        events_through(api).send(events)
    return [call.entries for call in api.calls]


@pytest.mark.parametrize(("count", "calls"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1])])
def test_events_go_in_batches_of_ten(aws: Aws, count: int, calls: list[int]) -> None:
    events = [StageEvent(stage="loaded", file=FILE, chunk=number) for number in range(count)]
    assert [len(entries) for entries in sent(aws, *events)] == calls


def test_event_says_what_its_documentation_says(aws: Aws) -> None:
    event = StageEvent(
        stage="rejected", file=cast("FileName", {**FILE, "token": 3}), chunk=2, rows=3,
        ids=("a", "c"), lines=(4, 9), counts={"null": 3},
    )  # fmt: skip
    (((entry,)),) = sent(aws, event)
    assert (entry["Source"], entry["DetailType"]) == ("sluice.p", "rejected")
    assert entry["EventBusName"] == "default"
    detail = json.loads(entry["Detail"])
    assert len(detail.pop("event_id")) == 32
    assert detail == {
        **FILE, "pipeline": "p", "dag_id": "d", "run_id": "r", "chunk": 2, "rows": 3,
        "first_id": "a", "last_id": "c", "first_line": 4, "last_line": 9, "counts": {"null": 3},
        "cause": None,
    }  # fmt: skip


def test_id_is_of_stage_file_chunk_and_run_alone(aws: Aws) -> None:
    same = [
        StageEvent(stage="loaded", file=FILE, chunk=1, rows=1),
        StageEvent(stage="loaded", file=FILE, chunk=1, rows=2, cause="again"),
    ]
    others = [
        StageEvent(stage="failed", file=FILE, chunk=1),
        StageEvent(stage="loaded", file=FILE, chunk=None),
        StageEvent(stage="loaded", file={**FILE, "version_id": "w"}, chunk=1),
    ]
    (entries,) = sent(aws, *same, *others)
    ids = [json.loads(entry["Detail"])["event_id"] for entry in entries]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


def test_long_ids_are_cut_so_that_any_ten_events_fit_into_a_call(aws: Aws) -> None:
    file: FileName = {**FILE, "key": "é" * 512}
    event = StageEvent(stage="loaded", file=file, ids=("東" * 2000, "x" * 128), cause="東" * 1000)
    ((*entries,),) = sent(aws, *[event] * 10)
    detail = json.loads(entries[0]["Detail"])
    assert (detail["first_id"], detail["last_id"]) == ("東" * 127 + "…", "x" * 128)
    assert sum(len(str(entry).encode()) for entry in entries) < LIMITS.total_bytes


def test_event_that_is_refused_for_good_is_an_error_without_the_bus_s_words(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_backoff", lambda _: 0.01)
    with pytest.raises(DeliveryRefusedError) as caught:
        sent(
            aws,
            StageEvent(stage="loaded", file=FILE),
            decide=lambda _: Fault(places=(0,), code="MalformedDetail"),
        )
    assert str(caught.value) == (
        "events to the bus default: 1 of 1 entries refused (MalformedDetail 1)"
    )
