"""One file that landed in S3 to the queue."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from include.core.arrivals.registry import hold
from include.core.arrivals.resources import Resources
from include.core.arrivals.results import FileResult, from_registry
from include.core.arrivals.versions import fetch
from include.core.failpoints import failpoint
from include.core.runs.quarantine import count_codes, refuse_rejects
from include.errors import ArrivalError
from include.pipelines.csv_upload_to_sqs.envelope import PIPELINE, UNSENDABLE, Envelope
from include.pipelines.csv_upload_to_sqs.load import Pointer, Sender
from include.pipelines.csv_upload_to_sqs.progress import progress_of
from include.pipelines.csv_upload_to_sqs.transform import check_rows, open_rows

if TYPE_CHECKING:
    from include.contracts.uploads import JsonUpload
    from include.core.arrivals.claim import ReceivedFile
    from include.core.arrivals.versions import FileName
    from include.core.aws.objects import ObjectStore
    from include.pipelines.csv_upload_to_sqs.transform import Checked

MAX_KEY_BYTES: Final = (
    1024  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
)


@dataclass(frozen=True, kw_only=True)
class DeliverResources(Resources):
    """What deliver works with.

    Attributes:
        lake: JSON Lines files, and files between tasks.
        folder: for local copies; up to the file's size, and that of its rows as JSON.
        queue: a boto3 SQS client; threads share it.
        queue_url: where messages go.
    """

    queue: Any
    queue_url: str


def deliver(upload: JsonUpload, file: ReceivedFile, *, resources: DeliverResources) -> FileResult:
    """Send each good row of a file as a message, or one message that points to all of them.

    The whole file is read and checked before anything is sent. Delivery is at least once, and
    rows arrive in any order: a try after one that was cut off goes on after what is marked as
    acknowledged, so that at most the batches that were on their way then (load.SENDERS, of ten
    rows) come twice, under the same idempotency keys. A file without rows sends no message; as
    a file of JSON Lines it is empty and has its pointer, so that the consumer knows of it.

    The pointer's body is JSON: bucket and key of the JSON Lines file, its sha256 and its rows
    (how many), and file and version_id of what was uploaded. It has the attributes file,
    version_id and idempotency_key.

    Arguments:
        upload: the contract.
        file: which, of those that the run has claimed.
        resources: what the task works with.

    Returns:
        The result, with rows_per_second of this try. A file that is done already comes back as it
        was then, and nothing is sent.

    Raises:
        ArrivalBusyError: another run holds the file, or has taken it over.
        ArrivalError: the file is gone, not what was found, or its key fits no message.
        InputFileError: the whole file breaks its contract.
        RuleError: the contract cannot be delivered as JSON.
        RejectLimitError: more rows were rejected than the dataset allows; nothing was sent.
        DeliveryRefusedError, DeliveryUnavailableError: the queue did not take all messages.
    """
    began, connect, folder = time.monotonic(), resources.connect, resources.folder
    claim = hold(connect, PIPELINE, file, resources.run)
    failpoint("deliver.held")
    if claim.held is None:
        return from_registry(claim.counts, index=file["index"])
    _refuse_key(upload, file)
    fetch(resources.landing.client, file, folder / "upload")
    failpoint("deliver.fetched")
    envelope = Envelope(file)
    checked = check_rows(upload, file, envelope=envelope, folder=folder)
    refuse_rejects(upload.name, upload.rejects, read=checked.read, rejects_file=checked.rejects)
    failpoint("deliver.checked")
    hand_over = resources.hand_over(file["index"])
    rejects = hand_over.put("rejects.jsonl", checked.rejects) if checked.rejected else None
    failpoint("deliver.handed_over")
    sending = time.monotonic()
    with progress_of(connect, claim.held, claim.progress, upload=upload) as progress:
        sender = Sender(
            client=resources.queue, url=resources.queue_url, envelope=envelope, progress=progress
        )
        sent = _send(upload, file, checked, resources=resources, sender=sender)
    failpoint("deliver.sent")
    ended = time.monotonic()
    return {
        "index": file["index"],
        "counts": checked.counts,
        "rejects": rejects,
        "rejects_by_code": count_codes(checked.rejects),
        "seconds": ended - began,
        "rows_per_second": round(sent / max(ended - sending, 0.001)),
    }


def _refuse_key(upload: JsonUpload, file: FileName) -> None:
    """Stop before anything is sent if a message, or the lake, cannot name the file.

    Raises:
        ArrivalError: the key holds characters that SQS refuses, or is too long.
    """
    if UNSENDABLE.search(file["key"]):
        raise ArrivalError(
            "The key holds characters that no message may have. Upload the file under another key"
        )
    if upload.delivery == "file" and len(_lines_key(upload, file).encode()) > MAX_KEY_BYTES:
        raise ArrivalError("The key is too long. Upload the file under a shorter one")


def _lines_key(upload: JsonUpload, file: FileName) -> str:
    return f"json/{upload.name}/{file['key']}/{file['version_id']}.jsonl"


def _send(
    upload: JsonUpload,
    file: FileName,
    checked: Checked,
    *,
    resources: DeliverResources,
    sender: Sender,
) -> int:
    """Send what is not acknowledged yet; returns how many rows that are."""
    if upload.delivery == "file":
        return _send_file(upload, file, checked, lake=resources.lake, sender=sender)
    rows = open_rows(upload, file, resources.folder)
    return sender.send_rows(rows, total=checked.deliverable, name=file["key"])


def _send_file(
    upload: JsonUpload, file: FileName, checked: Checked, *, lake: ObjectStore, sender: Sender
) -> int:
    """Store the rows and send a pointer to them; returns how many rows that are."""
    key = _lines_key(upload, file)
    sha256 = lake.put_file(key, checked.lines)
    failpoint("deliver.file_stored")
    pointer: Pointer = {
        "bucket": lake.bucket,
        "key": key,
        "sha256": sha256,
        "rows": checked.deliverable,
        "file": file["key"],
        "version_id": file["version_id"],
    }
    sender.send_pointer(pointer)
    return checked.deliverable
