"""Upload runs up to their end, and the results that they end with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support.upload_runs import UploadRuns, result

if TYPE_CHECKING:
    from include.core.arrivals.results import FileResult

LEDGER = "select run_id, status, read, delivered, rejected, superseded from ops.run order by run_id"


def land(runs: UploadRuns, *names: str) -> None:
    """Files land, each with a message of its own."""
    for name in names:
        runs.announce(runs.record(name, runs.put(name)))


def begin(runs: UploadRuns, run_id: str, *names: str) -> dict[str, Any]:
    """Files land, and a run has received them."""
    land(runs, *names)
    return runs.receive(runs.take_messages(), run_id)


def with_rejects(runs: UploadRuns, index: int, *lines: int) -> FileResult:
    """The result of a file of three rows more than it has rejected ones."""
    rows = [
        {
            "file": f"file {index}",
            "version": "v",
            "line": line,
            "column_name": None,
            "code": "too_few_columns",
            "reason": "It is short.",
            "raw": "x",
        }
        for line in lines
    ]
    path = runs.folder / f"{index}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    sha256 = runs.store.put_file(f"work/{index}.jsonl", path)
    counts = {"read": 3 + len(lines), "delivered": 3, "rejected": len(lines)}
    return result(
        index,
        counts=counts,
        rejects={"key": f"work/{index}.jsonl", "sha256": sha256},
        rejects_by_code={"too_few_columns": len(lines)},
    )
