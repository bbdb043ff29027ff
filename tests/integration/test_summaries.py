"""What the page shows of a sink: what ledger, quarantine and table tell, as JSON in S3."""

from __future__ import annotations

import os
import signal
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from include.contracts.charts import chart_of
from include.core.runs.ledger import Counts, Details, RunOfSink, record_run
from include.core.runs.quarantine import QuarantineRow, quarantine_rows
from include.core.summaries.attention import find_items
from include.core.summaries.lake_points import draw_lake
from include.core.summaries.summary import (
    About,
    DeclaredRule,
    Told,
    key_of,
    read_told,
    write_summary,
)
from include.core.summaries.table_points import draw_table
from include.core.warehouse.connection import transaction
from include.datasets import covid_us_daily, weather_hourly
from tests.support.pipeline_runs import PipelineRuns, moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from include.core.aws.objects import ObjectStore
    from include.core.summaries.points import Drawn
    from include.core.warehouse.connection import Connect
    from infra.local.stand_ins.github import GitHubStandIn

NOW = datetime.now(timezone.utc)
DATASET = covid_us_daily.DATASET
TABLE = DATASET.table
WEATHER = weather_hourly.DATASET
CHART = chart_of(TABLE.columns, key=TABLE.key, rules=DATASET.rules)
ABOUT = About(
    sink=TABLE.sink,
    dag_id=DATASET.name,
    pipeline="github_csv_to_postgres",
    title=DATASET.title,
    description=DATASET.description,
    schedule=DATASET.schedule,
    key=TABLE.key,
    rules=tuple(
        DeclaredRule(name=rule.name, words=rule.words, severity=rule.severity)
        for rule in DATASET.rules
    ),
)


@pytest.fixture
def runs(loader: Connect, lake: ObjectStore, github: GitHubStandIn, tmp_path: Path) -> PipelineRuns:
    return PipelineRuns(
        dataset=DATASET,
        connect=loader,
        store=lake,
        github_url=github.url,
        scratch=tmp_path / "scratch",
    )


def looking(loader: Connect) -> Callable[[Any], tuple[Told, Drawn | None]]:
    def look(_: Any) -> tuple[Told, Drawn | None]:
        with transaction(loader, doing="look") as cursor:
            assert CHART
            return read_told(cursor, TABLE.sink), draw_table(cursor, TABLE, CHART)

    return look


def written(loader: Connect, lake: ObjectStore) -> dict[str, Any]:
    write_summary(lake, ABOUT, looking(loader))
    kinds = ("sinks", "charts", "values")
    return {kind: lake.get_json(key_of(kind, TABLE.sink)) for kind in kinds}


def test_summary_has_what_ledger_quarantine_and_table_have(
    runs: PipelineRuns, loader: Connect, lake: ObjectStore
) -> None:
    for day in ("2020-12-01", "2020-12-02", "2020-12-03"):
        runs.run(moment(day))
    found = written(loader, lake)
    summary, chart, values = found["sinks"], found["charts"], found["values"]
    assert summary["revision"] == chart["revision"] == values["revision"]
    assert [run["as_of"] for run in summary["runs"]] == [
        f"2020-12-0{day}T08:30:00Z" for day in (3, 2, 1)
    ]
    assert [run["rejected"] for run in summary["runs"]] == [0, 1, 0]
    (reject,) = summary["rejects"]
    assert (reject["line"], reject["column_name"]) == (7, "cases")
    assert "raw" not in reject
    assert values["raw"] == ["2020-11-08,many,1"]
    (code,) = summary["open_rejects"]["by_code"]
    assert (code["code"], code["rows"], summary["open_rejects"]["total"]) == (reject["code"], 1, 1)
    # Daily at 8:30, and two hours of grace.
    assert summary["due"] == "2020-12-04T10:30:00Z"
    broken = [rule["last_broken"] for rule in summary["rules"]]
    assert broken[0] is None
    assert broken[1]["run_id"] == summary["runs"][0]["run_id"]
    assert broken[1]["words"] in summary["runs"][0]["warnings"]
    with loader() as connection, connection.cursor() as cursor:
        cursor.execute("select date::text, cases from covid.us_daily order by date")
        table = cursor.fetchall()
    points = chart["points"][""]
    assert [*zip(points["date"], points["values"]["cases"], strict=True)] == table
    assert [measure["cumulative"] for measure in chart["measures"]] == [True, True, True]


def test_sink_without_runs_has_a_summary(loader: Connect, lake: ObjectStore) -> None:
    summary = written(loader, lake)["sinks"]
    assert (summary["runs"], summary["due"]) == ([], None)


def put_day(lake: ObjectStore, folder: Path, day: str, rows: str) -> None:
    path = folder / "day.parquet"
    columns = ", ".join(
        f"cast(null as varchar) as {column.name}"
        for column in WEATHER.columns
        if column.name not in ("city_id", "city", "measured_at", "temperature")
    )
    made: Any = duckdb.sql(
        f"select city_id, city, cast(measured_at as timestamp_ms) as measured_at, "
        f"temperature::double as temperature, {columns} "
        f"from (values {rows}) as v(city_id, city, measured_at, temperature)"
    )
    made.write_parquet(str(path))
    key = f"lake/{WEATHER.name}/dt={day}/part.parquet"
    lake.client.upload_file(str(path), lake.bucket, key)


