"""What a run of an upload pipeline is to work on: messages, or files that it was told of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.core.arrivals.events import Announced, check_name, check_place, read_event, shown
from include.core.arrivals.registry import Claim, claim, fail
from include.core.arrivals.versions import list_versions, look_up
from include.core.aws.batches import error_code, final_code
from include.core.warehouse.connection import autocommit
from include.errors import ArrivalError, WithdrawnError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg2.extensions import cursor

    from include.core.warehouse.connection import Connect

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
        messages: message_id, receipt, files (indexes), again (it comes back to be tried once
            more, whatever becomes of the files), busy_seconds of each message.
        failures: file and cause of what cannot be worked on.
        known: how many object versions another run has done, or given up for good.
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
        ClientError: S3 can look up no file at this moment.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    run: dict[str, Any] = {"dag_id": dag_id, "run_id": run_id}
    with autocommit(connect, doing=f"claim files of {landing.pipeline}") as cursor:
        work = _Work(landing, cursor, run, found_by="event", again=False)
        for message in {each["MessageId"]: each for each in messages}.values():
            noted = _message(message["MessageId"], message["ReceiptHandle"])
            work.received.messages.append(noted)
            try:
                announced = read_event(message["Body"])
            except ArrivalError as error:
                # It names no file that the registry could have as failed: its own queue moves it
                # to the dead-letter queue, where it is found.
                work.fail(f"message {message['MessageId']}", str(error))
                noted["again"] = True
                continue
            for each in announced:
                work.take(each, noted)
        return work.end()


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
    run: dict[str, Any] = {"dag_id": dag_id, "run_id": run_id}
    with autocommit(connect, doing=f"claim files of {landing.pipeline}") as cursor:
        work = _Work(landing, cursor, run, found_by=found_by, again=again)
        for each in announced:
            work.take(each, _message("", ""))
        return work.end()


def _message(message_id: str, receipt: str) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "receipt": receipt,
        "files": [],
        "again": False,
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


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What came of one object version.

    Attributes:
        index: its place among the files; None when the run does not work on it.
        again: whoever announced it must do so again.
        known: another run has done it, or given it up for good.
        busy_seconds: how long another run may hold it yet.
    """

    index: int | None = None
    again: bool = False
    known: bool = False
    busy_seconds: int = 0


class _Work:
    """Takes object versions one after the other; each claim commits by itself."""

    def __init__(
        self,
        landing: Landing,
        cursor: cursor,
        run: dict[str, Any],
        *,
        found_by: str,
        again: bool,
    ) -> None:
        self.received = Received()
        self._landing, self._cursor, self._run = landing, cursor, run
        self._found_by, self._again = found_by, again
        self._index: dict[tuple[str, str], int] = {}
        self._outcomes: dict[tuple[str, str, str | None], _Outcome] = {}
        self._unavailable: list[ClientError] = []

    def take(self, announced: Announced, message: dict[str, Any]) -> None:
        """Claim one object version, and note in its message what came of it.

        One that was announced before in this run is neither looked up nor claimed again.
        """
        if len(self.received.files) >= MOST_FILES:
            self.received.left += 1
            message["busy_seconds"] = max(message["busy_seconds"], 1)
            return
        named = (announced.bucket, announced.key, announced.version_id)
        outcome = self._outcomes.get(named)
        if outcome is None:
            outcome = self._outcomes[named] = self._find(announced)
        self.received.known += outcome.known
        self.received.busy += outcome.busy_seconds > 0
        message["again"] |= outcome.again
        message["busy_seconds"] = max(message["busy_seconds"], outcome.busy_seconds)
        if outcome.index is not None:
            message["files"].append(outcome.index)

    def fail(self, file: str, cause: str, *, again: bool = False) -> _Outcome:
        """Note that something cannot be worked on."""
        self.received.failures.append({"file": shown(file), "cause": cause})
        return _Outcome(again=again)

    def end(self) -> Received:
        """What the run works on; where S3 could look up nothing at all, its error."""
        if self._unavailable and len(self._unavailable) == len(self._outcomes):
            raise self._unavailable[0]
        return self.received

    def _find(self, announced: Announced) -> _Outcome:
        landing, withdrawn = self._landing, self._found_by == "hand"
        named = (announced.bucket, announced.key, announced.version_id)
        refusal: ArrivalError | None = None
        try:
            check_place(announced, bucket=landing.bucket, prefix=landing.prefix)
            file = look_up(landing.client, *named, withdrawn=withdrawn)
            refusal = _refusal(file)
        except WithdrawnError as error:
            if error.file is None:
                return self.fail(announced.key, str(error))
            file, refusal = error.file, error
        except ArrivalError as error:
            return self.fail(announced.key, str(error))
        except ClientError as error:
            return self._leave(announced, error)
        file = {**file, "sequencer": announced.sequencer}
        if (index := self._index.get((file["key"], file["version_id"]))) is not None:
            return _Outcome(index=index)
        return self._enter(file, refusal)

    def _leave(self, announced: Announced, error: ClientError) -> _Outcome:
        """S3 does not say what a file is: it fails alone, and comes again if that may help."""
        again = final_code(error) is None
        if again:
            self._unavailable.append(error)
        cause = f"AWS answered {error_code(error)} to {error.operation_name}"
        return self.fail(announced.key, cause, again=again)

    def _enter(self, file: dict[str, Any], refusal: ArrivalError | None) -> _Outcome:
        """Claim a file; one that cannot be worked on is entered as failed, so that it is known."""
        pipeline = self._landing.pipeline
        asked = {**self._run, "found_by": self._found_by, "again": self._again}
        claimed = claim(self._cursor, pipeline, file, **asked)
        if refusal is not None and claimed.held is not None:
            fail(self._cursor, pipeline, file, **self._run, cause=str(refusal), final=True)
            return self.fail(file["key"], str(refusal))
        if claimed.held is None and not claimed.mine:
            known = claimed.failed or claimed.counts is not None
            return _Outcome(known=known, busy_seconds=claimed.busy_seconds)
        return _Outcome(index=self._add(file, claimed))

    def _add(self, file: dict[str, Any], claimed: Claim) -> int:
        index = self._index[file["key"], file["version_id"]] = len(self.received.files)
        token = claimed.held.token if claimed.held else 0
        given = {"index": index, "token": token, "order": claimed.file_order}
        self.received.files.append({**file, **given})
        return index


def _refusal(file: dict[str, Any]) -> ArrivalError | None:
    """Why no file may have this one's name."""
    try:
        check_name(file["key"])
    except ArrivalError as error:
        return error
    return None
