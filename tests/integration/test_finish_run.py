"""The end of an upload run: everything in one transaction, and only then the messages."""

from __future__ import annotations

import pytest

from include.errors import FilesFailedError
from tests.support.finished_runs import LEDGER, begin, land, with_rejects
from tests.support.upload_runs import PIPELINE, PREFIX, UploadRuns, result


def test_run_that_went_well_is_in_ledger_registry_quarantine_and_outbox(runs: UploadRuns) -> None:
    received = begin(runs, "one", "a.csv", "b.csv")
    results = [with_rejects(runs, 0, 4, 7), with_rejects(runs, 1, 5)]
    counts = runs.finish(received, results, "one")
    assert counts == {"read": 9, "delivered": 6, "rejected": 3}
    assert runs.query(LEDGER) == [("one", "success", 9, 6, 3, 0)]
    assert runs.states() == {"a.csv": "done", "b.csv": "done"}
    assert runs.query("select file, line from ops.rejected_row order by 1, 2") == [
        ("file 0", 4),
        ("file 0", 7),
        ("file 1", 5),
    ]
    ((details,),) = runs.query("select details from ops.run")
    assert [source["file"] for source in details["sources"]] == [PREFIX + "a.csv", PREFIX + "b.csv"]
    assert details["sources"][0]["rows_per_second"] == 6
    assert details["rejects_by_code"] == {"too_few_columns": 3}
    ((subject, text),) = runs.query("select subject, body from ops.outbox")
    assert subject == f"Sluice {PIPELINE}: 2 files, 6 rows delivered, 3 rejected"
    assert f"{PREFIX}a.csv (version {received['files'][0]['version_id']}): 5 read, 3" in text
    assert runs.sent("one") == ["one success"]
    assert runs.in_queue() == runs.in_queue(runs.dead_letters) == 0


def test_results_may_come_in_any_order(runs: UploadRuns) -> None:
    received = begin(runs, "one", "a.csv", "b.csv")
    runs.finish(received, [result(1, delivered=2), result(0)], "one")
    query = "select key, counts -> 'counts' -> 'read' from ops.arrival order by key"
    assert runs.query(query) == [(PREFIX + "a.csv", 1), (PREFIX + "b.csv", 2)]


def test_file_without_rows_is_done(runs: UploadRuns) -> None:
    received = begin(runs, "one", "empty.csv")
    empty = result(0, delivered=0, seconds=0.0)
    assert runs.finish(received, [empty], "one") == {}
    assert runs.query(LEDGER) == [("one", "success", 0, 0, 0, 0)]
    assert runs.states() == {"empty.csv": "done"}


def test_run_that_finds_all_files_known_is_skipped_and_its_messages_are_gone(
    runs: UploadRuns,
) -> None:
    version = runs.put("a.csv")
    by_hand = runs.receive_by_hand(("a.csv", version), run_id="one")
    runs.finish(by_hand, runs.work(by_hand, "one"), "one")
    runs.announce(runs.record("a.csv", version))
    late = runs.receive(runs.take_messages(), "two")
    assert runs.finish(late, [], "two") == {}
    assert runs.query(LEDGER)[1] == ("two", "skipped", 0, 0, 0, 0)
    ((text,),) = runs.query("select body from ops.outbox where run_id = 'two'")
    assert "Announced, but processed already: 1 file" in text
    assert runs.sent("two") == ["two skipped", "one success"]
    assert runs.in_queue() == 0
    assert runs.states() == {"a.csv": "done"}


