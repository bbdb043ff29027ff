"""What a run of an upload pipeline is to work on: messages, or files that it was told of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.core.arrivals import Claim, claim, fail
from include.core.landing import list_versions, look_up
from include.core.postgres import transaction
from include.core.s3_events import Announced, check_name, check_place, read_event, shown
from include.errors import ArrivalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from include.core.postgres import Connect

# Tasks that one task can be mapped to: Airflow's [core] max_map_length is 1,024.
MOST_FILES = 1000


@dataclass(frozen=True, kw_only=True)
class Landing:
    """Where a pipeline's files land.

    Attributes:
        pipeline: its name.
        client: a boto3 S3 client.
        bucket: the only bucket that it reads.
        prefix: the only prefix, ends in a slash.
    """

    pipeline: str
    client: Any
    bucket: str
    prefix: str


@dataclass
class Received:
    """What a run works on, and what it must not forget.

    Attributes:
        files: object versions to work on, as look_up gives them, with index and token. Those that
            this run has done already are among them, with token 0: they belong to its sums.
        messages: message_id, receipt, files (indexes), failed, busy_seconds of each message.
        failures: file and cause of what cannot be worked on.
        known: how many object versions another run has done.
        busy: how many another run holds.
        left: how many did not fit into this run and come with a later one.
    """

    files: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    known: int = 0
    busy: int = 0
    left: int = 0


def receive_messages(
    landing: Landing,
    messages: Iterable[Mapping[str, Any]],
    *,
    connect: Connect,
    dag_id: str,
    run_id: str,
) -> Received:
    """Claim the object versions that messages announce.

    Arguments:
        landing: what the pipeline reads; all else that a message names is refused.
        messages: as SQS gives them: MessageId, ReceiptHandle, Body. The same may come twice.
        connect: opens a connection to the warehouse.
        dag_id: of which DAG the run is that claims.
        run_id: which run of it.

    Returns:
        What to work on. A file that is no such thing, or lands elsewhere, is among the failures.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    work = _Work(landing, connect, dag_id=dag_id, run_id=run_id, found_by="event", again=False)
    for message in {each["MessageId"]: each for each in messages}.values():
        noted = _message(message["MessageId"], message["ReceiptHandle"])
        work.received.messages.append(noted)
        try:
            announced = read_event(message["Body"])
        except ArrivalError as error:
            work.fail(f"message {message['MessageId']}", error, noted)
            continue
        for each in announced:
            work.take(each, noted)
    return work.received


def receive_files(  # noqa: PLR0913 -- a place, a run, and how it came to its files
    landing: Landing,
    announced: Sequence[Announced],
    *,
    connect: Connect,
    dag_id: str,
    run_id: str,
    found_by: str,
    again: bool,
) -> Received:
    """Claim object versions that somebody names.

    Arguments:
        landing: what the pipeline reads.
        announced: which; by hand, a version_id also names one that has been deleted since.
        connect: opens a connection to the warehouse.
        dag_id: of which DAG the run is that claims.
        run_id: which run of it.
        found_by: "sweep" or "hand".
        again: also those that another run has done.

    What comes back, and errors, are those of receive_messages.
    """
    work = _Work(landing, connect, dag_id=dag_id, run_id=run_id, found_by=found_by, again=again)
    for each in announced:
        work.take(each, _message("", ""))
    return work.received


def _message(message_id: str, receipt: str) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "receipt": receipt,
        "files": [],
        "failed": False,
        "busy_seconds": 0,
    }


def newest_below(landing: Landing, prefix: str) -> list[Announced]:
    """The newest version of every object below a prefix.

    Raises:
        ArrivalError: the prefix is outside of what the pipeline reads, or nothing is there, or
            more than a run takes.
    """
    if not prefix.startswith(landing.prefix):
        raise ArrivalError(f"{prefix!r} is outside of {landing.prefix}, which this pipeline reads")
    found = [
        Announced(bucket=landing.bucket, key=each["key"], version_id=each["version_id"])
        for each in list_versions(landing.client, landing.bucket, prefix)
        if each["is_latest"]
    ]
    if not found:
        raise ArrivalError(f"s3://{landing.bucket}/{prefix}: nothing is there")
    if len(found) > MOST_FILES:
        raise ArrivalError(
            f"s3://{landing.bucket}/{prefix}: {len(found)} files are there, and a run takes "
            f"{MOST_FILES}. Give a longer prefix"
        )
    return found


class _Work:
    """Takes object versions one after the other, each in a transaction of its own."""

    def __init__(  # noqa: PLR0913 -- a place, a run, and how it came to its files
        self,
        landing: Landing,
        connect: Connect,
        *,
        dag_id: str,
        run_id: str,
        found_by: str,
        again: bool,
    ) -> None:
        self.received = Received()
        self._landing, self._connect = landing, connect
        self._run = {"dag_id": dag_id, "run_id": run_id}
        self._found_by, self._again = found_by, again
        self._index: dict[tuple[str, str], int] = {}

    def take(self, announced: Announced, message: dict[str, Any]) -> None:
        """Look up one object version, claim it, and note in its message what came of it."""
        if len(self.received.files) >= MOST_FILES:
            self.received.left += 1
            message["busy_seconds"] = max(message["busy_seconds"], 1)
            return
        try:
            file = self._look_up(announced)
            if (file["key"], file["version_id"]) not in self._index:
                claimed = self._claim(file)
                self._count(file, claimed)
                message["busy_seconds"] = max(message["busy_seconds"], claimed.busy_seconds)
        except ArrivalError as error:
            self.fail(announced.key, error, message)
            return
        index = self._index.get((file["key"], file["version_id"]))
        if index is not None:
            message["files"].append(index)

    def fail(self, file: str, error: ArrivalError, message: dict[str, Any]) -> None:
        """Note that what a message announces cannot be worked on."""
        self.received.failures.append({"file": shown(file), "cause": str(error)})
        message["failed"] = True

    def _look_up(self, announced: Announced) -> dict[str, Any]:
        landing = self._landing
        check_place(announced, bucket=landing.bucket, prefix=landing.prefix)
        file = look_up(
            landing.client,
            announced.bucket,
            announced.key,
            announced.version_id,
            withdrawn=self._found_by == "hand",
        )
        return {**file, "sequencer": announced.sequencer}

    def _claim(self, file: dict[str, Any]) -> Claim:
        """Claim a file; one with an impossible name is entered as failed, so that it is known."""
        pipeline = self._landing.pipeline
        with transaction(self._connect, doing=f"claim a file of {pipeline}") as cursor:
            claimed = claim(
                cursor,
                pipeline,
                file,
                **self._run,
                found_by=self._found_by,
                again=self._again,
            )
            try:
                check_name(file["key"])
            except ArrivalError as error:
                fail(cursor, pipeline, file, **self._run, cause=str(error))
                cursor.connection.commit()
                raise
        return claimed

    def _count(self, file: dict[str, Any], claimed: Claim) -> None:
        if claimed.held is None and not claimed.mine:
            self.received.known += claimed.counts is not None
            self.received.busy += claimed.counts is None
            return
        index = self._index[file["key"], file["version_id"]] = len(self.received.files)
        token = claimed.held.token if claimed.held else 0
        given = {"index": index, "token": token, "order": claimed.file_order}
        self.received.files.append({**file, **given})
