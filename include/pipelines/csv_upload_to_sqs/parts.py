"""Parts of a large file, which tasks send side by side, as these tasks exchange them in JSON."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypedDict

from include.core.arrivals.results import FileResult
from include.core.aws.objects import Stored
from include.core.failpoints import failpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.core.arrivals.registry import HeldFile
    from include.core.arrivals.resources import Resources
    from include.pipelines.csv_upload_to_sqs.transform import Checked


class _EveryPart(Stored):
    index: int
    number: int
    file: HeldFile
    first: int
    last: int
    rows: int


class Part(_EveryPart, total=False):
    """A part of a file's rows in the lake.

    number is from 1, index the file's; first and last are the numbers of its first and last row,
    rows how many there are. rejected_only: only rows that an earlier run had rejected.
    """

    rejected_only: bool


class DeliveredFile(FileResult, total=False):
    """A file that was read to its end; began is in seconds of the epoch.

    parts are still to be sent; without them the file's rows have been sent.
    """

    began: float
    parts: list[Part]


class DeliveredPart(TypedDict):
    """A part whose rows are all acknowledged; began and ended are in seconds of the epoch."""

    index: int
    number: int
    rows: int
    began: float
    ended: float


def store_parts(
    checked: Checked,
    size: int,
    *,
    file: HeldFile,
    index: int,
    resources: Resources,
    rejected_only: bool = False,
) -> Iterator[Part]:
    """Store the rows of a file in parts of so many."""
    only: Part = {"rejected_only": True} if rejected_only else {}  # type: ignore[typeddict-item]
    hand_over, local = resources.hand_over(index), resources.folder / "part.parquet"
    for number, span in enumerate(checked.rows.spans(size), 1):
        checked.rows.write(span, local)
        stored = hand_over.put(f"parts/{number:04}.parquet", local)
        local.unlink()
        failpoint("deliver.part_stored")
        yield {
            **stored,
            "index": index,
            "number": number,
            "file": file,
            "first": span.first,
            "last": span.last,
            "rows": span.rows,
            **only,
        }


def parts_to_send(files: Iterable[DeliveredFile]) -> list[Part]:
    """The parts that deliver has left to deliver_part."""
    return [part for file in files for part in file.get("parts", ())]


def tally(files: Iterable[DeliveredFile], delivered: Iterable[DeliveredPart]) -> list[FileResult]:
    """Sum a run up, file by file.

    Arguments:
        files: what deliver came back with, one a file.
        delivered: what deliver_part came back with, one a part.

    Returns:
        The result of each file: one of whose rows some were not sent has missing (how many) and
        cause.
    """
    by_file: dict[int, list[DeliveredPart]] = {}
    for part in delivered:
        by_file.setdefault(part["index"], []).append(part)
    return [_sum_up(file, by_file.get(file["index"], [])) for file in files]


def _sum_up(file: DeliveredFile, delivered: list[DeliveredPart]) -> FileResult:
    if "parts" not in file:
        return file
    result: FileResult = {
        "index": file["index"],
        "counts": file["counts"],
        "rejects": file["rejects"],
        "rejects_by_code": file["rejects_by_code"],
        "seconds": time.time() - file["began"],
    }
    if "rejected_only" in file:
        result["rejected_only"] = file["rejected_only"]
    rows = sum(part["rows"] for part in delivered)
    if delivered:
        began = min(part["began"] for part in delivered)
        ended = max(part["ended"] for part in delivered)
        result["rows_per_second"] = round(rows / max(ended - began, 0.001))
    missing = file["counts"]["delivered"] - rows
    if missing:
        parts = f"{len(file['parts']) - len(delivered)} of {len(file['parts'])} parts"
        result["missing"], result["missing_ids"] = missing, []
        result["cause"] = (
            f"{missing} of {file['counts']['read']} rows were not sent, those of {parts}"
        )
    return result
