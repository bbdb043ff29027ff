"""A CSV file into JSON: read and checked as a whole, before any row of it is sent."""

from __future__ import annotations

from array import array
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from include.core.csv.faults import CONTINUED, Fault, Reject
from include.core.runs.quarantine import set_aside
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.load_csv import CsvFile, load_rows, reject_loaded
from include.errors import InputFileError, RuleError
from include.pipelines.csv_upload_to_sqs.envelope import LIMITS
from include.pipelines.csv_upload_to_sqs.numbered_rows import NumberedRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from include.contracts.uploads import JsonUpload
    from include.core.arrivals.versions import FileName
    from include.core.csv.faults import Counts
    from include.pipelines.csv_upload_to_sqs.envelope import Envelope

SINK_REASONS: Final = {
    "message_too_large": "the row makes a message larger than the 1 MiB that a queue takes",
}
"""The code of each row that a queue alone would refuse, and its reason."""

# What one PUT takes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html. A
# multipart upload could take more, and stays open, and paid for, when its task is killed.
MAX_FILE_BYTES: Final = 5 * 1024**3

_RELATION: Final = "upload"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A file whose last row has been read.

    Attributes:
        file: its name.
        counts: what became of the file's rows.
        rejects: local file of those rejected.
        rows: those deliverable.
    """

    file: FileName
    counts: Counts
    rejects: Path
    rows: NumberedRows

    @property
    def read(self) -> int:
        """Rows that the contract wants: the sum of rejected and deliverable."""
        return self.counts.read - self.counts.filtered

    @property
    def deliverable(self) -> int:
        """Rows that can be sent."""
        return self.counts.kept

    @property
    def delivered(self) -> dict[str, int]:
        """Where the rows are once they are delivered."""
        return {
            "read": self.read,
            "rejected": self.counts.rejected,
            "duplicate": 0,
            "superseded": 0,
            "delivered": self.deliverable,
        }

    def write_lines(self, to: Path) -> None:
        """Write the rows as JSON Lines.

        Raises:
            InputFileError: they are too large for the lake.
        """
        with to.open("wb") as target:
            for _, text in self.rows.read():
                target.write(text.encode() + b"\n")
                if target.tell() > MAX_FILE_BYTES:
                    raise InputFileError(
                        file=self.file["key"],
                        line=None,
                        problem="its rows are over 5 GiB as JSON",
                        fix="Split it",
                    )


@contextmanager
def check_rows(
    upload: JsonUpload, file: FileName, *, envelope: Envelope, folder: Path, memory: str
) -> Iterator[Checked]:
    """Read a file to its end, and set rows aside that cannot be delivered.

    Arguments:
        upload: the contract.
        file: which, for rejects and errors.
        envelope: of its messages.
        folder: where the file is, as "upload", and for what this makes.
        memory: DuckDB's memory limit.

    Raises:
        InputFileError: the file breaks its contract.
        RuleError: the contract asks for what this pipeline does not do.
    """
    if upload.contract.key:
        raise RuleError(
            f"{upload.name}: a queue cannot tell which of two rows to keep; its rows have no key"
        )
    rejects, name = folder / "rejects.jsonl", file["key"]
    source = CsvFile(path=folder / "upload", name=name, contract=upload.contract)
    most_bytes = None if upload.delivery == "file" else LIMITS.total_bytes - envelope.bytes_around
    with connect_duckdb(folder, memory=memory) as connection:
        with set_aside(rejects, file=name, version=file["version_id"]) as add:
            rows = source.open()
            refused = array("q")

            def on_reject(reject: Reject) -> None:
                add(reject)
                # A further line of a row is no row of its own.
                if reject.code != CONTINUED:
                    refused.append(reject.line)

            load_rows(connection, _RELATION, source, rows, folder=folder, on_reject=on_reject)
            numbered = NumberedRows.of(connection, _RELATION, rows.columns, rejected=refused)
            if most_bytes is not None:
                large = numbered.leave_out(most_bytes=most_bytes)
                _reject(source, large, counts=rows.counts, on_reject=add)
        yield Checked(file=file, counts=rows.counts, rejects=rejects, rows=numbered)


def _reject(
    source: CsvFile, large: array[int], *, counts: Counts, on_reject: Callable[[Reject], None]
) -> None:
    for line, raw in source.read_raw(large):
        fault = Fault("message_too_large", reasons=SINK_REASONS)
        reject_loaded(counts, Reject.each_line(line, fault, raw), on_reject)
