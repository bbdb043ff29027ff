"""What would become of a file if it were uploaded: the checks of deliver, and nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.core.runs.trial import MEMORY, Trial, limit_causes
from include.core.snapshot.database import connect_duckdb
from include.pipelines.csv_upload_to_sqs.envelope import Envelope
from include.pipelines.csv_upload_to_sqs.numbered_rows import NumberedRows
from include.pipelines.csv_upload_to_sqs.transform import check_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.contracts.uploads import JsonUpload
    from include.core.arrivals.versions import FileName

# A message holds the version of its file, which S3 makes: 32 characters.
_VERSION_ID: Final = "v" * 32


def try_file(upload: JsonUpload, path: Path, *, folder: Path) -> Trial:
    """Read and check a file as deliver does.

    Arguments:
        upload: the contract.
        path: the file, under the name that it would be uploaded by.
        folder: an empty one for what comes of it; the trial's files are there.

    Raises:
        InputFileError: the whole file breaks its contract.
        RuleError: the contract cannot be delivered as JSON.
    """
    (folder / "upload").symlink_to(path.resolve())
    file: FileName = {"bucket": "", "key": path.name, "version_id": _VERSION_ID}
    envelope = Envelope({**file, "key": upload.prefix + path.name})
    with check_rows(upload, file, envelope=envelope, folder=folder, memory=MEMORY) as checked:
        pass

    def rows() -> Iterator[str]:
        with connect_duckdb(folder, memory=MEMORY) as connection:
            for _, text in NumberedRows(connection).read():
                yield text

    return Trial(
        counts=checked.counts,
        kept=checked.deliverable,
        rejects=checked.rejects,
        rows=rows,
        causes=limit_causes(
            upload.name, upload.rejects, read=checked.read, rejects=checked.rejects
        ),
    )
