"""Shrunken snapshots of a dataset that has a person decide: asked about, answered, loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from include.contracts.tables import ShrinkLimit
from include.core.runs.questions import run_after_answer
from include.datasets import covid_us_daily
from include.errors import ChangedKeysError, RunInputError, ShrunkenSnapshotError
from tests.support import covid_oracle as oracle
from tests.support.pipeline_runs import moment, write_version
from tests.support.resumable_runs import Worker
from tests.support.worker_processes import processes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from include.contracts.github import GitHubDataset
    from include.core.runs.outbox import Notice
    from include.core.runs.questions import Question
    from include.pipelines.github_csv_to_postgres import Decision, LoadedSnapshot
    from tests.support.pipeline_runs import PipelineRuns
    from tests.support.resumable_runs import Place

ASKING = replace(
    covid_us_daily.DATASET,
    vanished="delete",
    shrink=ShrinkLimit(rows=2, share=0.2, ask=True),
    rules=(),
)
DAYS = range(1, 11)
QUESTIONS = """
    select state, times, missing, rows_before, row_count, decided_by from ops.shrunken_snapshot
    order by asked_at
"""


@dataclass
class Table:
    """covid.us_daily, fed by a dataset that has a person decide."""

    place: Place
    root: Path

    def __post_init__(self) -> None:
        self.runs = self.place.tasks()

    def publish(self, day: int, days: Iterable[int], cases: int = 10) -> None:
        """Commit a version of the source in the morning of a day of December."""
        rows = [f"2020-11-{each:02},{cases * each},1" for each in days]
        text = "\n".join(["date,cases,deaths", *rows, ""])
        write_version(self.root, oracle.US, f"2020-12-{day:02}T060000Z", text)

    def run(self, day: int, name: str = "", **options: Any) -> LoadedSnapshot:
        """The run of a day, with its notice."""
        run_id = name or f"day {day}"
        return self.runs.run(moment(f"2020-12-{day:02}"), run_id=run_id, **options)

    def answer(self, loaded: LoadedSnapshot, option: str, by: str | None = "ann") -> Any:
        """Answer the question that a run has started, and run what the answer starts."""
        run_id, as_of, decision = answer_to(loaded, option, by)
        return self.runs.run(as_of, run_id=run_id, decision=decision)

    @property
    def days(self) -> set[int]:
        """The days of November that the table has."""
        return {row[0].day for row in self.runs.content()}

    @property
    def questions(self) -> list[tuple[Any, ...]]:
        return self.runs.query(QUESTIONS)

    @property
    def last(self) -> Notice:
        """The notice that was sent last."""
        return self.runs.published[-1]


def answer_to(
    loaded: LoadedSnapshot, option: str, by: str | None = "ann"
) -> tuple[str, datetime, Decision]:
    """What the answer to the question of a run starts: id, as_of and decision of a run."""
    person = {"id": "1", "name": by} if by else None
    said: Any = {"chosen_options": [option], "responded_by_user": person}
    asked = loaded["questions"][0]["trigger_run_id"]
    (started,) = run_after_answer(question_of(loaded), asked, said)
    conf = started["conf"]
    approved = "approved" in conf
    decision: Decision = {
        "snapshot": conf["approved" if approved else "refused"],
        "approved": approved,
        "decided_by": conf["decided_by"],
    }
    return started["trigger_run_id"], moment(conf["as_of"].rstrip("Z")), decision


def question_of(loaded: LoadedSnapshot) -> Question:
    (started,) = loaded["questions"]
    assert started["trigger_dag_id"] == "approve_shrinking"
    return cast("Question", started["conf"])


def changed(loaded: LoadedSnapshot) -> tuple[int, int, int]:
    return loaded["inserted"], loaded["updated"], loaded["deleted"]


@pytest.fixture
def root(github_root: Path) -> Path:
    """The stand-in's folder, where the second source has nothing to add, and the first no file."""
    for version in github_root.rglob("*Z.csv"):
        version.unlink()
    header = "Date,Country/Region,Province/State,Confirmed,Recovered,Deaths\n"
    write_version(github_root, oracle.COMBINED, "2020-12-01T060000Z", header)
    return github_root


def table_of(place: Place, root: Path, dataset: GitHubDataset) -> Table:
    return Table(replace(place, dataset=dataset), root)


