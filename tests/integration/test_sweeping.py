"""Files whose event was lost, or whose run was, are found and named in one notice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from include.core.arrivals import sweep
from include.core.arrivals.sweep import Found, MissedFile, find, record_sweep, runs_to_start
from include.core.runs.notices import RunFacts
from include.errors import FilesFailedError
from tests.support.clients import s3_in_pages
from tests.support.upload_runs import PIPELINE, PREFIX, UploadRuns, run_of

HOUR = timedelta(hours=1)


def look(runs: UploadRuns, *, after: timedelta = HOUR, client: Any = None) -> Found:
    """What a sweep finds that comes so much later than now."""
    landing = replace(runs.landing, client=client or runs.s3)
    before = datetime.now(timezone.utc) + after
    return find(landing, connect=runs.connect, before=before)


def missed(
    runs: UploadRuns, *, after: timedelta = HOUR, client: Any = None
) -> list[tuple[str, str]]:
    """Name and version of each file that a sweep would start a run for."""
    found = look(runs, after=after, client=client)["missed"]
    return [(each["key"].removeprefix(PREFIX), each["version_id"]) for each in found]


def refused(runs: UploadRuns, *, client: Any = None) -> list[str]:
    """Name of each file that a sweep would refuse."""
    found = look(runs, client=client)["refused"]
    return [each["key"].removeprefix(PREFIX) for each in found]


def process(runs: UploadRuns, name: str, run_id: str) -> None:
    received = runs.receive_by_hand((name, None), run_id=run_id)
    runs.finish(received, runs.work(received, run_id), run_id)


def record(runs: UploadRuns, found: dict[str, Found], run_id: str = "sweep") -> list[str]:
    facts = RunFacts(
        dag_id=PIPELINE, run_id=run_id, dataset="sweep_arrivals", as_of=None, ui_url="http://ui"
    )
    landings = [runs.landing]
    record_sweep(found, landings=landings, run=run_of(run_id), facts=facts, connect=runs.connect)
    return runs.sent(run_id)


def test_empty_bucket_has_nothing_missed(runs: UploadRuns) -> None:
    assert missed(runs) == []


def test_every_version_that_the_registry_does_not_know_is_missed(runs: UploadRuns) -> None:
    old, new = runs.put("a.csv"), runs.put("a.csv")
    other = runs.put("in/b.csv.gz")
    runs.put("in/")
    runs.put("gone.csv")
    runs.delete("gone.csv")
    runs.s3.put_object(Bucket=runs.bucket, Key="uploads/dynamodb/c.csv", Body=b"x")
    assert sorted(missed(runs)) == sorted([("a.csv", old), ("a.csv", new), ("in/b.csv.gz", other)])


def test_young_files_are_left_to_their_events(runs: UploadRuns) -> None:
    version = runs.put("a.csv")
    assert missed(runs, after=-HOUR) == []
    assert missed(runs, after=timedelta(seconds=1)) == [("a.csv", version)]


def test_files_that_are_done_failed_or_under_way_are_left(runs: UploadRuns) -> None:
    for name in ("done.csv", "bad.csv", "claimed.csv", "notes.txt"):
        runs.put(name)
    process(runs, "done.csv", "one")
    for name in ("bad.csv", "notes.txt"):
        with pytest.raises(FilesFailedError):
            process(runs, name, name)
    runs.receive_by_hand(("claimed.csv", None), run_id="two")
    assert missed(runs) == []


def test_file_that_a_sweep_has_found_is_tried_three_times_since_no_message_comes_back(
    runs: UploadRuns,
) -> None:
    version = runs.put("a.csv")
    for run_id in ("one", "two", "three"):
        assert missed(runs) == [("a.csv", version)]
        received = runs.receive_by_hand(
            ("a.csv", version), run_id=run_id, again=False, found_by="sweep"
        )
        with pytest.raises(FilesFailedError):
            runs.finish(received, [], run_id)
    assert missed(runs) == []


def test_new_version_of_a_file_that_is_done_is_missed(runs: UploadRuns) -> None:
    runs.put("a.csv")
    process(runs, "a.csv", "one")
    newer = runs.put("a.csv")
    assert missed(runs) == [("a.csv", newer)]


def test_file_whose_run_was_lost_is_missed_once_the_lease_is_over(runs: UploadRuns) -> None:
    version = runs.put("a.csv")
    runs.receive_by_hand(("a.csv", version), run_id="lost")
    assert missed(runs) == []
    runs.query("update ops.arrival set claimed_until = now() - interval '1 s'")
    assert missed(runs) == [("a.csv", version)]


def test_what_is_missed_is_processed_by_the_run_that_is_started_and_missed_no_more(
    runs: UploadRuns,
) -> None:
    runs.put("a.csv")
    runs.put("bad.csv")
    (run,) = runs_to_start({PIPELINE: look(runs)}, name="sweep")
    files = [(e["key"].removeprefix(PREFIX), e["version_id"]) for e in run["conf"]["objects"]]
    run_id = run["trigger_run_id"]
    received = runs.receive_by_hand(*files, run_id=run_id, again=False, found_by="sweep")
    with pytest.raises(FilesFailedError, match="1 of 2 files failed"):
        runs.finish(received, runs.work(received, run_id), run_id)
    assert runs.states() == {"a.csv": "done", "bad.csv": "failed"}
    assert runs.query("select distinct found_by from ops.arrival") == [("sweep",)]
    assert [name for name, _ in missed(runs)] == ["bad.csv"]


@pytest.mark.parametrize("number", [0, 1, 3, 4])
def test_files_are_found_at_the_borders_of_a_page(
    runs: UploadRuns, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(sweep, "PAGE", 3)
    files = [(f"{each}.csv", runs.put(f"{each}.csv")) for each in range(number)]
    assert missed(runs, client=s3_in_pages(runs.aws, 2)) == files


def test_what_is_too_much_for_one_sweep_is_found_by_the_next(
    runs: UploadRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PAGE", 2)
    monkeypatch.setattr(sweep, "MOST_A_SWEEP", 3)
    files = [(f"{each}.csv", runs.put(f"{each}.csv")) for each in range(5)]
    assert missed(runs) == files[:3]
    for name, _ in files[:3]:
        process(runs, name, name)
    assert missed(runs) == files[3:]


@pytest.mark.parametrize("name", ["UPPER.CSV", "a.Csv", "packed.CSV.gz", "packed.csv.GZ"])
def test_file_whose_suffix_has_capital_letters_is_missed_as_any_other(
    runs: UploadRuns, name: str
) -> None:
    version = runs.put(name)
    assert (missed(runs), refused(runs)) == ([(name, version)], [])
    process(runs, name, "one")
    assert runs.states() == {name: "done"}


MISNAMED = [
    "README",
    "a.csv ",
    "a.csv.zip",
    "in/notes.txt",
    "orders.xlsx",
    "odd//x.csv",
    "exe\u202evsc.csv",
]


def test_file_that_no_pipeline_takes_is_entered_as_failed_and_named_in_one_notice(
    runs: UploadRuns,
) -> None:
    for name in (*MISNAMED, "in/", "gone.txt"):
        runs.put(name)
    runs.delete("gone.txt")
    found = {PIPELINE: look(runs)}
    assert runs_to_start(found, name="sweep") == []
    assert sorted(refused(runs)) == sorted(MISNAMED)
    assert record(runs, found) == ["sweep success"]
    ((subject, text),) = runs.query("select subject, body from ops.outbox")
    assert subject == "Sluice sweep_arrivals: 7 files refused"
    assert f"{PIPELINE}: {PREFIX}in/notes.txt: The name does not end in .csv or .csv.gz" in text
    assert text.count("Upload the file again") == 7
    assert "had landed" not in text
    assert text.replace("\n", "").isprintable()
    assert runs.states() == dict.fromkeys(MISNAMED, "failed")
    causes = runs.query("select cause, found_by, run_id from ops.arrival where cause <> ''")
    assert len(causes) == 7
    assert {found_by for _, found_by, _ in causes} == {"sweep"}
    ((details,),) = runs.query("select details from ops.run")
    assert sorted(each["file"] for each in details["failures"]) == sorted(
        PREFIX + name for name in MISNAMED
    )


def test_refused_file_is_in_one_notice_and_its_next_version_in_another(runs: UploadRuns) -> None:
    runs.put("notes.txt")
    found = {PIPELINE: look(runs)}
    assert record(runs, found, "first") == ["first success"]
    assert (missed(runs), refused(runs)) == ([], [])
    before = runs.written()
    assert record(runs, found, "first") == []
    assert runs.written() == before
    runs.put("notes.txt")
    assert refused(runs) == ["notes.txt"]


def test_refused_file_that_was_tried_by_hand_is_in_no_notice_again(runs: UploadRuns) -> None:
    runs.put("notes.txt")
    with pytest.raises(FilesFailedError):
        process(runs, "notes.txt", "by hand")
    assert refused(runs) == []


def test_refused_file_that_was_deleted_before_the_notice_is_in_none(runs: UploadRuns) -> None:
    runs.put("notes.txt")
    found = {PIPELINE: look(runs)}
    runs.delete("notes.txt")
    assert record(runs, found) == []
    assert runs.states() == {}


def test_many_refused_files_do_not_keep_others_from_being_found(
    runs: UploadRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PAGE", 2)
    monkeypatch.setattr(sweep, "MOST_REFUSED", 3)
    for each in range(5):
        runs.put(f"{each}.txt")
    version = runs.put("z.csv")
    assert missed(runs) == [("z.csv", version)]
    assert refused(runs) == ["0.txt", "1.txt", "2.txt"]
    record(runs, {PIPELINE: look(runs)})
    assert refused(runs) == ["3.txt", "4.txt"]


class Listing:
    """As much of a client of S3 as lists versions."""

    def __init__(self, *keys: str) -> None:
        past = datetime(2020, 1, 1, tzinfo=timezone.utc)
        self.versions = [
            {"Key": key, "VersionId": "v", "LastModified": past, "IsLatest": True} for key in keys
        ]

    def get_paginator(self, name: str) -> Listing:
        assert name == "list_object_versions"
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"Versions": self.versions}]


def test_key_that_the_registry_cannot_hold_does_not_keep_others_from_being_found(
    runs: UploadRuns,
) -> None:
    listing = Listing(PREFIX + "a.csv", PREFIX + "nul\0.csv", PREFIX + "z.csv")
    assert missed(runs, client=listing) == [("a.csv", "v"), ("z.csv", "v")]


def test_sweep_that_found_nothing_is_silent(runs: UploadRuns) -> None:
    assert record(runs, {}) == []
    assert record(runs, {PIPELINE: found_of()}) == []
    assert runs.query("select 1 from ops.run union all select 1 from ops.outbox") == []


def test_sweep_that_found_files_sends_one_notice(runs: UploadRuns) -> None:
    files = files_of(25)
    found = {PIPELINE: found_of(*files), "csv_upload_to_dynamodb": found_of()}
    assert record(runs, found) == ["sweep success"]
    ((subject, text),) = runs.query("select subject, body from ops.outbox")
    assert subject == "Sluice sweep_arrivals: 25 missed files started"
    assert text.count("csv_upload_to_sqs: ") == 20
    ((status, details),) = runs.query("select status, details from ops.run")
    assert (status, len(details["sources"])) == ("success", 25)
    before = runs.written()
    assert record(runs, found) == []
    assert runs.written() == before


def test_each_sweep_that_found_files_sends_its_own_notice(runs: UploadRuns) -> None:
    found = {PIPELINE: found_of({"key": PREFIX + "a.csv", "version_id": "v"})}
    assert record(runs, found, "first") == ["first success"]
    assert record(runs, found, "second") == ["second success"]


def found_of(*files: MissedFile) -> Found:
    return {"missed": list(files), "refused": []}


def files_of(number: int) -> list[MissedFile]:
    return [{"key": f"uploads/sqs/{each}.csv", "version_id": "v"} for each in range(number)]


@pytest.mark.parametrize(
    ("number", "sizes"),
    [(0, []), (1, [1]), (500, [500]), (501, [500, 1]), (1000, [500, 500]), (1001, [500, 500, 1])],
)
def test_each_started_run_has_at_most_500_files_and_all_are_started(
    number: int, sizes: list[int]
) -> None:
    runs = runs_to_start({"csv_upload_to_sqs": found_of(*files_of(number))}, name="s")
    assert [len(run["conf"]["objects"]) for run in runs] == sizes
    assert [each for run in runs for each in run["conf"]["objects"]] == files_of(number)
    assert len({run["trigger_run_id"] for run in runs}) == len(runs)


def test_runs_of_several_pipelines_are_named_after_the_sweep_and_process_nothing_again() -> None:
    missed = {
        "csv_upload_to_sqs": found_of(*files_of(1)),
        "csv_upload_to_dynamodb": found_of(*files_of(501)),
        "third": found_of(),
    }
    runs = runs_to_start(missed, name="scheduled__2026-11-21T06:30:00+00:00")
    named = "sweep__scheduled__2026-11-21T06:30:00+00:00"
    assert [(run["trigger_dag_id"], run["trigger_run_id"]) for run in runs] == [
        ("csv_upload_to_sqs", f"{named}__csv_upload_to_sqs__0"),
        ("csv_upload_to_dynamodb", f"{named}__csv_upload_to_dynamodb__0"),
        ("csv_upload_to_dynamodb", f"{named}__csv_upload_to_dynamodb__1"),
    ]
    assert all(run["conf"]["again"] is False for run in runs)
    assert runs == runs_to_start(missed, name="scheduled__2026-11-21T06:30:00+00:00")
