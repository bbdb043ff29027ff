"""What would become of a file if it were uploaded: the checks of extract and transform."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from include.core.runs.quarantine import set_aside
from include.core.runs.trial import MEMORY, Trial, limit_causes
from include.core.snapshot.columns import place_names
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.json_rows import read_json
from include.core.snapshot.load_csv import CsvFile, delete_lines
from include.pipelines.csv_upload_to_dynamodb.extract import RELATION, read_items
from include.pipelines.csv_upload_to_dynamodb.transform import make_items

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.contracts.uploads import ItemUpload
    from include.core.csv.faults import Reject

# An item holds the order of its file, which counts for its size: as long as those that S3's
# answers give.
_ORDER: Final = "2000-01-01T00:00:00+00:00#000001#00000000"


def try_file(upload: ItemUpload, path: Path, *, folder: Path) -> Trial:
    """Read and check a file as extract and transform do.

    Arguments:
        upload: the contract.
        path: the file, under the name that it would be uploaded by.
        folder: an empty one for what comes of it; the trial's files are there.

    Raises:
        InputFileError: the whole file breaks its contract.
    """
    rejects = folder / "rejects.jsonl"
    refused = array("q")
    source = CsvFile(path=path, name=path.name, contract=upload.contract)
    with connect_duckdb(folder, memory=MEMORY) as connection:
        with set_aside(rejects, file=path.name, version="") as add:
            counts, rows = read_items(connection, source, folder=folder, on_reject=add)

            def refuse(lost: list[Reject]) -> None:
                refused.append(lost[0].line)
                counts.reject_kept(lost)
                for reject in lost:
                    add(reject)

            made = make_items(upload.contract, rows.read(), version=_ORDER, on_reject=refuse)
            kept = sum(1 for _ in made)
        delete_lines(connection, RELATION, refused)

    def items() -> Iterator[str]:
        columns = upload.contract.columns
        with connect_duckdb(folder, memory=MEMORY) as connection:
            yield from read_json(connection, RELATION, columns, place_names(columns))

    read = counts.read - counts.filtered
    return Trial(
        counts=counts,
        kept=kept,
        rejects=rejects,
        rows=items,
        causes=limit_causes(upload.name, upload.rejects, read=read, rejects=rejects),
    )