@pytest.fixture
def table(place: Place, root: Path) -> Table:
    """A table of ten days; since the second of December its source has five of them."""
    found = table_of(place, root, ASKING)
    found.publish(1, DAYS)
    found.publish(2, range(1, 6))
    assert found.run(1)["inserted"] == len(DAYS)
    return found


def test_shrunken_snapshot_ends_its_run_well_with_one_notice_and_nothing_loaded(
    table: Table,
) -> None:
    before = table.runs.versions()
    loaded = table.run(2)
    assert changed(loaded) == (0, 0, 0)
    assert table.runs.versions() == before
    ledger = table.runs.ledger("day 2")
    assert (ledger["status"], ledger["read"]) == ("skipped", 0)
    assert ledger["details"]["question"]["missing"] == 5
    assert ledger["details"]["question"]["state"] == "asked"
    assert [notice.run_id for notice in table.runs.published] == ["day 1", "day 2"]
    assert table.last.subject == "Sluice covid_us_daily: waits for a person, 5 of 10 rows are gone"
    assert table.last.attributes["status"] == "asked"
    assert f"{question_run(loaded)}/required_actions" in table.last.body


def question_run(loaded: LoadedSnapshot) -> str:
    return f"/dags/approve_shrinking/runs/{loaded['questions'][0]['trigger_run_id']}"


def test_question_shows_counts_and_first_keys_and_the_notice_and_the_ledger_show_no_key(
    table: Table,
) -> None:
    question = question_of(table.run(2))
    for line in (
        "rows of the snapshot before:              10",
        "rows of this snapshot:                     5",
        "gone:                                      5",
        "new:                                       0",
        *(f'{{"date": "2020-11-{day:02}"}}' for day in range(6, 11)),
        "- **Approve**: the snapshot is loaded, and the 5 rows are deleted.",
    ):
        assert line in question["body"].splitlines()
    assert question["subject"] == "covid.us_daily: may 5 of 10 rows go? (2020-12-02T08:30:00Z)"
    told = json.dumps(
        [table.runs.ledger("day 2"), table.last.body, table.last.subject], default=str
    )
    assert "2020-11-" not in told


def test_only_the_first_20_keys_are_shown(table: Table) -> None:
    table.publish(3, range(1, 31))
    table.publish(4, [1])
    table.run(3)
    body = question_of(table.run(4))["body"]
    assert body.count('{"date": ') == 20
    assert '"2020-11-21"' in body
    assert '"2020-11-22"' not in body


def test_approved_snapshot_is_loaded_and_who_approved_is_kept(table: Table) -> None:
    loaded = table.answer(table.run(2), "Approve")
    assert changed(loaded) == (0, 0, 5)
    assert loaded["questions"] == []
    assert table.days == set(range(1, 6))
    assert table.questions == [("loaded", 1, 5, 10, 5, "ann")]
    assert table.last.attributes["status"] == "success"
    said = "5 rows are gone, as ann has approved"
    assert said in table.last.body
    assert table.runs.ledger(table.last.run_id)["details"]["warnings"] == [said]
    # The next day has nothing to ask.
    assert table.run(3)["unchanged"] == 5


def test_refused_snapshot_is_told_of_once_and_not_asked_about_again(table: Table) -> None:
    refused = table.answer(table.run(2), "Reject")
    assert changed(refused) == (0, 0, 0)
    assert refused["questions"] == []
    assert table.days == set(DAYS)
    assert table.last.subject == "Sluice covid_us_daily: refused by a person, nothing loaded"
    assert table.last.attributes["status"] == "refused"
    assert ", by ann" in table.last.body
    ledger = table.runs.ledger(table.last.run_id)
    assert (ledger["status"], ledger["details"]["question"]["state"]) == ("skipped", "refused")
    assert ledger["details"]["question"]["decided_by"] == "ann"
    for day in (3, 4):
        assert table.run(day)["questions"] == []
        assert table.last.attributes["status"] == "skipped"
    assert table.days == set(DAYS)
    assert table.questions == [("refused", 1, 5, 10, 5, "ann")]


def test_refused_snapshot_can_be_loaded_by_hand_as_the_notice_says(table: Table) -> None:
    table.answer(table.run(2), "Reject")
    (line,) = (each for each in table.last.body.splitlines() if each.startswith("Load it:"))
    conf = json.loads(line.split("--conf ")[1].strip("'"))
    decision: Decision = {"snapshot": conf["approved"], "approved": True, "decided_by": "bob"}
    as_of = moment(conf["as_of"].rstrip("Z"))
    assert changed(table.runs.run(as_of, run_id="by hand", decision=decision)) == (0, 0, 5)
    assert table.questions == [("loaded", 1, 5, 10, 5, "bob")]


