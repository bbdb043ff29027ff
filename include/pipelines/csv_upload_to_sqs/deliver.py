"""One file that landed in S3 to the queue."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from include.core.arrivals.lease import Lease
from include.core.arrivals.registry import Held, hold
from include.core.arrivals.resources import Resources
from include.core.arrivals.results import from_registry
from include.core.arrivals.shares import rows_a_task
from include.core.arrivals.versions import fetch
from include.core.aws.objects import sha256_of
from include.core.failpoints import failpoint
from include.core.runs.quarantine import count_codes, refuse_rejects
from include.errors import ArrivalError
from include.pipelines.csv_upload_to_sqs.envelope import PIPELINE, UNSENDABLE, Envelope
from include.pipelines.csv_upload_to_sqs.load import Pointer, Sender
from include.pipelines.csv_upload_to_sqs.numbered_rows import read_part
from include.pipelines.csv_upload_to_sqs.parts import store_parts
from include.pipelines.csv_upload_to_sqs.progress import progress_of
from include.pipelines.csv_upload_to_sqs.rejected import find_undelivered, keep_undelivered
from include.pipelines.csv_upload_to_sqs.transform import check_rows

if TYPE_CHECKING:
    from include.contracts.uploads import JsonUpload
    from include.core.arrivals.claim import ReceivedFile
    from include.core.arrivals.registry import HeldFile
    from include.core.arrivals.versions import FileName
    from include.core.sending.progress import Progress
    from include.pipelines.csv_upload_to_sqs.parts import DeliveredFile, DeliveredPart, Part
    from include.pipelines.csv_upload_to_sqs.transform import Checked

MAX_KEY_BYTES: Final = (
    1024  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
)

_DIGITS: Final = 16  # of a digest, in the name of a file of rejected rows


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


def deliver(
    upload: JsonUpload,
    file: ReceivedFile,
    *,
    files: int,
    resources: DeliverResources,
    rejected_of: str | None = None,
) -> DeliveredFile:
    """Send each good row of a file as a message, or one message that points to all of them.

    The whole file is read and checked before anything is sent. A file of more rows than a part has
    is stored in parts, which deliver_part sends. Delivery is at least once, and rows arrive in any
    order: a try after one that was cut off goes on after what is marked as acknowledged, so that
    at most the batches that were on their way then (SENDERS a task, of ten rows) come twice, under
    the same idempotency keys. A file without rows sends no message; as a file of JSON Lines
    it is empty and has its pointer, so that the consumer knows of it.

    The pointer's body is JSON: bucket and key of the JSON Lines file, its sha256 and its rows
    (how many), and file and version_id of what was uploaded. It has the attributes file,
    version_id and idempotency_key.

    Arguments:
        upload: the contract.
        file: which, of those that the run has claimed.
        files: how many files the run has; they share the number of parts that a run may have.
        resources: what the task works with.
        rejected_of: send only rows that wait in the quarantine of this sink, and that were never
            delivered, under the numbers that they have in the whole file.

    Returns:
        The result, with rows_per_second of this try, or with the parts to be sent. A file that is
        done already comes back as it was then, and nothing is sent.

    Raises:
        ArrivalBusyError: another run holds the file, or has taken it over.
        ArrivalError: the file is gone, not what was found, or its key fits no message; or its
            rejected rows cannot be sent alone.
        InputFileError: the whole file breaks its contract.
        RuleError: the contract cannot be delivered as JSON.
        RejectLimitError: more rows were rejected than the dataset allows; nothing was sent.
        WorkerExhaustedError: no disk or memory is left.
        DeliveryRefusedError, DeliveryUnavailableError: the queue did not take all messages.
    """
    began, folder = time.time(), resources.folder
    claim = hold(resources.connect, PIPELINE, file, resources.run)
    failpoint("deliver.held")
    if claim.held is None:
        return cast("DeliveredFile", from_registry(claim.counts, index=file["index"]))
    only = rejected_of is not None
    _refuse_key(upload, file, only=only)
    fetch(resources.landing.client, file, folder / "upload")
    failpoint("deliver.fetched")
    envelope = Envelope(file)
    with check_rows(
        upload, file, envelope=envelope, folder=folder, memory=resources.memory
    ) as whole:
        refuse_rejects(upload.name, upload.rejects, read=whole.read, rejects_file=whole.rejects)
        failpoint("deliver.checked")
        checked = whole
        if rejected_of is not None:
            undelivered = find_undelivered(resources.connect, rejected_of, file)
            checked = keep_undelivered(whole, undelivered)
        delivered = _result(file, checked, began=began, resources=resources)
        if only:
            delivered["rejected_only"] = True
        failpoint("deliver.handed_over")
        size = rows_a_task(upload.part_rows, checked.deliverable, files=files)
        if upload.delivery == "messages" and checked.deliverable > size:
            held: HeldFile = {
                "bucket": file["bucket"],
                "key": file["key"],
                "version_id": file["version_id"],
                "token": claim.held.token,
            }
            parts = store_parts(
                checked,
                size,
                file=held,
                index=file["index"],
                resources=resources,
                rejected_only=only,
            )
            return {**delivered, "began": began, "parts": list(parts)}
        sending = time.monotonic()
        lease = Lease(resources.connect, claim.held)
        marks = progress_of(resources.connect, lease, upload=upload, rejected_only=only)
        with marks as progress:
            sender = _sender(envelope, progress, resources)
            sent = _send(upload, checked, resources=resources, sender=sender, only=only)
    failpoint("deliver.sent")
    rate = round(sent / max(time.monotonic() - sending, 0.001))
    return {**delivered, "seconds": time.time() - began, "rows_per_second": rate}


def deliver_part(upload: JsonUpload, part: Part, *, resources: DeliverResources) -> DeliveredPart:
    """Send each row of a part of a file as a message, as deliver does.

    Arguments:
        upload: the contract.
        part: one of those that deliver came back with.
        resources: what the task works with.

    Raises:
        ArrivalBusyError: another run has taken the file over.
        ArchiveError: the part is not what was put there.
        WorkerExhaustedError: no disk or memory is left.
        DeliveryRefusedError, DeliveryUnavailableError: the queue did not take all messages.
    """
    began, file = time.time(), part["file"]
    lease = Lease(resources.connect, Held.of(PIPELINE, file))
    if lease.open:
        _send_part(upload, part, lease=lease, resources=resources)
    failpoint("deliver_part.sent")
    return {
        "index": part["index"],
        "number": part["number"],
        "rows": part["rows"],
        "began": began,
        "ended": time.time(),
    }


def _send_part(
    upload: JsonUpload, part: Part, *, lease: Lease, resources: DeliverResources
) -> None:
    local = resources.hand_over(part["index"]).get(part, "part.parquet")
    failpoint("deliver_part.fetched")
    number, span = part["number"], (part["first"], part["last"])
    progress = progress_of(
        resources.connect,
        lease,
        upload=upload,
        part=number,
        span=span,
        rejected_only=part.get("rejected_only", False),
    )
    rows = read_part(local, folder=resources.folder, memory=resources.memory)
    with progress as marks, rows as numbered:
        sender = _sender(Envelope(part["file"]), marks, resources)
        name = f"{part['file']['key']}, part {number}"
        sender.send_rows(numbered, total=part["rows"], name=name)


def _sender(envelope: Envelope, progress: Progress, resources: DeliverResources) -> Sender:
    return Sender(
        client=resources.queue, url=resources.queue_url, envelope=envelope, progress=progress
    )


def _result(
    file: ReceivedFile, checked: Checked, *, began: float, resources: DeliverResources
) -> DeliveredFile:
    """What comes of a file whose rows are sent; its rejects are handed over."""
    hand_over, rejects = resources.hand_over(file["index"]), checked.rejects
    return {
        "index": file["index"],
        "counts": checked.delivered,
        "rejects": hand_over.put("rejects.jsonl", rejects) if checked.counts.rejected else None,
        "rejects_by_code": count_codes(rejects),
        "seconds": time.time() - began,
    }


def _refuse_key(upload: JsonUpload, file: FileName, *, only: bool) -> None:
    """Stop before anything is sent if a message, or the lake, cannot name the file.

    Raises:
        ArrivalError: the key holds characters that SQS refuses, or is too long.
    """
    if UNSENDABLE.search(file["key"]):
        raise ArrivalError(
            "The key holds characters that no message may have. Upload the file under another key"
        )
    longest = _lines_key(upload, file, "." + "f" * _DIGITS if only else "")
    if upload.delivery == "file" and len(longest.encode()) > MAX_KEY_BYTES:
        raise ArrivalError("The key is too long. Upload the file under a shorter one")


def _lines_key(upload: JsonUpload, file: FileName, rejected: str = "") -> str:
    return f"json/{upload.name}/{file['key']}/{file['version_id']}{rejected}.jsonl"


def _send(
    upload: JsonUpload, checked: Checked, *, resources: DeliverResources, sender: Sender, only: bool
) -> int:
    """Send what is not acknowledged yet; returns how many rows that are."""
    if upload.delivery == "file":
        if only and not checked.deliverable:
            return 0
        return _send_file(upload, checked, resources=resources, sender=sender, only=only)
    name = checked.file["key"]
    return sender.send_rows(checked.rows.read(), total=checked.deliverable, name=name)


def _send_file(
    upload: JsonUpload, checked: Checked, *, resources: DeliverResources, sender: Sender, only: bool
) -> int:
    """Store the rows and send a pointer to them; returns how many rows that are."""
    file, lake, lines = checked.file, resources.lake, resources.folder / "rows.jsonl"
    checked.write_lines(lines)
    # The file that has the other rows may not have been read yet.
    key = _lines_key(upload, file, f".{sha256_of(lines)[:_DIGITS]}" if only else "")
    sha256 = lake.put_file(key, lines)
    failpoint("deliver.file_stored")
    pointer: Pointer = {
        "bucket": lake.bucket,
        "key": key,
        "sha256": sha256,
        "rows": checked.deliverable,
        "file": file["key"],
        "version_id": file["version_id"],
    }
    sender.send_pointer(pointer, rejected_only=only)
    return checked.deliverable
