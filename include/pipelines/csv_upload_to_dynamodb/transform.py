"""A chunk's rows into items as DynamoDB takes them, and the rows that are no items."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from include.contracts.files import RejectLimit
from include.core.aws.json_lines import write_lines
from include.core.csv.faults import CONTINUED, Reject
from include.core.failpoints import failpoint
from include.core.runs.quarantine import count_codes, read_rejected, refuse_rejects, set_aside
from include.pipelines.csv_upload_to_dynamodb.chunks import open_chunk
from include.pipelines.csv_upload_to_dynamodb.items import ItemFault, item_maker
from include.pipelines.csv_upload_to_dynamodb.stage_events import StageEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from include.contracts.files import CsvContract
    from include.contracts.uploads import ItemUpload
    from include.pipelines.csv_upload_to_dynamodb.chunks import Chunk, TransformedChunk
    from include.pipelines.csv_upload_to_dynamodb.items import Item
    from include.pipelines.csv_upload_to_dynamodb.ordered_rows import Row
    from include.pipelines.csv_upload_to_dynamodb.resources import ItemResources


def transform(upload: ItemUpload, chunk: Chunk, *, resources: ItemResources) -> TransformedChunk:
    """Make items of a chunk's rows; a row that DynamoDB would refuse is rejected.

    Arguments:
        upload: the contract.
        chunk: one of those that extract came back with.
        resources: what the task works with.

    Raises:
        ArchiveError: the chunk is not what was put there.
        RejectLimitError: this chunk alone has more rejects than are left to the file.
    """
    hand_over, folder = resources.hand_over(chunk["index"]), resources.folder
    file, name = chunk["file"], f"{chunk['number']:04}.jsonl"
    items, rejects = folder / "items.jsonl.gz", folder / "rejects.jsonl"
    with (
        set_aside(rejects, file=file["key"], version=file["version_id"]) as add,
        open_chunk(chunk, resources) as rows,
    ):
        made = make_items(
            upload.contract,
            rows,
            version=file["order"],
            on_reject=lambda lost: [add(reject) for reject in lost],
        )
        write_lines(items, (item for _, item in made))
    limit = RejectLimit(rows=file["rejects_left"])
    refuse_rejects(
        upload.name,
        limit,
        read=chunk["rows"],
        rejects_file=rejects,
        outcome="Nothing of this chunk was loaded",
    )
    by_code = count_codes(rejects)
    stored_rejects = hand_over.put(f"rejects/{name}", rejects) if by_code else None
    stored_items = hand_over.put(f"items/{name}.gz", items)
    failpoint("transform.stored")
    resources.events.send(_events(chunk, rejects, by_code))
    failpoint("transform.events_sent")
    return {
        **chunk,
        "items": stored_items,
        "rejected": sum(by_code.values()),
        "rejects": stored_rejects,
        "rejects_by_code": by_code,
    }


def make_items(
    contract: CsvContract,
    rows: Iterable[Row],
    *,
    version: str,
    on_reject: Callable[[list[Reject]], object],
) -> Iterator[tuple[int, Item]]:
    """Make items of rows, and reject those that DynamoDB would refuse.

    Arguments:
        contract: whose columns and key.
        rows: as open_chunk gives them.
        version: the file's `order`.
        on_reject: called for each row that is no item, with one reject a line of it.

    Yields the line of each other row, and its item.
    """
    make = item_maker(contract, version=version)
    for line, *texts in rows:
        try:
            item = make(texts)
        except ItemFault as fault:
            raw = _as_csv(texts)
            on_reject(Reject.each_line(line, fault, raw, column=fault.column))
            continue
        yield line, item


def _as_csv(texts: Sequence[str | None]) -> str:
    """The values as a line of CSV: the row as it is in the file is not in the chunk."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(texts)
    return line.getvalue()


def _events(chunk: Chunk, rejects: Path, by_code: dict[str, int]) -> Iterator[StageEvent]:
    rejected = sum(by_code.values())
    yield StageEvent(
        stage="transformed",
        file=chunk["file"],
        chunk=chunk["number"],
        rows=chunk["rows"] - rejected + by_code.get(CONTINUED, 0),
        ids=(chunk["first_id"], chunk["last_id"]),
        counts={"rejected": rejected},
    )
    lines = [row.line for row in read_rejected(rejects) if row.line is not None]
    if lines:
        yield StageEvent(
            stage="rejected",
            file=chunk["file"],
            chunk=chunk["number"],
            rows=rejected,
            lines=(min(lines), max(lines)),
            counts=by_code,
        )