def test_nobody_answers_and_the_next_run_asks_again(table: Table) -> None:
    first = table.run(2)
    assert changed(table.answer(first, "Reject", by=None)) == (0, 0, 0)
    assert table.last.subject == "Sluice covid_us_daily: nobody answered in time, nothing loaded"
    assert table.last.attributes["status"] == "refused"
    second = table.run(5)
    assert table.questions == [("asked", 2, 5, 10, 5, None)]
    runs = [loaded["questions"][0]["trigger_run_id"] for loaded in (first, second)]
    assert len(set(runs)) == 2
    assert changed(table.answer(second, "Approve")) == (0, 0, 5)


def test_open_question_is_asked_once_and_the_runs_meanwhile_say_that_it_waits(
    table: Table,
) -> None:
    first = table.run(2)
    second, again = table.run(3), table.run(2)
    # Each makes sure that it is asked: Airflow starts a run of an id once.
    runs = {loaded["questions"][0]["trigger_run_id"] for loaded in (first, second, again)}
    assert len(runs) == 1
    statuses = [(notice.run_id, notice.status) for notice in table.runs.published]
    assert statuses == [("day 1", "success"), ("day 2", "asked"), ("day 3", "skipped")]
    assert "still waits for a person" in table.last.subject
    assert changed(table.answer(second, "Approve")) == (0, 0, 5)
    assert table.runs.ledger(f"approved__{runs.pop()}")["as_of"] == moment("2020-12-02")


def test_changed_source_is_asked_about_anew_and_each_answer_is_for_its_own_snapshot(
    table: Table,
) -> None:
    first = table.run(2)
    table.publish(3, range(1, 4))
    second = table.run(3)
    assert question_of(second)["valid"] != question_of(first)["valid"]
    table.answer(second, "Reject")
    assert table.days == set(DAYS)
    assert changed(table.answer(first, "Approve")) == (0, 0, 5)
    assert table.days == set(range(1, 6))


def test_approval_does_not_let_another_content_of_the_same_moment_through(
    table: Table,
) -> None:
    first = table.run(2)
    # The history was rewritten: the same moment has as many rows, which are others.
    table.publish(2, range(6, 11))
    table.runs.store.client.delete_objects(
        Bucket=table.runs.store.bucket,
        Delete={"Objects": [{"Key": key} for key in keys(table.runs)]},
    )
    asked = table.answer(first, "Approve")
    assert changed(asked) == (0, 0, 0)
    assert table.days == set(DAYS)
    assert question_of(asked)["valid"] != question_of(first)["valid"]
    assert [row[0] for row in table.questions] == ["approved", "asked"]


def keys(runs: PipelineRuns) -> list[str]:
    """What the archive has."""
    listed = runs.store.client.list_objects_v2(Bucket=runs.store.bucket)
    return [each["Key"] for each in listed["Contents"]]


def test_answer_after_a_newer_snapshot_was_loaded_changes_nothing(table: Table) -> None:
    first = table.run(2)
    table.publish(3, range(1, 13))
    assert changed(table.run(3)) == (2, 0, 0)
    late = table.answer(first, "Approve")
    assert (changed(late), late["superseded"]) == ((0, 0, 0), 5)
    assert table.days == set(range(1, 13))
    assert table.last.attributes["status"] == "success"


def test_same_snapshot_after_another_base_is_another_question(table: Table) -> None:
    table.answer(table.run(2), "Reject")
    table.publish(3, range(1, 13))
    table.run(3)
    table.publish(4, range(1, 6))
    again = table.run(4)
    assert question_of(again)["valid"]
    assert [row[:4] for row in table.questions] == [("refused", 1, 5, 10), ("asked", 1, 7, 12)]


def test_approval_that_was_not_used_is_not_good_after_another_snapshot(table: Table) -> None:
    run_id, as_of, decision = answer_to(table.run(2), "Approve")
    killed = Worker(table.place, as_of, run_id, armed="decide.committed", decision=decision)
    assert killed.end() == "killed"
    assert [row[0] for row in table.questions] == ["approved"]
    table.publish(3, DAYS, cases=20)
    assert changed(table.run(3)) == (0, 10, 0)
    table.publish(4, range(1, 6))
    assert question_of(table.run(4))
    assert len(table.days) == 10


