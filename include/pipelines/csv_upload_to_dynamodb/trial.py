"""What would become of a file if it were uploaded: the checks of extract and transform."""

from __future__ import annotations

from array import array
from functools import partial
from typing import TYPE_CHECKING, Final

from include.core.aws.json_lines import read_lines
from include.core.runs.quarantine import set_aside
from include.core.runs.trial import Trial, json_of_lines, limit_causes
from include.pipelines.csv_upload_to_dynamodb.chunks import chunk_rows
from include.pipelines.csv_upload_to_dynamodb.dealing import cut_file
from include.pipelines.csv_upload_to_dynamodb.items import key_column
from include.pipelines.csv_upload_to_dynamodb.transform import make_items

if TYPE_CHECKING:
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
    kept = array("q")
    with set_aside(rejects, file=path.name, version="") as add:
        counts, cuts = cut_file(
            path,
            name=path.name,
            contract=upload.contract,
            key=key_column(upload.contract),
            size_of=lambda rows: chunk_rows(upload, rows, files=1),
            folder=folder,
            on_reject=add,
        )

        def refuse(lost: list[Reject]) -> None:
            counts.reject_kept(lost)
            for reject in lost:
                add(reject)

        for cut in cuts:
            rows = read_lines(cut.path)
            made = make_items(upload.contract, rows, version=_ORDER, on_reject=refuse)
            kept.extend(line for line, _ in made)
            cut.path.unlink()
    read = counts.read - counts.filtered
    return Trial(
        counts=counts,
        kept=len(kept),
        rejects=rejects,
        rows=partial(
            json_of_lines, path, lines=sorted(kept), name=path.name, contract=upload.contract
        ),
        causes=limit_causes(upload.name, upload.rejects, read=read, rejects=rejects),
    )
