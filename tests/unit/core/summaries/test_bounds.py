"""Whatever ledger and tables hold: a summary is JSON of its schema, and not too long."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from include.contracts import charts
from include.contracts.columns import Column
from include.core.summaries import points as drawing
from include.core.summaries.bounded import encode, moment, to_json
from include.core.summaries.due import due_after
from include.core.summaries.summary import (
    MOST_BYTES,
    MOST_REJECTS,
    MOST_RUNS,
    About,
    DeclaredRule,
    Told,
    compose,
    is_news,
    key_of,
)

NOW = datetime(2020, 12, 1, 8, 30, tzinfo=timezone.utc)
COUNTS = ("read", "rejected", "duplicate", "inserted", "updated", "unchanged", "superseded")
# Half a character is in no table, but in texts of Python.
CHARACTERS = st.characters()
TEXTS = st.text(CHARACTERS) | st.builds(
    lambda char, number: char * number, CHARACTERS, st.integers(0, 100_000)
)
NUMBERS = st.integers(-(2**63), 2**63) | st.floats()
MOMENTS = st.datetimes(timezones=st.just(timezone.utc))
RUNS = st.fixed_dictionaries(
    {
        "dag_id": TEXTS,
        "run_id": TEXTS,
        "as_of": MOMENTS,
        "status": st.sampled_from(["success", "failed", "skipped"]),
        "started_at": MOMENTS,
        "finished_at": MOMENTS,
        **dict.fromkeys((*COUNTS, "delivered", "deleted"), NUMBERS),
        "failed_task": st.none() | TEXTS,
        "cause": st.none() | TEXTS,
        "question": st.none() | TEXTS,
        "rejects_by_code": st.dictionaries(st.text(CHARACTERS), st.none() | NUMBERS),
        "warnings": st.lists(TEXTS, max_size=10),
    }
)
REJECTS = st.fixed_dictionaries(
    {
        **dict.fromkeys(("dag_id", "run_id", "file", "version", "code", "reason", "raw"), TEXTS),
        "column_name": st.none() | TEXTS,
        "line": st.none() | st.integers(0, 2**63),
        "rejected_at": MOMENTS,
    }
)
OPEN = st.fixed_dictionaries({"code": TEXTS, "rows": st.integers(0, 2**63), "since": MOMENTS})


def about(title: str = "t", **more: Any) -> About:
    return About(sink="s", dag_id="d", pipeline="p", title=title, description=title, **more)


@st.composite
def tolds(draw: st.DrawFn) -> Told:
    runs = draw(st.lists(RUNS, max_size=3))
    rejects = draw(st.lists(REJECTS, max_size=3))
    # As many as there may be, without drawing each.
    return Told(
        runs=(runs * MOST_RUNS)[:MOST_RUNS],
        rejects=(rejects * MOST_REJECTS)[:MOST_REJECTS],
        open_rejects=draw(st.lists(OPEN, max_size=3)) * 20,
        broken={"r": {"run_id": draw(TEXTS), "as_of": NOW, "words": draw(TEXTS)}},
        last_as_of=draw(st.none() | MOMENTS),
    )


@given(told=tolds(), title=TEXTS, schedule=st.none() | st.sampled_from(["@daily", "7 * * * *"]))
def test_summary_is_json_of_its_schema_and_of_a_bounded_size(
    told: Told, title: str, schedule: str | None
) -> None:
    rule = DeclaredRule(name="r", words=title, severity="error")
    sink = about(title, schedule=schedule, rules=(rule,), key=(title,))
    found = compose(sink, told, drawn=None, revision="r", now=NOW)
    bodies = {kind: encode(value, most_bytes=MOST_BYTES) for kind, value in found.items()}
    assert {kind for kind, body in bodies.items() if len(body) > MOST_BYTES} == set()
    # Strict: no NaN, and no infinity.
    summary, values = (
        json.loads(bodies[kind], parse_constant=refuse) for kind in ("sinks", "values")
    )
    assert len(summary["runs"]) == len(told.runs)
    assert len(summary["rejects"]) == len(values["raw"]) == len(told.rejects)
    assert "raw" not in "".join(key for each in summary["rejects"] for key in each)
    assert summary["rules"][0]["last_broken"]["as_of"] == "2020-12-01T08:30:00Z"
    assert not is_news(sink, told, summary)


def refuse(name: str) -> None:
    raise AssertionError(name)


@given(told=tolds(), more=RUNS)
def test_one_run_more_is_news(told: Told, more: dict[str, Any]) -> None:
    found = compose(about(), told, drawn=None, revision="r", now=NOW)["sinks"]
    known = json.loads(encode(found, most_bytes=MOST_BYTES))
    later = Told(
        runs=[{**more, "status": "other"}, *told.runs][:MOST_RUNS],
        rejects=told.rejects,
        open_rejects=told.open_rejects,
        broken=told.broken,
        last_as_of=told.last_as_of,
    )
    assert is_news(about(), later, known)
    assert is_news(about(), told, None)
    assert is_news(about(), told, [])


@given(name=TEXTS)
def test_key_of_any_name_is_one_that_s3_takes(name: str) -> None:
    assert len(key_of("sinks", name).encode()) <= 1024
    assert key_of("sinks", name).count("/") == 3


COLUMNS = (
    Column(name="d", type="date", nullable=False),
    Column(name="g", type="text", nullable=False),
    Column(name="label", type="text", nullable=False),
    Column(name="n", type="double precision"),
)
POINTS = st.lists(st.tuples(st.dates(), TEXTS, st.none() | TEXTS, st.none() | NUMBERS), max_size=20)


@given(rows=POINTS)
def test_chart_has_every_point_of_every_group_and_only_numbers_of_json(
    rows: list[tuple[Any, ...]],
) -> None:
    chart = charts.chart_of(COLUMNS, key=("d", "g"))
    assert chart
    drawn = drawing.draw(chart, sorted(rows, key=lambda row: row[0]))
    points = json.loads(to_json(drawn.points), parse_constant=refuse)
    assert len(points) == len({group for _, group, _, _ in rows})
    assert sum(len(each["date"]) for each in points.values()) == len(rows)
    for each in points.values():
        assert each["date"] == sorted(each["date"])
        assert len(each["values"]["n"]) == len(each["date"])
    assert drawn.cut is None


@given(groups=st.integers(drawing.MOST_GROUPS - 1, drawing.MOST_GROUPS + 2))
def test_groups_beyond_the_most_are_left_out_and_it_says_so(groups: int) -> None:
    chart = charts.chart_of(COLUMNS, key=("d", "g"))
    assert chart
    rows = [(NOW.date(), f"{number}", None, 1) for number in range(groups)]
    drawn = drawing.draw(chart, rows)
    assert len(drawn.points) == min(groups, drawing.MOST_GROUPS)
    assert (drawn.cut is None) == (groups <= drawing.MOST_GROUPS)


@given(days=st.lists(st.dates(), max_size=20), most=st.integers(1, 10))
def test_what_is_cut_leaves_whole_dates(days: list[Any], most: int) -> None:
    rows = [(day,) for day in sorted(days, reverse=True)][: most + 1]
    kept, cut = drawing.newest_dates(rows, most=most)
    assert len(kept) <= most
    assert [*kept] == sorted(kept)
    assert (cut is None) == (len(rows) <= most)
    if cut and len({*rows}) > 1:
        left = {*rows} - {*kept}
        assert left.isdisjoint(kept)


@given(as_of=st.timedeltas(timedelta(), timedelta(days=20_000)).map(lambda age: NOW + age))
def test_data_is_late_only_after_the_next_run_has_had_time(as_of: datetime) -> None:
    daily = due_after("30 8 * * *", as_of)
    assert daily
    assert timedelta(hours=2) < daily - as_of <= timedelta(hours=26)
    hour = as_of.replace(minute=0, second=0, microsecond=0)
    # The run of 8:07 is of 8:00: the next one is at 9:07.
    hourly = due_after("7 * * * *", hour, step=timedelta(hours=1))
    assert hourly == hour + timedelta(hours=1, minutes=7 + 30)
    assert due_after("@once", as_of) is None


def test_lines_are_said_to_be_named_by_what_names_them() -> None:
    chart = charts.chart_of(COLUMNS, key=("d", "g"))
    assert chart
    day = date(2020, 12, 1)
    for labels, group in ((("A", "B"), "label"), (("A", "A"), "g"), (("A", None), "g")):
        rows = [(day, name, label, 1) for name, label in zip("ab", labels, strict=True)]
        drawn = drawing.draw(chart, rows)
        assert (drawn.axes["group"], [*drawn.points]) == (
            group,
            ["A", "B"] if group == "label" else ["a", "b"],
        )
        assert [*drawn.keys.values()] == [{"g": "a"}, {"g": "b"}]
        assert drawn.keys.keys() == drawn.points.keys()


def test_moment_is_iso_in_utc() -> None:
    assert moment(datetime(1, 1, 1, tzinfo=timezone.utc)) == "0001-01-01T00:00:00Z"


@given(rows=st.lists(st.tuples(st.dates(), st.sampled_from("abc"), NUMBERS), max_size=20))
def test_lists_of_postgres_and_rows_make_the_same_chart(rows: list[tuple[Any, ...]]) -> None:
    chart = charts.chart_of(COLUMNS, key=("d", "g"))
    assert chart
    ordered = [
        (day, group, f"label of {group}", drawing.short(number))
        for day, group, number in sorted(rows, key=lambda row: row[0])
    ]
    groups = []
    for name in sorted({row[1] for row in ordered}):
        own = [row for row in ordered if row[1] == name]
        groups.append(
            drawing.Group(
                name=name,
                label=own[0][2],
                size=len(own),
                is_cut=False,
                dates=[row[0].isoformat() for row in own],
                lists=[[row[3] for row in own]],
            )
        )
    drawn = drawing.draw_groups(chart, groups)
    assert to_json(drawn.points) == to_json(drawing.draw(chart, ordered).points)
    assert drawn.cut is None
