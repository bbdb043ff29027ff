"""What a run works on that was given names, a prefix, or what a sweep has found."""

from __future__ import annotations

import pytest

from include.core.arrivals import claim
from include.core.arrivals.claim import newest_below
from include.core.arrivals.events import LandedObject
from include.errors import ArrivalError
from tests.support.claimed_files import names
from tests.support.upload_runs import PREFIX, UploadRuns


def test_by_hand_a_deleted_version_is_taken_and_one_that_is_done_is_done_again(
    runs: UploadRuns,
) -> None:
    version = runs.put("a.csv")
    received = runs.receive_by_hand(("a.csv", None), run_id="one")
    runs.finish(received, runs.work(received, "one"), "one")
    runs.delete("a.csv")
    again = runs.receive_by_hand(("a.csv", version), run_id="two")
    assert names(again) == [("a.csv", version)]
    assert again["messages"] == []
    assert runs.query("select found_by, state, run_id, attempts from ops.arrival") == [
        ("hand", "claimed", "two", 2)
    ]
    nothing = runs.receive_by_hand(("a.csv", None), run_id="three")
    assert "was deleted" in nothing["failures"][0]["cause"]


def test_sweep_takes_what_is_not_done_and_no_deleted_version(runs: UploadRuns) -> None:
    done, missed, gone = (runs.put(f"{name}.csv") for name in ("done", "missed", "gone"))
    received = runs.receive_by_hand(("done.csv", done), run_id="one")
    runs.finish(received, runs.work(received, "one"), "one")
    runs.delete("gone.csv")
    files = (("done.csv", done), ("missed.csv", missed), ("gone.csv", gone))
    swept = runs.receive_by_hand(*files, run_id="two", again=False, found_by="sweep")
    assert names(swept) == [("missed.csv", missed)]
    assert swept["known"] == 1
    assert [each["file"] for each in swept["failures"]] == [PREFIX + "gone.csv"]


def test_prefix_by_hand_means_the_newest_version_of_each_file_below_it(runs: UploadRuns) -> None:
    runs.put("in/")
    runs.put("in/a.csv")
    newest = [("in/a.csv", runs.put("in/a.csv")), ("in/b.csv", runs.put("in/b.csv"))]
    runs.put("in/gone.csv")
    runs.delete("in/gone.csv")
    runs.put("other.csv")
    assert newest_below(runs.landing, PREFIX + "in/") == [
        LandedObject(bucket=runs.bucket, key=PREFIX + name, version_id=version)
        for name, version in newest
    ]


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("uploads/dynamodb/", "outside of uploads/sqs/"),
        ("uploads/", "outside of uploads/sqs/"),
        ("", "outside of uploads/sqs/"),
        (PREFIX + "none/", "nothing is there"),
        (PREFIX, "3 files are there, and a run takes 2. Give a longer prefix"),
    ],
)
def test_prefix_with_nothing_or_too_much_below_it_is_refused(
    runs: UploadRuns, monkeypatch: pytest.MonkeyPatch, prefix: str, message: str
) -> None:
    monkeypatch.setattr(claim, "MOST_FILES", 2)
    for name in ("a.csv", "b.csv", "c.csv"):
        runs.put(name)
    with pytest.raises(ArrivalError, match=message):
        newest_below(runs.landing, prefix)
