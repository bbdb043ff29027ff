"""What holds of files that were worked off, after every fault: I1 to I5 as one check.

The expectation comes from plain Python over what was uploaded.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from tests.support.items_oracle import expect
from tests.support.json_queue_consumer import check_delivered, consume
from tests.support.uploads import COUNTS, ITEMS, SQS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from include.core.arrivals.versions import FileName
    from tests.support.json_queue_consumer import Message
    from tests.support.uploads import File, Uploads

OF_RUN = "from ops.run where dag_id = %s and run_id = %s"
ENTERED = f"select {', '.join(COUNTS)}, details -> 'sources' {OF_RUN}"
# A run whose files another one has done again since has handed them over.
OWNED = (
    "(select count(*) from ops.arrival as a where (a.dag_id, a.run_id) = (run.dag_id, run.run_id))"
    " = jsonb_array_length(details -> 'sources')"
)
WORKED = f"select delivered {OF_RUN} and delivered > 0 and status = 'success' and {OWNED}"
STATUS = f"select status {OF_RUN}"
TABLES = ("ops.run", "ops.arrival", "ops.rejected_row", "ops.outbox")


def check(
    uploads: Uploads,
    files: Sequence[File],
    *,
    silent: Collection[str] = (),
    most_repeats: int = 0,
) -> None:
    """After all is quiet: I1 to I5.

    Arguments:
        uploads: of the test.
        files: those that must have been delivered, one that was processed twice twice.
        silent: runs that have nothing to tell.
        most_repeats: how many messages may have come twice because a worker died.
    """
    told = [run[:2] for run in uploads.made() if run[1] not in silent]
    for run in told:
        uploads.notices(*run)
    _check_messages(uploads, files, most_repeats)
    items = _check_items(uploads, files)
    _check_ledger(uploads, files)
    _check_nothing_is_left(uploads)
    _check_rerun_changes_nothing(uploads, items)
    _check_notices(uploads, told)


def _check_messages(uploads: Uploads, files: Sequence[File], most_repeats: int) -> None:  # I1
    by_version: dict[str, list[Message]] = defaultdict(list)
    for message in uploads.take_messages():
        by_version[message.attributes["version_id"]].append(message)
    repeats = 0
    for file, times in Counter(file for file in files if file.pipeline == SQS).items():
        consumed = consume(by_version.pop(file.version_id, []))
        check_delivered(consumed, file.text.encode(), cast("FileName", vars(file)))
        repeats += consumed.repeats - (times - 1) * len(consumed.messages)
    assert by_version == {}
    assert 0 <= repeats <= most_repeats


def _check_items(uploads: Uploads, files: Sequence[File]) -> dict[str, dict[str, str]]:  # I1
    expected: dict[str, dict[str, str]] = {}
    for file in files:
        expected |= expect(file.text).items if file.pipeline == ITEMS else {}
    found = uploads.items()
    assert all(item["file_version"] for item in found.values())
    given = [
        {name: item[name] for name in item if name != "file_version"} for item in found.values()
    ]
    assert dict(zip(found, given, strict=True)) == expected
    return found


def _check_ledger(uploads: Uploads, files: Sequence[File]) -> None:  # I2
    delivered = []
    for *run, _ in uploads.made():
        for *counts, told in uploads.runs.query(ENTERED, *run):
            assert counts[0] == sum(counts[1:])
            sources = [one for one in told or () if "read" in one]
            assert counts == [sum(one.get(name, 0) for one in sources) for name in COUNTS]
            delivered += [_entry(one["file"], one["version_id"], one) for one in sources]
    expected = [_entry(file.key, file.version_id, file.counts) for file in files]
    assert sorted(delivered) == sorted(expected)


def _entry(key: str, version_id: str, counts: dict[str, int]) -> str:
    return json.dumps([key, version_id, *(counts.get(name, 0) for name in COUNTS)])


def _check_notices(uploads: Uploads, told: Sequence[tuple[str, str]]) -> None:  # I3
    while uploads.receive_notices():
        pass
    for dag_id, run_id, _ in uploads.made():
        statuses = uploads.runs.query(STATUS, dag_id, run_id)
        found = uploads.notices_so_far(dag_id, run_id)
        assert [(one["MessageAttributes"]["status"]["Value"],) for one in found] == statuses
        assert len(found) == ((dag_id, run_id) in told)


def _check_nothing_is_left(uploads: Uploads) -> None:  # I4
    assert uploads.runs.query("select key from ops.arrival where state = 'claimed'") == []
    folders = list((Path(tempfile.gettempdir()) / "sluice").glob("*"))
    for _, run_id, _ in uploads.made():
        assert [one for one in folders if quote(run_id, safe="") in one.name] == []
    for bucket in ("LandingBucket", "LakeBucket"):
        found = uploads.client("s3").list_multipart_uploads(Bucket=uploads.outputs[bucket])
        assert "Uploads" not in found


def _check_rerun_changes_nothing(uploads: Uploads, items: dict[str, dict[str, str]]) -> None:  # I5
    before = _entered(uploads)
    # The run of each pipeline that has delivered most.
    found = [(uploads.runs.query(WORKED, *run[:2]), run) for run in uploads.made()]
    worked = {run[0]: run[1] for delivered, run in sorted(found) if delivered}
    for dag_id, run_id in worked.items():
        uploads.runs.clear(dag_id, run_id)
    for dag_id, run_id in worked.items():
        assert uploads.runs.wait(dag_id, run_id) == "success"
    assert _entered(uploads) == before
    assert uploads.items() == items
    assert uploads.take_messages() == []


def _entered(uploads: Uploads) -> list[list[tuple[Any, ...]]]:
    """All rows of the ledger, with what tells one writing of them from another."""
    return [
        uploads.runs.query(f"select ctid::text, xmin::text, t.* from {table} as t order by 1")
        for table in TABLES
    ]
