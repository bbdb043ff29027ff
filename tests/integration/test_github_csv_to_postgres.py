"""The pipeline from GitHub to Postgres, in one process over real HTTP, S3 and Postgres."""

from __future__ import annotations

import random
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts.files import RejectLimit
from include.core.runs.outbox import Notice, write_notice
from include.core.warehouse.connection import transaction
from include.datasets import covid_us_daily, covid_us_states_daily
from include.errors import (
    InputFileError,
    NoVersionError,
    RejectLimitError,
    RuleError,
    ShrunkenSnapshotError,
    SourceUnavailableError,
)
from include.pipelines.github_csv_to_postgres import announce_end
from infra.local.stand_ins.github import Fault, GitHubStandIn
from tests.support import covid_oracle as oracle
from tests.support.pipeline_runs import PipelineRuns, moment, write_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.contracts.github import GitHubDataset
    from include.core.aws.objects import ObjectStore
    from include.core.warehouse.connection import Connect

SHIPPED = Path(__file__).parents[2] / "infra" / "local" / "github"
ORACLES: dict[str, Callable[..., Any]] = {
    "covid_us_daily": oracle.us_daily,
    "covid_us_states_daily": oracle.us_states_daily,
}

Start = "Callable[..., PipelineRuns]"


@pytest.fixture
def start(loader: Connect, lake: ObjectStore, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts a stand-in over a folder, and gives runs of a dataset from it."""
    with ExitStack() as stack:

        def begin(
            root: Path, dataset: GitHubDataset = covid_us_daily.DATASET, fault: Any = None
        ) -> PipelineRuns:
            stand_in = stack.enter_context(GitHubStandIn(root, fault=fault))
            runs = PipelineRuns(
                dataset=dataset,
                connect=loader,
                store=lake,
                github_url=stand_in.url,
                scratch=tmp_path / "scratch",
            )
            runs.requests = stand_in.requests  # type: ignore[attr-defined] # for one test
            return runs

        yield begin


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two sources with one version each: three days, recovered for two of them."""
    folder = tmp_path / "github"
    write_version(folder, oracle.US, "2020-12-01T060000Z", us_csv(3))
    write_version(folder, oracle.COMBINED, "2020-12-01T060000Z", combined_csv(2))
    return folder


def us_csv(days: int, *, cases: int = 100) -> str:
    lines = [f"2020-11-{day + 1:02},{cases + day},{day}" for day in range(days)]
    return "\n".join(["date,cases,deaths", *lines, ""])


def combined_csv(days: int, *, recovered: int = 10) -> str:
    header = "Date,Country/Region,Province/State,Confirmed,Recovered,Deaths"
    lines = []
    for day in range(days):
        date = f"2020-11-{day + 1:02}"
        lines.append(f"{date},Australia,Victoria,5,4,1")
        lines.append(f"{date},US,,9,{recovered + day},1")
        lines.append(f"{date},US,Guam,2,1,0")
    return "\n".join([header, *lines, ""])


def shipped_moments(root: Path) -> list[Any]:
    days = [moment("2020-11-28") + timedelta(days=day) for day in range(10)]
    return [day for day in days if oracle.us_daily(root, day) is not None]


@pytest.mark.thorough(usual=2)
@pytest.mark.parametrize(
    "dataset",
    [covid_us_daily.DATASET, covid_us_states_daily.DATASET],
    ids=lambda dataset: dataset.name,
)
@pytest.mark.parametrize("order", ["forwards", "backwards", "shuffled"])
def test_any_order_of_dates_ends_as_plain_python_says(
    start: Callable[..., PipelineRuns], dataset: GitHubDataset, order: str
) -> None:
    runs = start(SHIPPED, dataset)
    snapshot_at = ORACLES[dataset.name]
    moments = [day for day in shipped_moments(SHIPPED) if snapshot_at(SHIPPED, day)]
    assert len(moments) > 2
    if order == "backwards":
        moments.reverse()
    if order == "shuffled":
        random.Random(7).shuffle(moments)  # noqa: S311 -- a repeatable shuffle
    loaded: list[Any] = []
    for as_of in moments:
        snapshot = snapshot_at(SHIPPED, as_of)
        expected = oracle.counts(loaded, as_of, snapshot)
        found = runs.run(as_of)
        got = tuple(found[name] for name in ("inserted", "updated", "unchanged", "superseded"))
        assert (as_of, got) == (as_of, expected)
        assert found["read"] == len(snapshot) + found["rejected"]
        loaded.append((as_of, snapshot))
        assert runs.content() == oracle.table(loaded)
    assert len(runs.published) == len(moments)


def test_columns_that_an_older_version_had_are_ignored(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    header = "Date,Country/Region,Province/State,Lat,Long,Confirmed,Recovered,Deaths"
    old = f"{header}\n2020-11-01,US,,37.1,-95.7,1,6,0\n"
    write_version(root, oracle.COMBINED, "2020-11-30T000000Z", old)
    runs = start(root)
    write_version(root, oracle.US, "2020-11-30T000000Z", us_csv(2))
    runs.run(moment("2020-11-30"))
    assert [row[3] for row in runs.content()] == [6, None]


def test_dates_rewritten_by_a_spreadsheet_are_accepted(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    write_version(root, oracle.US, "2020-12-02T060000Z", "date,cases,deaths\n11/1/2020,100,0\n")
    runs = start(root)
    runs.run(moment("2020-12-01"))
    found = runs.run(moment("2020-12-02"))
    assert (found["unchanged"], len(runs.content())) == (1, 3)


def test_rows_of_each_file_are_accounted_for(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    write_version(root, oracle.US, "2020-12-02T060000Z", us_csv(3) + "2020-11-04,x,1\n")
    runs = start(root)
    runs.run(moment("2020-12-02"), run_id="one")
    row = runs.ledger("one")
    assert (row["read"], row["rejected"], row["inserted"]) == (4, 1, 3)
    us, combined = row["details"]["sources"]
    assert (us["read"], us["kept"], us["filtered"], us["rejected"]) == (4, 3, 0, 1)
    counted = [combined[name] for name in ("read", "kept", "filtered", "rejected")]
    assert counted == [6, 2, 4, 0]
    assert row["details"]["rejects_by_code"] == {"not_an_integer": 1}


def test_rejected_row_waits_in_quarantine_with_file_line_and_reason(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    write_version(root, oracle.US, "2020-12-02T060000Z", us_csv(3) + "2020-11-04,x,1\n")
    runs = start(root)
    for _ in range(2):
        runs.run(moment("2020-12-02"), run_id="one")
    (rejected,) = runs.query(
        "select file, length(version), line, column_name, code, raw from ops.rejected_row"
    )
    assert rejected == (
        "nytimes/covid-19-data/us.csv", 40, 5, "cases", "not_an_integer", "2020-11-04,x,1",
    )  # fmt: skip


def test_row_values_stand_in_no_notice(start: Callable[..., PipelineRuns], root: Path) -> None:
    write_version(root, oracle.US, "2020-12-02T060000Z", us_csv(3) + "2020-11-04,secret,1\n")
    runs = start(root)
    runs.run(moment("2020-12-02"))
    (notice,) = runs.published
    assert "not_an_integer: 1" in notice.body
    assert "secret" not in notice.body + notice.subject


def test_too_many_rejects_stop_the_run_and_nothing_is_loaded(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    strict = replace(covid_us_daily.DATASET, rejects=RejectLimit())
    runs = start(root, strict)
    runs.run(moment("2020-12-01"))
    before = runs.versions()
    write_version(root, oracle.US, "2020-12-02T060000Z", us_csv(5) + "2020-11-06,x,1\n")
    with pytest.raises(RejectLimitError, match=r"us.csv, line 7, column cases"):
        runs.run(moment("2020-12-02"))
    assert runs.versions() == before


def test_same_day_twice_with_other_values_is_rejected_on_both_lines(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    write_version(root, oracle.US, "2020-12-02T060000Z", us_csv(3) + "2020-11-03,7,7\n")
    runs = start(root)
    found = runs.run(moment("2020-12-02"))
    assert (found["read"], found["rejected"], found["inserted"]) == (4, 2, 2)


def test_same_row_twice_is_one_row_and_one_duplicate(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    write_version(root, oracle.US, "2020-12-02T060000Z", us_csv(3) + "2020-11-03,102,2\n")
    runs = start(root)
    found = runs.run(moment("2020-12-02"))
    assert (found["read"], found["duplicate"], found["inserted"]) == (4, 1, 3)


def test_recovered_that_falls_to_zero_loads_and_warns_in_ledger_and_notice(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    zeros = combined_csv(2) + "2020-11-03,US,,9,0,1\n"
    write_version(root, oracle.COMBINED, "2020-12-02T060000Z", zeros)
    runs = start(root)
    runs.run(moment("2020-12-02"), run_id="one")
    assert runs.content()[-1][3] == 0
    warnings = runs.ledger("one")["details"]["warnings"]
    assert any("recovered is a running total" in warning for warning in warnings)
    assert "recovered is a running total" in runs.published[0].body


def test_stale_source_warns(start: Callable[..., PipelineRuns], root: Path) -> None:
    runs = start(root)
    runs.run(moment("2020-12-20"))
    assert "the newest date is 2020-11-03, 47 days before as_of" in runs.published[0].body


def test_broken_rule_of_severity_error_stops_the_run(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    rules = tuple(replace(rule, severity="error") for rule in covid_us_daily.DATASET.rules)
    runs = start(root, replace(covid_us_daily.DATASET, rules=rules))
    with pytest.raises(RuleError, match="the newest date is 2020-11-03"):
        runs.run(moment("2020-12-20"))


def test_file_that_breaks_its_contract_stops_the_run(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    write_version(root, oracle.US, "2020-12-02T060000Z", "day;cases;deaths\n2020-11-01;1;1\n")
    with pytest.raises(InputFileError, match=r"nytimes/covid-19-data/us.csv, line 1"):
        start(root).run(moment("2020-12-02"))


def test_date_before_the_first_version_says_so(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    with pytest.raises(NoVersionError, match=r"us.csv had no version at 2020-11-30T08:30:00Z"):
        start(root).run(moment("2020-11-30"))


def test_archived_versions_are_replayed_when_github_is_gone(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    write_version(root, oracle.US, "2020-12-02T060000Z", us_csv(4))
    runs = start(root)
    for day in ("2020-12-01", "2020-12-03"):
        runs.run(moment(day))
    gone = start(root, fault=lambda _: Fault(status=500))
    # 2020-12-02 was never asked for, but what was newest on the 3rd had been there since.
    for day in ("2020-12-01", "2020-12-02", "2020-12-03"):
        gone.run(moment(day), run_id=f"again {day}")
    with pytest.raises(SourceUnavailableError):
        gone.run(moment("2020-12-04"))
    assert gone.requests  # type: ignore[attr-defined]


def test_what_is_archived_is_not_fetched_again_unless_asked_for(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    runs = start(root)
    as_of = moment("2020-12-01")
    fetched = [
        [file["fetched"] for file in runs.download(as_of, run_id="r", refetch=refetch)]
        for refetch in (False, False, True)
    ]
    assert fetched == [[True, True], [False, False], [True, True]]


def test_dry_run_shows_counts_and_changes_and_writes_nothing(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    runs = start(root)
    runs.run(moment("2020-12-01"))
    write_version(root, oracle.US, "2020-12-02T060000Z", us_csv(28, cases=200))
    before = runs.versions(), runs.query("select count(*) from ops.run")
    found = runs.run(moment("2020-12-02"), run_id="dry", dry_run=True)
    assert (found["inserted"], found["updated"]) == (25, 3)
    assert len(found["preview"]) == 20
    first = found["preview"][0]
    assert (first["operation"], first["before"]["cases"], first["after"]["cases"]) == (
        "update", 100, 200,
    )  # fmt: skip
    assert found["preview"][-1]["before"] is None
    assert (runs.versions(), runs.query("select count(*) from ops.run")) == before
    assert found["notice"]["attributes"]["status"] == "dry_run"


@pytest.mark.parametrize(("vanished", "shown"), [("keep", []), ("delete", ["vanish"])])
def test_dry_run_shows_a_vanished_row_only_where_it_would_be_deleted(
    start: Callable[..., PipelineRuns], root: Path, vanished: Any, shown: list[str]
) -> None:
    runs = start(root, replace(covid_us_daily.DATASET, vanished=vanished))
    runs.run(moment("2020-12-01"))
    write_version(root, oracle.US, "2020-12-02T060000Z", us_csv(2))
    found = runs.run(moment("2020-12-02"), dry_run=True)
    assert [change["operation"] for change in found["preview"]] == shown
    assert all(change["after"] is None for change in found["preview"])


def test_dry_run_into_an_empty_table_shows_inserts(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    runs = start(root)
    found = runs.run(moment("2020-12-01"), dry_run=True)
    assert [change["operation"] for change in found["preview"]] == ["insert"] * 3
    assert runs.content() == []


def test_empty_snapshot_deletes_nothing_and_says_so(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    runs = start(root)
    runs.run(moment("2020-12-01"))
    write_version(root, oracle.US, "2020-12-02T060000Z", "date,cases,deaths\n")
    with pytest.raises(ShrunkenSnapshotError, match="lacks 3 of the 3 rows"):
        runs.run(moment("2020-12-02"))
    assert len(runs.content()) == 3


def test_rerun_that_changes_nothing_keeps_ledger_row_and_notice(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    runs = start(root)
    for _ in range(3):
        runs.run(moment("2020-12-01"), run_id="one")
    assert runs.ledger("one")["inserted"] == 3
    assert len(runs.published) == 1


def test_failure_that_could_not_be_sent_is_not_sent_after_the_run_has_succeeded(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    runs = start(root)
    as_of, run_id = moment("2020-12-01"), "one"
    cleaned = runs.clean(runs.download(as_of, run_id=run_id), as_of, run_id=run_id)
    loaded = runs.upsert(cleaned, as_of, run_id=run_id)
    # SNS is down: neither the success nor, when the tries are used up, the failure goes out.
    failed = Notice(
        dag_id=runs.dataset.name, run_id=run_id, status="failed", subject="s", body="b",
        attributes={},
    )  # fmt: skip
    with transaction(runs.connect, doing="tell of the failure") as cursor:
        write_notice(cursor, failed)
    announce_end(
        loaded,
        run=runs.run_named(run_id),
        connect=runs.connect,
        publish=runs.published.append,
    )
    assert [notice.status for notice in runs.published] == ["success"]
    assert runs.query("select status from ops.outbox where sent_at is null") == []


def test_content_that_is_loaded_already_is_neither_fetched_nor_staged(
    start: Callable[..., PipelineRuns], root: Path
) -> None:
    runs = start(root)
    as_of = moment("2020-12-01")
    runs.run(as_of, run_id="one")
    archived = runs.download(as_of, run_id="two")
    cleaned = runs.clean(archived, as_of, run_id="two")
    cleaned["snapshot"]["key"] = "work/not/there"
    assert runs.upsert(cleaned, as_of, run_id="two")["unchanged"] == 3