def test_approval_is_good_for_one_load(table: Table) -> None:
    table.answer(table.run(2), "Approve")
    table.publish(3, DAYS)
    table.run(3)
    table.publish(4, range(1, 6))
    assert question_of(table.run(4))
    assert table.questions == [("asked", 2, 5, 10, 5, None)]


def test_more_rows_than_the_person_was_shown_are_asked_about_anew(table: Table) -> None:
    first = table.run(2)
    statement = (
        "insert into covid.us_daily (date, cases, deaths) values ('2020-10-01', 1, 1) returning 1"
    )
    table.runs.query(statement)
    asked = table.answer(first, "Approve")
    assert changed(asked) == (0, 0, 0)
    assert question_of(asked)["valid"] != question_of(first)["valid"]
    assert table.questions == [("asked", 2, 6, 10, 5, None)]
    assert changed(table.answer(asked, "Approve")) == (0, 0, 6)


def test_question_that_was_lost_is_asked_again(table: Table) -> None:
    table.run(2)
    table.runs.query(
        "update ops.shrunken_snapshot set asked_at = now() - interval '2 days' returning 1"
    )
    table.run(3)
    assert table.questions == [("asked", 2, 5, 10, 5, None)]


def test_empty_snapshot_waits_however_small_the_table(table: Table) -> None:
    table.publish(3, [1])
    table.answer(table.run(3), "Approve")
    table.publish(4, [])
    asked = table.run(4)
    assert table.questions[-1][:5] == ("asked", 1, 1, 1, 0)
    assert "The key:" in question_of(asked)["body"]
    assert changed(table.answer(asked, "Approve")) == (0, 0, 1)
    assert table.days == set()


def test_change_of_keys_is_said_in_the_question_where_rows_are_deleted(
    place: Place, root: Path
) -> None:
    table = table_of(place, root, ASKING)
    table.publish(1, [*range(1, 6), 30])
    table.publish(2, [*range(11, 16), 30])
    table.run(1)
    asked = table.run(2)
    remark = "5 keys are gone, and there are 5 new ones for dates that were loaded before"
    assert remark in question_of(asked)["body"]
    assert changed(table.answer(asked, "Approve")) == (5, 0, 5)


def test_refused_answer_to_a_question_that_was_approved_since_changes_nothing(
    table: Table,
) -> None:
    first = table.run(2)
    table.answer(first, "Approve")
    late = table.answer(first, "Reject", by="bob")
    assert changed(late) == (0, 0, 0)
    assert table.questions == [("loaded", 1, 5, 10, 5, "ann")]
    assert table.last.attributes["status"] == "skipped"
    assert "approved by a person and loaded before" in table.last.subject


def test_refusal_of_what_nobody_asked_about_is_an_error(table: Table) -> None:
    decision: Decision = {"snapshot": "0" * 64, "approved": False, "decided_by": "ann"}
    with pytest.raises(RunInputError, match="nobody was asked about"):
        table.run(2, decision=decision)


def test_approval_of_what_nobody_asked_about_does_not_load_it(table: Table) -> None:
    decision: Decision = {"snapshot": "0" * 64, "approved": True, "decided_by": "ann"}
    assert question_of(table.run(2, decision=decision))
    assert table.days == set(DAYS)


def test_dry_run_says_what_would_be_asked_and_asks_nobody(table: Table) -> None:
    loaded = table.run(2, "dry", dry_run=True)
    assert loaded["questions"] == []
    assert "a person would be asked, 5 of 10 rows are gone" in loaded["notice"]["subject"]
    assert table.questions == []
    assert table.runs.query("select 1 from ops.run where run_id = 'dry'") == []


def test_kept_rows_are_counted_and_shown_only_when_they_vanish_for_the_first_time(
    place: Place, root: Path
) -> None:
    keeping = replace(ASKING, vanished="keep", shrink=ShrinkLimit(rows=2, share=0.15, ask=True))
    table = table_of(place, root, keeping)
    table.publish(1, DAYS)
    table.publish(2, range(2, 11))  # one has vanished: below the limit
    table.publish(3, range(4, 11))
    for day in (1, 2):
        table.run(day)
    asked = table.run(3)
    body = question_of(asked)["body"]
    assert table.questions == [("asked", 1, 2, 9, 7, None)]
    assert body.count('{"date": ') == 2
    assert "The 2 rows stay in the table, though the source has them no more." in body
    assert changed(table.answer(asked, "Approve")) == (0, 0, 0)
    assert table.days == set(DAYS)
    assert table.run(4)["questions"] == []


