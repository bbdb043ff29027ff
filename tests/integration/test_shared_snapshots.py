"""Snapshots that are made once: found by later runs, made anew when anything is amiss."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.datasets import covid_us_daily
from include.errors import RuleError
from infra.local.stand_ins.github import GitHubStandIn
from tests.support import covid_oracle as oracle
from tests.support.examples import examples
from tests.support.pipeline_runs import PipelineRuns, moment, write_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.core.aws.objects import ObjectStore
    from include.core.warehouse.connection import Connect

DAYS = [moment("2020-12-01") + timedelta(days=day) for day in range(8)]
OPS = ("run", "rejected_row", "outbox", "vanished_row")


def us_csv(days: int, *, cases: int = 100, faulty: str = "") -> str:
    lines = [f"2020-11-{day + 1:02},{cases + day},{day}" for day in range(days)]
    return "\n".join(["date,cases,deaths", *lines, ""]) + faulty


def write_us(root: Path, committed_at: str, content: str) -> None:
    write_version(root, oracle.US, committed_at, content)


@pytest.fixture
def runs(loader: Connect, lake: ObjectStore, github: GitHubStandIn, tmp_path: Path) -> PipelineRuns:
    """Runs over two sources of one version each, the first with a row that is rejected."""
    header = "Date,Country/Region,Province/State,Recovered"
    write_us(github.root, "2020-12-01T060000Z", us_csv(3, faulty="2020-11-04,x,1\n"))
    write_version(
        github.root, oracle.COMBINED, "2020-12-01T060000Z", f"{header}\n2020-11-01,US,,7\n"
    )
    return PipelineRuns(
        dataset=covid_us_daily.DATASET,
        connect=loader,
        store=lake,
        github_url=github.url,
        scratch=tmp_path / "scratch",
    )


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubStandIn]:
    root = tmp_path / "github"
    root.mkdir()
    with GitHubStandIn(root) as stand_in:
        yield stand_in


@dataclass
class Keys:
    """The objects below work/, by how their keys end."""

    store: ObjectStore

    def ending(self, suffix: str) -> str:
        found = self.store.client.list_objects_v2(Bucket=self.store.bucket, Prefix="work/")
        (key,) = [one["Key"] for one in found["Contents"] if one["Key"].endswith(suffix)]
        return str(key)

    def put(self, suffix: str, body: bytes) -> None:
        self.store.client.put_object(Bucket=self.store.bucket, Key=self.ending(suffix), Body=body)

    def delete(self, suffix: str) -> None:
        self.store.client.delete_object(Bucket=self.store.bucket, Key=self.ending(suffix))


@pytest.fixture
def keys(lake: ObjectStore) -> Keys:
    return Keys(lake)


def clean(runs: PipelineRuns, day: datetime, run_id: str, **asked: Any) -> Any:
    return runs.clean(runs.download(day, run_id=run_id), day, run_id=run_id, **asked)


def refuse_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object, **__: object) -> None:
        raise AssertionError("a file is read")

    monkeypatch.setattr("include.pipelines.github_csv_to_postgres.transform.load_csv", read)


def test_run_of_the_same_versions_reads_compares_and_downloads_nothing_and_says_so(
    runs: PipelineRuns, github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.run(DAYS[0], run_id="first")
    rows, requests = runs.versions(), len(github.requests)
    refuse_reading(monkeypatch)
    monkeypatch.setattr(
        "include.core.warehouse.changes.find_newest_changes", lambda *_: pytest.fail("compared")
    )
    runs.run(DAYS[3], run_id="second")
    assert not [one for one in github.requests[requests:] if "/commits?" not in one]
    assert runs.versions() == rows
    first, second = runs.ledger("first"), runs.ledger("second")
    assert (second["read"], second["rejected"], second["unchanged"]) == (4, 1, 3)
    assert second["details"]["nothing_new_since"] == "2020-12-01T08:30:00Z"
    assert first["details"]["nothing_new_since"] is None
    assert "Nothing new: the rows are those of 2020-12-01T08:30:00Z" in runs.published[1].body
    assert "Nothing new" not in runs.published[0].body
    assert runs.query("select as_of from ops.sink where sink = 'covid.us_daily'") == [(DAYS[3],)]
    quarantined = "select run_id, line, raw, version from ops.rejected_row order by run_id"
    (one, two) = runs.query(quarantined)
    assert (one[0], two[0], one[1:]) == ("first", "second", two[1:])


def test_dry_run_of_the_same_versions_says_that_nothing_would_change(runs: PipelineRuns) -> None:
    runs.run(DAYS[0])
    found = runs.run(DAYS[3], run_id="dry", dry_run=True)
    assert (found["unchanged"], found["preview"]) == (3, [])
    assert "0 rows would change" in found["notice"]["subject"]
    assert runs.query("select as_of from ops.sink where sink = 'covid.us_daily'") == [(DAYS[0],)]


def test_refetch_reads_again(runs: PipelineRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.run(DAYS[0])
    refuse_reading(monkeypatch)
    with pytest.raises(AssertionError, match="a file is read"):
        runs.run(DAYS[0], run_id="again", refetch=True)


def test_table_that_somebody_else_wrote_to_is_compared_and_set_right(runs: PipelineRuns) -> None:
    runs.run(DAYS[0])
    runs.query("update covid.us_daily set cases = 1 where date = '2020-11-01' returning 1")
    found = runs.run(DAYS[3], run_id="second")
    assert (found["updated"], found["unchanged"]) == (1, 2)
    assert runs.ledger("second")["details"]["nothing_new_since"] is None


def test_other_contract_is_read_anew(runs: PipelineRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    clean(runs, DAYS[0], "first")
    refuse_reading(monkeypatch)
    clean(runs, DAYS[1], "second")
    runs.dataset = replace(runs.dataset, rules=runs.dataset.rules[:-1])
    with pytest.raises(AssertionError, match="a file is read"):
        clean(runs, DAYS[1], "third")


def test_age_of_the_newest_day_is_judged_at_each_moment(runs: PipelineRuns) -> None:
    young, old = (
        datetime(2020, 11, 7, tzinfo=timezone.utc),
        datetime(2020, 11, 8, tzinfo=timezone.utc),
    )
    archived = runs.download(DAYS[0], run_id="first")
    warned = [runs.clean(archived, day, run_id="r")["warnings"] for day in (young, old, young)]
    assert warned == [[], ["the newest date is 2020-11-03, 5 days before as_of; 4 are allowed"], []]
    rules = tuple(replace(rule, severity="error") for rule in runs.dataset.rules)
    runs.dataset = replace(runs.dataset, rules=rules)
    runs.clean(archived, young, run_id="r")
    with pytest.raises(RuleError, match="5 days before as_of"):
        runs.clean(archived, old, run_id="r")


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", "made.json"])
@pytest.mark.parametrize("damage", ["altered", "gone"])
def test_file_that_is_damaged_or_gone_is_made_anew(
    runs: PipelineRuns, keys: Keys, suffix: str, damage: str
) -> None:
    runs.run(DAYS[0])
    if damage == "gone":
        keys.delete(suffix)
    else:
        keys.put(suffix, b"damaged")
    runs.query("delete from covid.us_daily returning 1")
    found = runs.run(DAYS[1], run_id="second")
    assert (found["inserted"], found["rejected"]) == (3, 1)


def test_snapshot_that_the_lake_will_soon_drop_is_made_anew(runs: PipelineRuns, keys: Keys) -> None:
    clean(runs, DAYS[0], "first")
    record = runs.store.get_json(keys.ending("made.json"))
    for days, stays in ((4, True), (6, False)):
        made_at = (datetime.now(timezone.utc) - timedelta(days=days)).isoformat()
        keys.put("made.json", json.dumps({**record, "made_at": made_at}).encode())
        clean(runs, DAYS[0], "second")
        assert (runs.store.get_json(keys.ending("made.json"))["made_at"] == made_at) == stays


def test_runs_that_make_one_snapshot_at_once_load_it_once(runs: PipelineRuns) -> None:
    archived = runs.download(DAYS[0], run_id="download")
    with ThreadPoolExecutor(max_workers=2) as pool:
        made = pool.map(
            lambda name: runs.clean(archived, DAYS[0], run_id=name, refetch=True), ("one", "two")
        )
    loaded = [runs.upsert(one, DAYS[0], run_id=name) for one, name in zip(made, "ab", strict=True)]
    assert [one["inserted"] for one in loaded] == [3, 0]
    assert [one["unchanged"] for one in loaded] == [0, 3]


def test_backfill_between_two_confirmations_changes_nothing_that_they_confirmed(
    runs: PipelineRuns, github: GitHubStandIn
) -> None:
    for day in (DAYS[0], DAYS[5]):  # the second confirms the first's version
        runs.run(day)
    before = runs.versions(), runs.content()
    # Pushed late: a version of a moment between the two, with other values and one more day.
    write_us(github.root, "2020-12-03T060000Z", us_csv(4, cases=900))
    found = runs.run(DAYS[3], run_id="between", refetch=True)
    assert (found["inserted"], found["updated"], found["superseded"]) == (1, 0, 3)
    assert {key: runs.versions()[key] for key in before[0]} == before[0]
    # And between them again, by the version that both confirm.
    again = runs.run(DAYS[1], run_id="same")
    assert (again["inserted"], again["updated"], again["superseded"]) == (0, 0, 3)
    assert runs.content()[:3] == before[1]


def forget(warehouse: Connect) -> None:
    with closing(warehouse()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("truncate covid.us_daily, ops.sink, " + ", ".join(f"ops.{t}" for t in OPS))


def test_any_order_of_dates_ends_the_same_with_shared_snapshots_and_without(
    runs: PipelineRuns, github: GitHubStandIn, warehouse: Connect
) -> None:
    for day, version in {2: us_csv(4), 4: us_csv(2, cases=105), 6: us_csv(4)}.items():
        write_us(github.root, f"2020-12-0{day}T070000Z", version)

    def outcome(order: list[int], *, refetch: bool) -> Any:
        forget(warehouse)
        for place, day in enumerate(order):
            runs.run(DAYS[day], run_id=f"{place}", refetch=refetch)
        columns = "run_id, read, rejected, inserted, updated, unchanged, superseded, deleted"
        ledger = runs.query(f"select {columns}, details->'warnings' from ops.run order by run_id")
        quarantine = runs.query(
            "select run_id, line, raw, version from ops.rejected_row order by 1"
        )
        known = runs.query("select as_of, content_sha256, row_count from ops.sink")
        vanished = runs.query("select key::text, last_seen from ops.vanished_row order by 1")
        return runs.content(), ledger, quarantine, known, vanished

    @settings(
        max_examples=examples(4),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.lists(st.integers(0, 7), min_size=2, max_size=5))
    def ends_the_same(order: list[int]) -> None:
        assert outcome(order, refetch=False) == outcome(order, refetch=True)

    runs.run(DAYS[0])
    ends_the_same()
