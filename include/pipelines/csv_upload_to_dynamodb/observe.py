"""The tally: each extracted id is in the table or among the rejected, or the result names it."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from include.core.arrivals.results import from_registry
from include.core.csv.faults import CONTINUED
from include.core.failpoints import failpoint
from include.core.runs.quarantine import read_rejected
from include.pipelines.csv_upload_to_dynamodb.chunks import open_chunk
from include.pipelines.csv_upload_to_dynamodb.item_reads import find_versions
from include.pipelines.csv_upload_to_dynamodb.items import attribute_maker, key_column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from include.contracts.uploads import ItemUpload
    from include.core.arrivals.results import FileResult
    from include.core.aws.hand_over import HandOver
    from include.core.aws.objects import Stored
    from include.pipelines.csv_upload_to_dynamodb.chunks import (
        ExtractedFile,
        LoadedChunk,
        ObservedChunk,
    )
    from include.pipelines.csv_upload_to_dynamodb.resources import ItemResources

_NAMED: Final = 20
"""How many missing ids are named."""


def observe(upload: ItemUpload, chunk: LoadedChunk, *, resources: ItemResources) -> ObservedChunk:
    """Look for each id of a chunk, as extract wrote it: in the table, and among the rejected.

    Arguments:
        upload: the contract.
        chunk: what load came back with.
        resources: what the task works with.

    Raises:
        ArchiveError: a file of the hand-over is not what was put there.
        DeliveryRefusedError, DeliveryUnavailableError: as DynamoDB says.
    """
    ids = _ids(upload, chunk, resources)
    seen: Counter[str] = Counter()
    missing_ids: list[str] = []
    order = chunk["file"]["order"]
    key = key_column(upload.contract)
    make = attribute_maker(key)
    keys = ((text, make(text)) for text in ids)
    found = find_versions(resources.table, resources.table_name, key=key.name, keys=keys)
    for text, version in found:
        is_missing = version is None or version < order
        seen["missing" if is_missing else "found" if version == order else "superseded"] += 1
        if is_missing and len(missing_ids) < _NAMED:
            missing_ids.append(text)
    failpoint("observe.found")
    return {
        "index": chunk["index"],
        "number": chunk["number"],
        "extracted": chunk["rows"],
        "rejected": chunk["rejected"],
        "found": seen["found"],
        "superseded": seen["superseded"],
        "missing": seen["missing"],
        "missing_ids": missing_ids,
        "rejects": chunk["rejects"],
        "rejects_by_code": chunk["rejects_by_code"],
        "rejects_left": chunk["file"]["rejects_left"],
    }


def _ids(upload: ItemUpload, chunk: LoadedChunk, resources: ItemResources) -> Iterator[str]:
    rejected: set[int | None] = set()
    if chunk["rejects"]:
        stored = resources.hand_over(chunk["index"]).get(chunk["rejects"], "rejects.jsonl")
        rejected = {row.line for row in read_rejected(stored)}
    key = key_column(upload.contract)
    key_place = 1 + upload.contract.columns.index(key)
    with open_chunk(chunk, resources) as rows:
        for row in rows:
            if row[0] not in rejected:
                yield row[key_place]


def tally(
    extracted: Sequence[ExtractedFile],
    observed: Iterable[ObservedChunk],
    *,
    resources: ItemResources,
) -> list[FileResult]:
    """Sum a run up, file by file.

    Arguments:
        extracted: what extract came back with, one a file.
        observed: what observe came back with, one a chunk; extracted has those of small files.
        resources: what the task works with.

    Returns:
        The result of each file of extracted: one whose rows are not all accounted for has missing
        (how many), missing_ids (the first 20) and cause, which names no id; one whose chunks have
        too many rejects together has cause and final. For a file that was done already it is
        what its run gave back then.

    Raises:
        ArchiveError: a file of rejects is not what was put there.
    """
    by_file: dict[int, list[ObservedChunk]] = {file["index"]: [] for file in extracted}
    in_one_task = (chunk for file in extracted for chunk in file.get("observed", ()))
    for chunk in sorted((*in_one_task, *observed), key=lambda chunk: chunk["number"]):
        by_file.setdefault(chunk["index"], []).append(chunk)
    return [
        _sum_up(file, by_file[file["index"]], resources.hand_over(file["index"]))
        for file in extracted
    ]


def _sum_up(file: ExtractedFile, chunks: list[ObservedChunk], hand_over: HandOver) -> FileResult:
    if file["done"] is not None:
        return from_registry(file["done"], index=file["index"])
    by_code = Counter(file["rejects_by_code"])
    for chunk in chunks:
        by_code.update(chunk["rejects_by_code"])
    counts = {
        # a row that is no item counts as many as the lines that it takes
        "read": file["counts"]["read"]
        + sum(chunk["rejects_by_code"].get(CONTINUED, 0) for chunk in chunks),
        "rejected": by_code.total(),
        "duplicate": file["counts"]["duplicate"],
        "superseded": sum(chunk["superseded"] for chunk in chunks),
        "delivered": sum(chunk["found"] for chunk in chunks),
    }
    result: FileResult = {
        "index": file["index"],
        "counts": counts,
        "rejects": _merge_rejects([file, *chunks], hand_over),
        "rejects_by_code": dict(by_code),
        "seconds": time.time() - file["began"],
    }
    _add_shortfall(result, file, chunks)
    return result


def _add_shortfall(result: FileResult, file: ExtractedFile, chunks: list[ObservedChunk]) -> None:
    """Fail a file whose rows are not all accounted for, or too many of them rejected."""
    counts = result["counts"]
    missing = counts["read"] - sum(rows for name, rows in counts.items() if name != "read")
    unseen = len(file["chunks"]) - len(chunks)
    if missing or unseen:
        ids = [text for chunk in chunks for text in chunk["missing_ids"]][:_NAMED]
        of_chunks = f"; {unseen} of {len(file['chunks'])} chunks were not looked up"
        result["missing"], result["missing_ids"] = missing, ids
        result["cause"] = (
            f"{missing} of {counts['read']} rows are neither in the table nor rejected"
            f"{of_chunks if unseen else ''}"
        )
        return
    left = chunks[0]["rejects_left"] if chunks else 0
    rejected = sum(chunk["rejected"] for chunk in chunks)
    if rejected > left:
        result["missing"], result["missing_ids"], result["final"] = 0, [], True
        result["cause"] = (
            f"{counts['rejected']} of {counts['read']} rows rejected, {rejected - left} too many; "
            "the others are in the table"
        )


def _merge_rejects(
    parts: Sequence[ExtractedFile | ObservedChunk], hand_over: HandOver
) -> Stored | None:
    stored = [part["rejects"] for part in parts if part["rejects"]]
    if len(stored) <= 1:
        return stored[0] if stored else None
    merged = hand_over.folder / "merged.jsonl"
    with merged.open("wb") as target:
        for part in stored:
            with hand_over.get(part, "rejects.jsonl").open("rb") as source:
                shutil.copyfileobj(source, target)
    put = hand_over.put("rejects/all.jsonl", merged)
    failpoint("tally.merged")
    return put
