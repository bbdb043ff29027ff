"""Rows of each pipeline leave quarantine once their version is read by a wider contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts.files import RejectLimit
from include.core.arrivals.claim import claim_files
from include.core.arrivals.complete import EndResources, Failure, finish_run
from include.core.arrivals.events import LandedObject
from include.core.arrivals.queue import ArrivalQueue
from include.core.runs.ledger import RunOfSink
from include.core.runs.repair import Asked, find_waiting, plan_runs
from include.core.runs.run import Run
from include.datasets import covid_us_daily, test_table
from include.pipelines import csv_upload_to_dynamodb, kinesis_to_postgres
from include.pipelines.table_export_to_kinesis import find_objects
from infra.local.stand_ins.github import GitHubStandIn
from tests.integration.api_places import EIGHT, api, weather
from tests.integration.item_places import HEADER
from tests.integration.item_places import place as items
from tests.integration.stream_places import place, publisher, stream
from tests.support import covid_oracle as oracle
from tests.support.export_runs import ExportPlace
from tests.support.pipeline_runs import PipelineRuns, moment, write_version
from tests.support.published_changes import THINGS, things

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from include.contracts.exports import TableExport
    from include.core.aws.objects import ObjectStore
    from include.core.warehouse.connection import Connect
    from infra.local.stand_ins.api import ApiStandIn
    from tests.support.api_runs import ApiPlace
    from tests.support.item_runs import ItemPlace
    from tests.support.published_changes import Publisher
    from tests.support.stream_runs import StreamPlace

__all__ = ["api", "items", "place", "publisher", "stream", "weather"]

ANY_NUMBER = RejectLimit(rows=100)
WAITING = "select count(*) from ops.open_reject"
SETTLED = (
    "select run_id, settled_how, settled_by_run from ops.rejected_row"
    " where settled_at is not null order by id"
)
FIRST, SECOND = moment("2020-12-01"), moment("2020-12-02")


def narrowed(**column: Any) -> Any:
    """covid_us_daily whose column cases takes less."""
    us, *others = covid_us_daily.DATASET.sources
    day, cases, *rest = us.contract.columns
    contract = replace(us.contract, columns=(day, replace(cases, **column), *rest))
    sources = (replace(us, contract=contract), *others)
    return replace(covid_us_daily.DATASET, sources=sources, rejects=ANY_NUMBER)


@pytest.fixture
def covid(
    loader: Connect, lake: ObjectStore, tmp_path: Path
) -> Iterator[Callable[..., PipelineRuns]]:
    """Runs of covid_us_daily under a contract; the first version has two large numbers."""
    root = tmp_path / "github"
    root.mkdir()
    lines = "date,cases,deaths\n2020-11-01,1,0\n2020-11-02,200,0\n2020-11-03,300,0\n"
    write_version(root, oracle.US, "2020-12-01T060000Z", lines)
    header = "Date,Country/Region,Province/State,Recovered"
    write_version(root, oracle.COMBINED, "2020-12-01T060000Z", f"{header}\n2020-11-01,US,,7\n")
    with GitHubStandIn(root) as stand_in:

        def start(**column: Any) -> PipelineRuns:
            return PipelineRuns(
                dataset=narrowed(**column),
                connect=loader,
                store=lake,
                github_url=stand_in.url,
                scratch=tmp_path / "scratch",
            )

        yield start


def replayed(runs: PipelineRuns) -> list[str]:
    """Run what replay_rejects would start; the ids of these runs."""
    asked = Asked(sink=runs.dataset.table.sink)
    found = find_waiting(runs.connect, asked)
    for version in found["versions"]:
        assert runs.store.head(version["archived"] or "") is not None
    run = Run(dag_id="replay_rejects", run_id="one")
    planned = plan_runs(found, {runs.dataset.name: lambda each: {"as_of": each["as_of"]}}, run)
    for started in planned["runs"]:
        as_of = datetime.fromisoformat(started["conf"]["as_of"])
        runs.run(as_of, run_id=started["trigger_run_id"])
    return [started["trigger_run_id"] for started in planned["runs"]]


def test_table_gets_the_rows_that_a_wider_contract_takes_of_the_same_version(
    covid: Callable[..., PipelineRuns],
) -> None:
    covid(maximum=100).run(FIRST)
    wider = covid(maximum=250)
    assert wider.query(WAITING) == [(2,)]
    (run_id,) = replayed(wider)
    assert [row[1] for row in wider.content()] == [1, 200]
    assert wider.ledger(run_id)["inserted"] == 1
    first = "scheduled__2020-12-01T08:30:00+00:00"
    assert wider.query(SETTLED) == [(first, "loaded", run_id)]
    assert wider.query("select line from ops.open_reject") == [(4,)]


def test_replay_under_the_same_contract_leaves_rows_and_table_as_they_are(
    covid: Callable[..., PipelineRuns],
) -> None:
    runs = covid(maximum=100)
    runs.run(FIRST)
    before = runs.versions()
    replayed(runs)
    assert runs.versions() == before
    assert (runs.query(WAITING), runs.query(SETTLED)) == ([(2,)], [])


def test_newer_version_wins_over_a_row_of_an_older_one_that_is_loaded_late(
    covid: Callable[..., PipelineRuns], tmp_path: Path
) -> None:
    covid(maximum=100).run(FIRST)
    newer = "date,cases,deaths\n2020-11-01,1,0\n2020-11-02,50,0\n"
    write_version(tmp_path / "github", oracle.US, "2020-12-02T060000Z", newer)
    covid(maximum=100).run(SECOND)
    wider = covid()
    replayed(wider)
    assert [row[1] for row in wider.content()] == [1, 50, 300]
    assert wider.query(WAITING) == [(0,)]


def test_run_that_is_cleared_after_a_replay_loses_no_settlement(
    covid: Callable[..., PipelineRuns],
) -> None:
    covid(maximum=100).run(FIRST, run_id="first")
    (run_id,) = replayed(covid(maximum=250))
    wider = covid(maximum=250)
    wider.run(FIRST, run_id="first")
    assert ("first", "loaded", run_id) in wider.query(SETTLED)
    assert wider.query("select line from ops.open_reject") == [(4,)]


def test_dry_run_settles_nothing(covid: Callable[..., PipelineRuns]) -> None:
    covid(maximum=100).run(FIRST)
    wider = covid()
    wider.run(FIRST, run_id="dry", dry_run=True)
    assert wider.query(WAITING) == [(2,)]


def test_hour_of_an_api_is_read_again_from_the_raw_zone(weather: ApiPlace, api: ApiStandIn) -> None:
    fields = tuple(
        replace(each, column=replace(each.column, maximum=-99)) if each.unit == "°C" else each
        for each in weather.dataset.fields
    )
    dataset = replace(weather.dataset, fields=fields, rejects=ANY_NUMBER)
    replace(weather, dataset=dataset).run(EIGHT, "narrow")
    cities = len(weather.dataset.calls)
    assert weather.query(WAITING) == [(cities,)]
    asked = len(api.requests)
    found = find_waiting(weather.connect, Asked(sink=weather.dataset.sink))
    assert {version["as_of"] for version in found["versions"]} == {EIGHT.isoformat()}
    assert all(weather.store.head(version["file"]) for version in found["versions"])
    weather.run(EIGHT, "wide")
    assert len(api.requests) == asked
    assert len(weather.rows(EIGHT)) == cities
    assert weather.query(WAITING) == [(0,)]
    assert set(weather.query(SETTLED)) == {("narrow", "loaded", "wide")}


def test_items_get_the_rows_that_a_wider_contract_takes(items: ItemPlace) -> None:
    file = items.put(HEADER + "1,1,Main St,Springfield,01234\nx,2,Mill Ln,Shelbyville,1\n")
    lenient = replace(items, upload=replace(items.upload, rejects=ANY_NUMBER))
    assert items_run(lenient, file, "narrow") == {"read": 2, "delivered": 1, "rejected": 1}
    columns = [replace(column, pattern=None) for column in items.upload.contract.columns]
    contract = replace(items.upload.contract, columns=tuple(columns))
    wide = replace(items, upload=replace(items.upload, contract=contract))
    assert items_run(wide, file, "wide") == {"read": 2, "delivered": 2}
    assert items.items().keys() == {"1", "x"}
    with items.connect() as connected, connected.cursor() as cursor:
        cursor.execute(SETTLED)
        assert cursor.fetchall() == [("narrow", "loaded", "wide")]


def items_run(items: ItemPlace, file: Any, run_id: str) -> dict[str, int]:
    """A whole run that was given a file by hand."""
    run = RunOfSink(
        dag_id=csv_upload_to_dynamodb.PIPELINE,
        run_id=run_id,
        sink="dynamodb:items",
        as_of=FIRST,
        started_at=FIRST,
    )
    landing = items.landing_of(run.dag_id)
    landed = LandedObject(bucket=items.landing, key=file["key"], version_id=file["version_id"])
    received = claim_files(
        landing, [landed], run, connect=items.connect, found_by="hand", again=True
    )
    extracted = [items.take_in(each, run_id) for each in received.files]
    results = items.tally(extracted, [], run_id)
    return finish_run(
        received,
        results,
        resources=EndResources(
            run=run,
            connect=items.connect,
            landing=landing,
            lake=items.store,
            folder=items.folder,
            memory="192MB",
            queue=ArrivalQueue(client=None, url="", retry_seconds=1),
            ui_url="http://localhost:8080",
        ),
        failure_of=lambda _: Failure(cause="It has no result"),
    )


@pytest.fixture
def exports(place: StreamPlace, landing: str) -> ExportPlace:
    return ExportPlace(**vars(place), landing=landing)


def of_table(**column: Any) -> Callable[[str, str], TableExport]:
    """Declares test_table with another column c1."""
    pk, c1, *others = test_table.DATASET.contract.columns
    contract = replace(test_table.DATASET.contract, columns=(pk, replace(c1, **column), *others))
    dataset = replace(test_table.DATASET, contract=contract, rejects=ANY_NUMBER)
    return lambda *_: dataset


def taken_again(exports: ExportPlace, run_id: str) -> dict[str, int]:
    """Run what replay_rejects would start for each file of which rows wait."""
    sink = f"kinesis:{exports.stream}"
    counts: dict[str, int] = {}
    for version in find_waiting(exports.connect, Asked(sink=sink))["versions"]:
        objects = find_objects(exports.connect, version["file"], version["version"])
        landed = [LandedObject(bucket=exports.landing, **each) for each in objects]
        counts = exports.publish(*landed, run_id=run_id, again=True)
    return counts


def test_export_is_taken_again_and_publishes_the_row_alone(exports: ExportPlace) -> None:
    narrow = replace(exports, dataset_of=of_table(pattern="[a-z]"))
    landed = narrow.put("acme/test_table/v1/all.csv.gz", "1;a;b;c\n2;22;b;c\n")
    assert narrow.publish(landed, run_id="one") == {"read": 2, "delivered": 1, "rejected": 1}
    narrow.run("apply one")
    wide = replace(exports, dataset_of=of_table())
    assert taken_again(wide, "two") == {"read": 2, "unchanged": 1, "delivered": 1}
    wide.run("apply two")
    target = wide.query('select pk from exports."acme__test_table" order by pk')
    assert target == [("1",), ("2",)]
    assert wide.query(WAITING) == [(0,)]
    assert wide.query(SETTLED) == [("one", "loaded", "two")]


def test_older_export_is_superseded_and_its_rows_wait(exports: ExportPlace) -> None:
    narrow = replace(exports, dataset_of=of_table(pattern="[a-z]"))
    narrow.publish(narrow.put("acme/test_table/v1/all.csv.gz", "1;a;b;c\n2;22;b;c\n"), run_id="v1")
    narrow.publish(narrow.put("acme/test_table/v2/all.csv.gz", "1;a;b;c\n"), run_id="v2")
    wide = replace(exports, dataset_of=of_table())
    assert taken_again(wide, "again") == {}
    assert wide.query(WAITING) == [(1,)]


def test_objects_of_an_export_are_all_its_files_and_none_of_an_unknown_one(
    exports: ExportPlace,
) -> None:
    two = replace(test_table.DATASET, files=2, rejects=ANY_NUMBER)
    several = replace(exports, dataset_of=lambda *_: two)
    first = several.put("acme/test_table/v1/1.csv.gz", "1;a;b;c\n")
    second = several.put("acme/test_table/v1/2.csv.gz", "2;a;b;c\n;x;y;z\n")
    several.publish(first, second, run_id="one")
    ((file, version),) = several.query("select file, version from ops.open_reject")
    assert (file, version) == (second.key, second.version_id)
    objects = [{"key": each.key, "version_id": each.version_id} for each in (first, second)]
    assert find_objects(several.connect, file, version) == objects
    assert find_objects(several.connect, file, "another") == []


def test_records_of_the_stream_are_read_again_from_their_shards(
    place: StreamPlace, publisher: Publisher
) -> None:
    begun = publisher.begin(THINGS, "v1", things(1, 2, 3))
    publisher.query("delete from ops.export where true returning 1")
    publisher.put([*begun.records, b"noise"])
    publisher.put_ends(begun.end)
    place.run("one")
    assert place.query(WAITING) == [(3 + 3 + 1,)]
    publisher.begin(THINGS, "v1", things(1, 2, 3))
    publisher.commit(THINGS, begun, things(1, 2, 3))
    kinesis_to_postgres.find_shards(place.reading_of("two"), reread=True)
    place.run("two")
    assert place.rows(THINGS) == things(1, 2, 3)
    assert place.query("select code from ops.open_reject") == [("not_json",)]
    assert set(place.query(SETTLED)) == {("one", "loaded", "two")}


def test_shards_without_rejected_records_go_on_where_they_were(
    place: StreamPlace, publisher: Publisher
) -> None:
    publisher.into = ("shardId-000000000000",)
    publisher.put([b"noise"])
    publisher.into = ()
    publisher.publish(THINGS, "v1", things(*range(9)))
    place.run("one")
    resources = place.reading_of("two")
    assert len(kinesis_to_postgres.find_shards(resources, reread=True)) == 3
    read = "select shard_id from ops.stream_shard where sequence_number is null"
    assert place.query(read) == [("shardId-000000000000",)]
