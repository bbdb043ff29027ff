"""A CSV file into JSON: checked as a whole first, then row by row."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from include.core.csv.faults import Fault, Reject
from include.core.csv.json_rows import JsonRows
from include.core.csv.rows import read_raw, read_rows
from include.core.runs.quarantine import set_aside
from include.errors import InputFileError, RuleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO

    from include.contracts.uploads import JsonUpload
    from include.core.arrivals.versions import FileName
    from include.core.csv.faults import Counts
    from include.core.csv.json_rows import JsonBlock
    from include.pipelines.csv_upload_to_sqs.envelope import Envelope, Row

SINK_REASONS: Final = {
    "message_too_large": "the row makes a message larger than the 1 MiB that a queue takes",
}
"""The code of each row that a queue alone would refuse, and its reason."""

# What one PUT takes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html. A
# multipart upload could take more, and stays open, and paid for, when its task is killed.
MAX_FILE_BYTES: Final = 5 * 1024**3


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A file whose last row has been read.

    Attributes:
        rows: what became of the file's rows.
        rejects: local file of those rejected.
        lines: local file of those deliverable, as JSON Lines, where the dataset wants a file.
    """

    rows: Counts
    rejects: Path
    lines: Path

    @property
    def read(self) -> int:
        """Rows that the contract wants: the sum of rejected and deliverable."""
        return self.rows.read - self.rows.filtered

    @property
    def rejected(self) -> int:
        """Rows that are set aside."""
        return self.rows.rejected

    @property
    def deliverable(self) -> int:
        """Rows that can be sent."""
        return self.rows.kept

    @property
    def counts(self) -> dict[str, int]:
        """Where the rows are once they are delivered."""
        return {
            "read": self.read,
            "rejected": self.rejected,
            "duplicate": 0,
            "superseded": 0,
            "delivered": self.deliverable,
        }


def check_rows(upload: JsonUpload, file: FileName, *, envelope: Envelope, folder: Path) -> Checked:
    """Read a file to its end, and set rows aside that cannot be delivered.

    Arguments:
        upload: the contract.
        file: which, for rejects and errors.
        envelope: of its messages.
        folder: where the file is, as "upload", and for what this makes.

    Raises:
        InputFileError: the file breaks its contract, or is too large as JSON.
        RuleError: the contract asks for what this pipeline does not do.
    """
    rejects, lines = folder / "rejects.jsonl", folder / "rows.jsonl"
    too_large = array("q")
    name = file["key"]
    rows = _open(upload, file, folder)
    with set_aside(rejects, file=name, version=file["version_id"]) as add:
        if upload.delivery == "file":
            with lines.open("wb") as target:
                _take_blocks(rows, add, _writer(target, name))
        else:
            _take_blocks(rows, add, lambda block: too_large.extend(_unfit(block, envelope)))
        raws = read_raw(folder / "upload", lines=too_large, name=name, contract=upload.contract)
        for line, raw in raws:
            lost = Reject.each_line(line, Fault("message_too_large", reasons=SINK_REASONS), raw)
            rows.counts.reject_kept(lost)
            for reject in lost:
                add(reject)
    return Checked(rows=rows.counts, rejects=rejects, lines=lines)


def open_rows(upload: JsonUpload, file: FileName, folder: Path) -> Iterator[Row]:
    """The rows of a checked file, number and JSON, one at a time; errors are check_rows's."""
    for block in _open(upload, file, folder).blocks():
        yield from zip(block.numbers, block.texts, strict=True)


def _open(upload: JsonUpload, file: FileName, folder: Path) -> JsonRows:
    if upload.contract.key:
        raise RuleError(
            f"{upload.name}: a queue cannot tell which of two rows to keep; its rows have no key"
        )
    return JsonRows(read_rows(folder / "upload", name=file["key"], contract=upload.contract))


def _take_blocks(
    rows: JsonRows, add: Callable[[Reject], None], take: Callable[[JsonBlock], None]
) -> None:
    for block in rows.blocks():
        for reject in block.rejects:
            add(reject)
        take(block)


def _unfit(block: JsonBlock, envelope: Envelope) -> Iterator[int]:
    for number, line, text in zip(block.numbers, block.lines, block.texts, strict=True):
        if not envelope.fits((number, text)):
            yield line


def _writer(target: IO[bytes], name: str) -> Callable[[JsonBlock], None]:
    def write(block: JsonBlock) -> None:
        if block.texts:
            target.write("\n".join([*block.texts, ""]).encode())
        if target.tell() > MAX_FILE_BYTES:
            raise InputFileError(
                file=name, line=None, problem="its rows are over 5 GiB as JSON", fix="Split it"
            )

    return write
