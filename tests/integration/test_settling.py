"""The end of an upload run: everything in one transaction, and only then the messages."""

from __future__ import annotations

import pytest

from include.errors import FilesFailedError
from tests.support.settled import LEDGER, begin, land, with_rejects
from tests.support.upload_runs import PIPELINE, PREFIX, Shore, result


def test_run_that_went_well_is_in_ledger_registry_quarantine_and_outbox(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv", "b.csv")
    results = [with_rejects(shore, 0, 4, 7), with_rejects(shore, 1, 5)]
    counts = shore.finish(received, results, "one")
    assert counts == {"read": 9, "delivered": 6, "rejected": 3}
    assert shore.query(LEDGER) == [("one", "success", 9, 6, 3, 0)]
    assert shore.states() == {"a.csv": "done", "b.csv": "done"}
    assert shore.query("select file, line from ops.rejected_row order by 1, 2") == [
        ("file 0", 4),
        ("file 0", 7),
        ("file 1", 5),
    ]
    ((details,),) = shore.query("select details from ops.run")
    assert [source["file"] for source in details["sources"]] == [PREFIX + "a.csv", PREFIX + "b.csv"]
    assert details["sources"][0]["rows_per_second"] == 6
    assert details["rejects_by_code"] == {"too_few_columns": 3}
    ((subject, text),) = shore.query("select subject, body from ops.outbox")
    assert subject == f"Sluice {PIPELINE}: 2 files, 6 rows delivered, 3 rejected"
    assert f"{PREFIX}a.csv (version {received['files'][0]['version_id']}): 5 read, 3" in text
    assert shore.sent("one") == ["one success"]
    assert shore.in_queue() == shore.in_queue(shore.dead_letters) == 0


def test_results_may_come_in_any_order(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv", "b.csv")
    shore.finish(received, [result(1, delivered=2), result(0)], "one")
    query = "select key, counts -> 'counts' -> 'read' from ops.arrival order by key"
    assert shore.query(query) == [(PREFIX + "a.csv", 1), (PREFIX + "b.csv", 2)]


def test_file_without_rows_is_done(shore: Shore) -> None:
    received = begin(shore, "one", "empty.csv")
    empty = result(0, delivered=0, seconds=0.0)
    assert shore.finish(received, [empty], "one") == {}
    assert shore.query(LEDGER) == [("one", "success", 0, 0, 0, 0)]
    assert shore.states() == {"empty.csv": "done"}


def test_run_that_finds_all_files_known_is_skipped_and_its_messages_are_gone(shore: Shore) -> None:
    version = shore.put("a.csv")
    by_hand = shore.receive_by_hand(("a.csv", version), run_id="one")
    shore.finish(by_hand, shore.work(by_hand, "one"), "one")
    shore.announce(shore.record("a.csv", version))
    late = shore.receive(shore.take_messages(), "two")
    assert shore.finish(late, [], "two") == {}
    assert shore.query(LEDGER)[1] == ("two", "skipped", 0, 0, 0, 0)
    ((text,),) = shore.query("select body from ops.outbox where run_id = 'two'")
    assert "Announced, but processed already: 1 file" in text
    assert shore.sent("two") == ["two skipped", "one success"]
    assert shore.in_queue() == 0
    assert shore.states() == {"a.csv": "done"}


def test_one_of_three_files_fails_and_the_others_are_done(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv", "bad.csv", "c.csv")
    results = shore.work(received, "one")
    with pytest.raises(FilesFailedError) as failed:
        shore.finish(received, results, "one")
    assert str(failed.value) == (
        "1 of 3 files failed. The others are done: 2 rows delivered. "
        f"{PREFIX}bad.csv: cause of file 1"
    )
    assert shore.query(LEDGER) == [("one", "failed", 2, 2, 0, 0)]
    ((details,),) = shore.query("select details from ops.run")
    assert details["failures"] == [
        {
            "file": PREFIX + "bad.csv",
            "version_id": received["files"][1]["version_id"],
            "cause": "cause of file 1",
        }
    ]
    assert shore.states() == {"a.csv": "done", "bad.csv": "failed", "c.csv": "done"}
    # The callback of the DAG tells of failures.
    assert shore.sent("one") == []
    assert shore.in_queue() == 1
    assert shore.take_messages() == []
    (again,) = shore.wait_for_messages()
    assert again["MessageId"] == received["messages"][1]["message_id"]


def test_many_failures_are_told_short(shore: Shore) -> None:
    received = begin(shore, "one", *(f"bad{number}.csv" for number in range(5)))
    with pytest.raises(FilesFailedError, match=r"^5 of 5 files failed\. .*; and 2 more$"):
        shore.finish(received, [], "one")


def test_file_that_failed_with_a_result_is_told_with_what_is_missing(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv", "b.csv")
    short = result(0, cause="2 ids are missing", missing_ids=["7", "9"])
    with pytest.raises(FilesFailedError, match="2 ids are missing"):
        shore.finish(received, [short, result(1, cause="no more is known")], "one")
    ((details,),) = shore.query("select details from ops.run")
    assert [each.get("missing_ids") for each in details["failures"]] == [["7", "9"], None]
    assert shore.states() == {"a.csv": "failed", "b.csv": "failed"}
    assert shore.query(LEDGER) == [("one", "failed", 0, 0, 0, 0)]


def test_run_that_is_done_again_changes_nothing_and_tells_nothing(shore: Shore) -> None:
    land(shore, "a.csv", "b.csv")
    messages = shore.take_messages()
    received = shore.receive(messages, "one")
    shore.finish(received, shore.work(received, "one"), "one")
    assert shore.sent("one") == ["one success"]
    before = shore.written()
    again = shore.receive(messages, "one")
    counts = shore.finish(again, shore.work(again, "one"), "one")
    assert counts == {"read": 2, "delivered": 2}
    shore.finish(received, shore.work(received, "one"), "one")
    assert shore.written() == before
    assert shore.sent("one") == []


def test_run_that_is_skipped_again_changes_nothing(shore: Shore) -> None:
    land(shore, "a.csv")
    messages = shore.take_messages()
    received = shore.receive(messages, "one")
    shore.finish(received, shore.work(received, "one"), "one")
    again = shore.receive(messages, "two")
    shore.finish(again, [], "two")
    assert shore.sent("two") == ["two skipped", "one success"]
    before = shore.written()
    shore.finish(again, [], "two")
    assert shore.written() == before
    assert shore.sent("two") == []


def test_failed_run_that_is_cleared_ends_with_the_sums_of_all_its_files(shore: Shore) -> None:
    land(shore, "a.csv", "bad.csv", "c.csv")
    messages = shore.take_messages()
    received = shore.receive(messages, "one")
    results = [with_rejects(shore, 0, 4), with_rejects(shore, 2, 5)]
    with pytest.raises(FilesFailedError):
        shore.finish(received, results, "one")
    again = shore.receive(messages, "one")
    counts = shore.finish(again, shore.work(again, "one", bad="mended"), "one")
    assert counts == {"read": 9, "delivered": 7, "rejected": 2}
    assert shore.query(LEDGER) == [("one", "success", 9, 7, 2, 0)]
    assert shore.query("select line from ops.rejected_row order by 1") == [(4,), (5,)]
    assert set(shore.states().values()) == {"done"}
    assert shore.sent("one") == ["one success"]
    assert shore.in_queue() == 0