def test_chart_of_a_table_of_the_lake_has_its_files_and_reads_only_what_has_changed(
    lake: ObjectStore, tmp_path: Path
) -> None:
    chart = chart_of(
        WEATHER.columns,
        key=WEATHER.row_key,
        units={field.column.name: field.unit for field in WEATHER.fields},
        moment=WEATHER.event_time,
    )
    assert chart
    read: list[str] = []
    lake.client.meta.events.register(
        "provide-client-params.s3.GetObject", lambda params, **_: read.append(params["Key"])
    )

    def drawn(number: int) -> Drawn:
        folder = tmp_path / str(number)
        folder.mkdir()
        read.clear()
        return draw_lake(lake, WEATHER, chart, folder=folder, memory="192MB")

    assert drawn(0).points == {}
    one = "(1, 'Berlin', '2020-12-01 10:00:00', 1.5), (2, 'Rome', '2020-12-01 10:01:00', null)"
    put_day(lake, tmp_path, "2020-12-01", one)
    put_day(lake, tmp_path, "2020-12-02", "(1, 'Berlin', '2020-12-02 10:00:00', 2)")
    points = drawn(1).points
    assert points.keys() == {"Berlin", "Rome"}
    assert points["Berlin"]["date"] == ["2020-12-01T10:00:00Z", "2020-12-02T10:00:00Z"]
    assert points["Berlin"]["values"]["temperature"] == [1.5, 2]
    assert points["Rome"]["values"]["temperature"] == [None]
    assert chart.measures[0] == {"name": "temperature", "unit": "°C", "cumulative": False}
    put_day(lake, tmp_path, "2020-12-02", "(1, 'Berlin', '2020-12-02 10:00:00', 3)")
    assert drawn(2).points["Berlin"]["values"]["temperature"] == [1.5, 3]
    assert [key for key in read if key.startswith("lake/")] == [
        "lake/weather_hourly/dt=2020-12-02/part.parquet"
    ]


def test_writer_that_saw_less_does_not_replace_what_saw_more(
    runs: PipelineRuns, loader: Connect, lake: ObjectStore
) -> None:
    runs.run(moment("2020-12-01"))
    saw: list[int] = []

    def look(known: Any) -> tuple[Told, Drawn | None]:
        told, drawn = looking(loader)(known)
        saw.append(len(told.runs))
        if len(saw) == 1:
            # While this one has looked and not written, another run ends, and writes.
            runs.run(moment("2020-12-02"))
            written(loader, lake)
        return told, drawn

    assert write_summary(lake, ABOUT, look)
    assert saw == [1, 2]
    summary, chart = (lake.get_json(key_of(kind, TABLE.sink)) for kind in ("sinks", "charts"))
    assert len(summary["runs"]) == 2
    assert summary["revision"] == chart["revision"]


@pytest.mark.parametrize("at", ["summary.part_written", "summary.parts_written"])
def test_writer_that_dies_leaves_the_summary_that_was_there(
    runs: PipelineRuns,
    loader: Connect,
    lake: ObjectStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
) -> None:
    before = written(loader, lake)["sinks"]
    runs.run(moment("2020-12-01"))
    monkeypatch.setenv("SLUICE_FAILPOINTS", str(tmp_path))
    (tmp_path / at).touch()
    child = os.fork()
    if child == 0:
        write_summary(lake, ABOUT, looking(loader))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert lake.get_json(key_of("sinks", TABLE.sink)) == before
    after = written(loader, lake)
    assert len({each["revision"] for each in after.values()}) == 1
    assert len(after["sinks"]["runs"]) == 1


def test_what_needs_a_person_is_found(loader: Connect) -> None:
    run = RunOfSink(dag_id="d", run_id="r", sink="s.t", as_of=NOW, started_at=NOW)
    bad = QuarantineRow(
        file="f", version="v", line=2, column_name=None, code="c", reason="r", raw="x"
    )
    with transaction(loader, doing="enter") as cursor:
        assert find_items(cursor) == []
        record_run(cursor, run, Counts(read=1, rejected=1), Details())
        quarantine_rows(cursor, run, [bad])
        cursor.execute(
            "insert into ops.arrival (pipeline, bucket, key, version_id, etag, size, stored_at, "
            "found_by, state, dag_id, run_id, file_order) values "
            "('p', 'b', 'k', '1', 'e', 1, now(), 'event', 'failed', 'p', 'r', '1'), "
            "('p', 'b', 'fixed', '1', 'e', 1, now(), 'event', 'failed', 'p', 'r', '1'), "
            "('p', 'b', 'fixed', '2', 'e', 1, now() + interval '1 s', 'event', 'done', 'p', 'r', "
            "'2')"
        )
        cursor.execute(
            "insert into ops.api_hour (dataset, as_of, state, published_at) "
            "select 'w', date_trunc('hour', now()) - n * interval '1 hour', 'complete', now() "
            "from unnest(array[0, 3]) as n"
        )
        cursor.execute(
            "insert into ops.shrunken_snapshot (sink, base_sha256, content_sha256, state, as_of, "
            "rows_before, row_count, missing, dag_id, run_id) "
            "values ('s.t', '', 'c', 'asked', now(), 9, 1, 8, 'd', 'r')"
        )
        found = {item["kind"]: item for item in find_items(cursor)}
    assert {kind: (item["dag_id"], item["count"]) for kind, item in found.items()} == {
        "question": ("d", 1),
        "failed_files": ("p", 1),
        "missed_hours": ("w", 2),
        "quarantine_grows": ("d", 1),
    }
    assert found["missed_hours"]["sink"] == "lake.w"