def test_one_of_three_files_fails_and_the_others_are_done(runs: UploadRuns) -> None:
    received = begin(runs, "one", "a.csv", "bad.csv", "c.csv")
    results = runs.work(received, "one")
    with pytest.raises(FilesFailedError) as failed:
        runs.finish(received, results, "one")
    assert str(failed.value) == (
        "1 of 3 files failed. The others are done: 2 rows delivered. "
        f"{PREFIX}bad.csv: cause of file 1"
    )
    assert runs.query(LEDGER) == [("one", "failed", 2, 2, 0, 0)]
    ((details,),) = runs.query("select details from ops.run")
    assert details["failures"] == [
        {
            "file": PREFIX + "bad.csv",
            "version_id": received["files"][1]["version_id"],
            "cause": "cause of file 1",
        }
    ]
    assert runs.states() == {"a.csv": "done", "bad.csv": "failed", "c.csv": "done"}
    # The callback of the DAG tells of failures.
    assert runs.sent("one") == []
    assert runs.in_queue() == 1
    assert runs.take_messages() == []
    (again,) = runs.wait_for_messages()
    assert again["MessageId"] == received["messages"][1]["message_id"]


def test_error_names_the_first_three_of_many_failures(runs: UploadRuns) -> None:
    received = begin(runs, "one", *(f"bad{number}.csv" for number in range(5)))
    with pytest.raises(FilesFailedError, match=r"^5 of 5 files failed\. .*; and 2 more$"):
        runs.finish(received, [], "one")


def test_file_that_failed_with_a_result_is_entered_with_what_is_missing(runs: UploadRuns) -> None:
    received = begin(runs, "one", "a.csv", "b.csv")
    short = result(0, cause="2 ids are missing", missing_ids=["7", "9"])
    with pytest.raises(FilesFailedError, match="2 ids are missing"):
        runs.finish(received, [short, result(1, cause="no more is known")], "one")
    ((details,),) = runs.query("select details from ops.run")
    assert [each.get("missing_ids") for each in details["failures"]] == [["7", "9"], None]
    assert runs.states() == {"a.csv": "failed", "b.csv": "failed"}
    assert runs.query(LEDGER) == [("one", "failed", 0, 0, 0, 0)]


def test_run_that_is_done_again_changes_nothing_and_sends_nothing(runs: UploadRuns) -> None:
    land(runs, "a.csv", "b.csv")
    messages = runs.take_messages()
    received = runs.receive(messages, "one")
    runs.finish(received, runs.work(received, "one"), "one")
    assert runs.sent("one") == ["one success"]
    before = runs.written()
    again = runs.receive(messages, "one")
    counts = runs.finish(again, runs.work(again, "one"), "one")
    assert counts == {"read": 2, "delivered": 2}
    runs.finish(received, runs.work(received, "one"), "one")
    assert runs.written() == before
    assert runs.sent("one") == []


def test_run_that_is_skipped_again_changes_nothing(runs: UploadRuns) -> None:
    land(runs, "a.csv")
    messages = runs.take_messages()
    received = runs.receive(messages, "one")
    runs.finish(received, runs.work(received, "one"), "one")
    again = runs.receive(messages, "two")
    runs.finish(again, [], "two")
    assert runs.sent("two") == ["two skipped", "one success"]
    before = runs.written()
    runs.finish(again, [], "two")
    assert runs.written() == before
    assert runs.sent("two") == []


def test_failed_run_that_is_cleared_ends_with_the_sums_of_all_its_files(runs: UploadRuns) -> None:
    land(runs, "a.csv", "bad.csv", "c.csv")
    messages = runs.take_messages()
    received = runs.receive(messages, "one")
    results = [with_rejects(runs, 0, 4), with_rejects(runs, 2, 5)]
    with pytest.raises(FilesFailedError):
        runs.finish(received, results, "one")
    again = runs.receive(messages, "one")
    counts = runs.finish(again, runs.work(again, "one", bad="mended"), "one")
    assert counts == {"read": 9, "delivered": 7, "rejected": 2}
    assert runs.query(LEDGER) == [("one", "success", 9, 7, 2, 0)]
    assert runs.query("select line from ops.rejected_row order by 1") == [(4,), (5,)]
    assert set(runs.states().values()) == {"done"}
    assert runs.sent("one") == ["one success"]
    assert runs.in_queue() == 0
