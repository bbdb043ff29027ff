"""The tally: each id that was extracted is in the table or among the rejected, or it is named."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from include.core.csv.faults import CONTINUED
from include.core.failpoints import failpoint
from include.core.runs.quarantine import read_rejected
from include.pipelines.csv_upload_to_dynamodb.chunks import chunk_lines
from include.pipelines.csv_upload_to_dynamodb.item_reads import find_versions
from include.pipelines.csv_upload_to_dynamodb.items import attribute_maker, key_column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from include.contracts.uploads import ItemUpload
    from include.core.aws.objects import HandOver, Stored
    from include.pipelines.csv_upload_to_dynamodb.places import Places

_NAMED: Final = 20
"""How many missing ids are named."""


def observe(upload: ItemUpload, chunk: dict[str, Any], *, places: Places) -> dict[str, Any]:
    """Look for each id of a chunk, as extract wrote it: in the table, and among the rejected.

    Arguments:
        upload: the contract.
        chunk: what load came back with.
        places: where the task reads.

    Returns:
        index and number of the chunk, extracted, rejected, found (the table has this version),
        superseded (a newer one), missing, missing_ids (the first 20 in order of key), and rejects,
        rejects_by_code and rejects_left as the tasks before gave them.

    Raises:
        ArchiveError: a file of the hand-over is not what was put there.
        DeliveryRefusedError, DeliveryUnavailableError: as DynamoDB says.
    """
    ids = _ids(upload, chunk, places.hand_over(chunk["index"]))
    seen: Counter[str] = Counter()
    missing_ids: list[str] = []
    order = chunk["file"]["order"]
    key = key_column(upload.contract)
    make = attribute_maker(key)
    keys = ((text, make(text)) for text in ids)
    for text, version in find_versions(places.table, places.table_name, key=key.name, keys=keys):
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
        **{name: seen[name] for name in ("found", "superseded", "missing")},
        "missing_ids": missing_ids,
        "rejects": chunk["rejects"],
        "rejects_by_code": chunk["rejects_by_code"],
        "rejects_left": chunk["file"]["rejects_left"],
    }


def _ids(upload: ItemUpload, chunk: dict[str, Any], place: HandOver) -> Iterator[str]:
    rejected: set[int | None] = set()
    if chunk["rejects"]:
        stored = place.get(chunk["rejects"], "rejects.jsonl")
        rejected = {row.line for row in read_rejected(stored)}
    key = key_column(upload.contract)
    key_place = 1 + upload.contract.columns.index(key)
    for row in chunk_lines(chunk, place):
        if row[0] not in rejected:
            yield row[key_place]


def tally(
    extracted: Sequence[dict[str, Any]], observed: Iterable[dict[str, Any]], *, places: Places
) -> list[dict[str, Any]]:
    """Sum a run up, file by file.

    Arguments:
        extracted: what extract came back with, one a file.
        observed: what observe came back with, one a chunk.
        places: where the task reads and writes.

    Returns:
        For each file of extracted: index, counts (read, rejected, duplicate, superseded,
        delivered), rejects (key and sha256 of one file, or None), rejects_by_code, seconds; and
        for one whose rows are not all accounted for, missing (how many), missing_ids (the first
        20) and cause, which names no id; cause, and final, as well where chunks have too many
        rejects together. For a file that was done already it is what its run
        gave back then.

    Raises:
        ArchiveError: a file of rejects is not what was put there.
    """
    by_file: dict[int, list[dict[str, Any]]] = {file["index"]: [] for file in extracted}
    for chunk in sorted(observed, key=lambda chunk: int(chunk["number"])):
        by_file.setdefault(chunk["index"], []).append(chunk)
    return [
        _sum_up(file, by_file[file["index"]], place=places.hand_over(file["index"]))
        for file in extracted
    ]


def _sum_up(
    file: dict[str, Any], chunks: list[dict[str, Any]], *, place: HandOver
) -> dict[str, Any]:
    if file["done"] is not None:
        return {**file["done"], "index": file["index"]}
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
    return {
        "index": file["index"],
        "counts": counts,
        "rejects": _merge_rejects([file, *chunks], place),
        "rejects_by_code": dict(by_code),
        "seconds": time.time() - file["began"],
        **_shortfall(file, chunks, counts),
    }


def _shortfall(
    file: dict[str, Any], chunks: list[dict[str, Any]], counts: dict[str, int]
) -> dict[str, Any]:
    """What fails a file whose rows are not all accounted for; nothing for others."""
    missing = counts["read"] - sum(rows for name, rows in counts.items() if name != "read")
    unseen = len(file["chunks"]) - len(chunks)
    if missing or unseen:
        ids = [text for chunk in chunks for text in chunk["missing_ids"]][:_NAMED]
        told = f"; {unseen} of {len(file['chunks'])} chunks were not looked up" if unseen else ""
        cause = f"{missing} of {counts['read']} rows are neither in the table nor rejected{told}"
        return {"missing": missing, "missing_ids": ids, "cause": cause}
    left = chunks[0]["rejects_left"] if chunks else 0
    rejected = sum(chunk["rejected"] for chunk in chunks)
    if rejected > left:
        cause = (
            f"{counts['rejected']} of {counts['read']} rows rejected, {rejected - left} too many; "
            "the others are in the table"
        )
        return {"missing": 0, "missing_ids": [], "cause": cause, "final": True}
    return {}


def _merge_rejects(parts: list[dict[str, Any]], place: HandOver) -> Stored | None:
    stored = [part["rejects"] for part in parts if part["rejects"]]
    if len(stored) <= 1:
        return stored[0] if stored else None
    merged = place.folder / "merged.jsonl"
    with merged.open("wb") as target:
        for part in stored:
            with place.get(part, "rejects.jsonl").open("rb") as source:
                shutil.copyfileobj(source, target)
    put = place.put("rejects/all.jsonl", merged)
    failpoint("tally.merged")
    return put
