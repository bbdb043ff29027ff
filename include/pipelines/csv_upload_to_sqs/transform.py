"""A CSV file into JSON: checked as a whole first, then row by row as messages of a queue."""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from include.core.aws.batches import Limits
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
    from include.core.csv.faults import Counts
    from include.core.csv.json_rows import JsonBlock

    Row = tuple[int, str]

PIPELINE: Final = "csv_upload_to_sqs"

# Body, and name, type and value of each attribute; a call as a whole has the same limit as one
# message: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
LIMITS: Final = Limits(entries=10, total_bytes=1_048_576)

SINK_REASONS: Final = {
    "message_too_large": "the row makes a message larger than the 1 MiB that a queue takes",
}
"""The code of each row that a queue alone would refuse, and its reason."""

# What one PUT takes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html. A
# multipart upload could take more, and stays open, and paid for, when its task is killed.
MAX_FILE_BYTES: Final = 5 * 1024**3
MAX_KEY_BYTES: Final = (
    1024  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
)

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
UNSENDABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UTF_8_WIDEST: Final = 4  # bytes of one character


class Envelope:
    """What stands around the JSON of each row of one object version.

    Message attributes: row_number (Number), file (the object's key), version_id, and
    idempotency_key, the hexadecimal SHA-256 of the JSON array [pipeline, bucket, key, version_id,
    row_number], ASCII and without blanks. The message that points to a whole file has neither
    row_number nor that element.

    Arguments:
        file: bucket, key and version_id.
    """

    def __init__(self, file: dict[str, Any]) -> None:
        names = [PIPELINE, file["bucket"], file["key"], file["version_id"]]
        start = json.dumps(names, separators=(",", ":"))[:-1]
        self._digest = hashlib.sha256(start.encode())
        self._common = {
            "file": _attribute("String", file["key"]),
            "version_id": _attribute("String", file["version_id"]),
        }
        self._bytes = sum(
            len(name.encode()) + sum(len(text.encode()) for text in attribute.values())
            for name, attribute in self.attributes(0).items()
        ) - len("0")

    def attributes(self, number: int | None) -> dict[str, dict[str, str]]:
        """The attributes of the message of a row, or of the pointer to all rows."""
        digest = self._digest.copy()
        digest.update(b"]" if number is None else b",%d]" % number)
        numbered = {} if number is None else {"row_number": _attribute("Number", str(number))}
        key = {"idempotency_key": _attribute("String", digest.hexdigest())}
        return {**numbered, **self._common, **key}

    def size(self, row: Row) -> int:
        """Bytes of a row's message, as a queue counts them."""
        number, text = row
        body = len(text) if text.isascii() else len(text.encode())
        return body + self._bytes + len(str(number))

    def fits(self, row: Row) -> bool:
        """Tell whether a queue takes the message."""
        longest = len(row[1]) * _UTF_8_WIDEST + self._bytes + len(str(row[0]))
        return longest <= LIMITS.total_bytes or self.size(row) <= LIMITS.total_bytes


def _attribute(kind: str, value: str) -> dict[str, str]:
    return {"DataType": kind, "StringValue": value}


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


def check_rows(
    upload: JsonUpload, file: dict[str, Any], *, envelope: Envelope, folder: Path
) -> Checked:
    """Read a file to its end, and set aside what cannot be delivered.

    Arguments:
        upload: the contract.
        file: key and version_id.
        envelope: what its messages have around them.
        folder: where the file is, as "upload", and what comes of it.

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


def open_rows(upload: JsonUpload, file: dict[str, Any], folder: Path) -> Iterator[Row]:
    """The rows of a checked file, number and JSON, one at a time; errors are check_rows's."""
    for block in _open(upload, file, folder).blocks():
        yield from zip(block.numbers, block.texts, strict=True)


def _open(upload: JsonUpload, file: dict[str, Any], folder: Path) -> JsonRows:
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