def test_change_of_keys_stops_where_rows_are_kept_whatever_a_person_says(
    place: Place, root: Path
) -> None:
    keeping = replace(ASKING, vanished="keep")
    table = table_of(place, root, keeping)
    table.publish(1, [*range(1, 6), 30])
    table.publish(2, [*range(11, 16), 30])
    table.run(1)
    with pytest.raises(ChangedKeysError):
        table.run(2)


def test_dataset_that_asks_nobody_fails_as_before(table: Table) -> None:
    table.runs.dataset = replace(ASKING, shrink=ShrinkLimit(rows=2))
    with pytest.raises(ShrunkenSnapshotError, match="lacks 5 of the 10 rows"):
        table.run(2)
    assert table.questions == []


DAY_2 = moment("2020-12-02")
TOLD = "select run_id, status from ops.outbox where sent_at is not null order by run_id"


@pytest.mark.thorough(usual=2)
@pytest.mark.parametrize(
    "failpoint", ["ask.entered", "ask.entered_in_ledger", "ask.recorded", "ask.committed"]
)
def test_question_survives_the_death_of_its_worker(table: Table, failpoint: str) -> None:
    before = table.runs.versions()
    worker = Worker(table.place, DAY_2, "killed", armed=failpoint)
    assert worker.end() == "killed"
    again = table.place.run(DAY_2, "killed")
    assert table.questions == [("asked", 1, 5, 10, 5, None)]
    assert question_of(again)
    assert table.runs.ledger("killed")["status"] == "skipped"
    assert table.runs.query(TOLD) == [("day 1", "success"), ("killed", "asked")]
    assert table.runs.versions() == before


@pytest.mark.thorough(usual=3)
@pytest.mark.parametrize(
    ("option", "failpoint"),
    [
        *(("Reject", name) for name in ("decide.entered", "decide.committed")),
        *(("Reject", name) for name in ("ask.entered_in_ledger", "ask.recorded")),
        *(("Approve", name) for name in ("decide.entered", "decide.committed")),
        *(("Approve", name) for name in ("upsert.registered", "upsert.committed")),
    ],
)
def test_answer_survives_the_death_of_its_worker(table: Table, option: str, failpoint: str) -> None:
    run_id, as_of, decision = answer_to(table.run(2), option)
    worker = Worker(table.place, as_of, run_id, armed=failpoint, decision=decision)
    assert worker.end() == "killed"
    again = table.place.run(as_of, run_id, decision=decision)
    assert again["questions"] == []
    approved = option == "Approve"
    state, status = ("loaded", "success") if approved else ("refused", "refused")
    assert table.questions == [(state, 1, 5, 10, 5, "ann")]
    assert table.days == set(range(1, 6) if approved else DAYS)
    told = [("day 1", "success"), ("day 2", "asked"), (run_id, status)]
    assert sorted(table.runs.query(TOLD)) == sorted(told)
    written = table.runs.versions()
    table.place.clear(run_id)
    table.place.run(as_of, run_id, decision=decision)
    assert table.runs.versions() == written
    assert sorted(table.runs.query(TOLD)) == sorted(told)


@pytest.mark.parametrize("number", [2, 8])
def test_runs_that_ask_at_once_ask_one_question(table: Table, number: int) -> None:
    names = [f"run {each}" for each in range(number)]
    for name in names:
        table.place.prepare(DAY_2, name)
    barrier = processes.Barrier(number)
    workers = [Worker(table.place, DAY_2, name, barrier=barrier) for name in names]
    assert [worker.end() for worker in workers] == ["done"] * number
    assert table.questions == [("asked", 1, 5, 10, 5, None)]
    # Each hands the same run to Airflow, which makes it once.
    asked = {table.place.run(DAY_2, name)["questions"][0]["trigger_run_id"] for name in names}
    assert len(asked) == 1
    told = [status for _, status in table.runs.query(TOLD)]
    assert sorted(told) == sorted(["success", "asked", *["skipped"] * (number - 1)])
