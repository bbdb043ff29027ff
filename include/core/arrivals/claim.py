"""What a run of an upload pipeline works on: files that messages announce, or that it was given."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict, cast

from botocore.exceptions import ClientError

from include.core.arrivals.events import (
    LandedObject,
    check_place,
    name_problem,
    printable,
    read_event,
)
from include.core.arrivals.registry import Arrival, Claim, claim, fail
from include.core.arrivals.versions import FileVersion, list_versions, look_up
from include.core.aws.batches import error_code, final_code
from include.core.warehouse.connection import autocommit
from include.errors import ArrivalError, WithdrawnError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg2.extensions import cursor

    from include.core.arrivals.queue import ReceivedMessage
    from include.core.arrivals.versions import Landing
    from include.core.runs.run import Run
    from include.core.warehouse.connection import Connect

# Tasks that one task can be mapped to: Airflow's [core] max_map_length is 1,024.
MOST_FILES = 1000


class ReceivedFile(Arrival):
    """A file of a run, as its tasks exchange it in JSON.

    index is its place in the run. token is that of the claim, 0 for a file that the run has done
    already: it belongs to the run's sums.
    """

    index: int
    token: int


class _EveryFailure(TypedDict):
    file: str
    cause: str


class FileFailure(_EveryFailure, total=False):
    """A file that failed, or a message without one, as the ledger has it in JSON."""

    version_id: str
    missing_ids: list[str]
    declaration: str


@dataclass
class Received:
    """What a run works on, and what it must not forget.

    Attributes:
        files: object versions to work on.
        messages: all that the run received.
        failures: what cannot be worked on.
        known: how many object versions another run has done, or given up for good.
        busy: how many another run holds.
        left: how many did not fit into this run and come with a later one.
    """

    files: list[ReceivedFile] = field(default_factory=list)
    messages: list[ReceivedMessage] = field(default_factory=list)
    failures: list[FileFailure] = field(default_factory=list)
    known: int = 0
    busy: int = 0
    left: int = 0

    def to_json(self) -> dict[str, Any]:
        """What another task of the run reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Received:
        """Read what to_json wrote; what else is beside it is left out."""
        return cls(**{name: value[name] for name in cls.__dataclass_fields__})


def claim_messages(
    landing: Landing, messages: Iterable[Mapping[str, Any]], run: Run, *, connect: Connect
) -> Received:
    """Claim the object versions that messages announce.

    Arguments:
        landing: what the pipeline reads; all else that a message names is refused.
        messages: as SQS gives them: MessageId, ReceiptHandle, Body. The same may come twice.
        run: which run claims.
        connect: opens a connection to the warehouse.

    Returns:
        What to work on. A file that is no such thing, or lands elsewhere, is among the failures.

    Raises:
        ClientError: S3 can look up no file at this moment.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    with autocommit(connect, doing=f"claim files of {landing.pipeline}") as cursor:
        claims = _Claims(landing, cursor, run, found_by="event", again=False)
        for message in {each["MessageId"]: each for each in messages}.values():
            received = _message(message["MessageId"], message["ReceiptHandle"])
            claims.received.messages.append(received)
            try:
                landed = read_event(message["Body"])
            except ArrivalError as error:
                # It names no file that the registry could have as failed: its own queue moves it
                # to the dead-letter queue, where people find it.
                claims.fail(f"message {message['MessageId']}", str(error))
                received["again"] = True
                continue
            for each in landed:
                claims.add(each, received)
        return claims.end()


def claim_files(
    landing: Landing,
    landed: Sequence[LandedObject],
    run: Run,
    *,
    connect: Connect,
    found_by: str,
    again: bool,
) -> Received:
    """Claim object versions that a person or the sweep names.

    Arguments:
        landing: what the pipeline reads.
        landed: which; by hand, a version_id also names one that has been deleted since.
        run: which run claims.
        connect: opens a connection to the warehouse.
        found_by: "sweep" or "hand".
        again: also those that another run has done.

    What comes back, and errors, are those of claim_messages.
    """
    with autocommit(connect, doing=f"claim files of {landing.pipeline}") as cursor:
        claims = _Claims(landing, cursor, run, found_by=found_by, again=again)
        for each in landed:
            claims.add(each, _message("", ""))
        return claims.end()


def newest_below(landing: Landing, prefix: str) -> list[LandedObject]:
    """The newest version of every object below a prefix.

    Raises:
        ArrivalError: the prefix is outside of what the pipeline reads, or nothing is there, or
            more than a run takes.
    """
    if not prefix.startswith(landing.prefix):
        raise ArrivalError(f"{prefix!r} is outside of {landing.prefix}, which this pipeline reads")
    found = [
        LandedObject(bucket=landing.bucket, key=each.key, version_id=each.version_id)
        for each in list_versions(landing.client, landing.bucket, prefix)
        if each.is_latest
    ]
    if not found:
        raise ArrivalError(f"s3://{landing.bucket}/{prefix}: nothing is there")
    if len(found) > MOST_FILES:
        raise ArrivalError(
            f"s3://{landing.bucket}/{prefix}: {len(found)} files are there, and a run takes "
            f"{MOST_FILES}. Give a longer prefix"
        )
    return found


def _message(message_id: str, receipt: str) -> ReceivedMessage:
    return {
        "message_id": message_id,
        "receipt": receipt,
        "files": [],
        "again": False,
        "busy_seconds": 0,
    }


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What came of one object version.

    Attributes:
        index: its place among the files; None when the run does not work on it.
        again: its message must be received once more.
        known: another run has done it, or given it up for good.
        busy_seconds: how long another run may hold it yet.
    """

    index: int | None = None
    again: bool = False
    known: bool = False
    busy_seconds: int = 0


class _Claims:
    """Claims object versions one after the other; each claim commits by itself."""

    def __init__(
        self, landing: Landing, cursor: cursor, run: Run, *, found_by: str, again: bool
    ) -> None:
        self.received = Received()
        self._landing, self._cursor, self._run = landing, cursor, run
        self._found_by, self._again = found_by, again
        self._index: dict[tuple[str, str], int] = {}
        self._outcomes: dict[tuple[str, str, str | None], _Outcome] = {}
        self._unavailable: list[ClientError] = []

    def add(self, landed: LandedObject, message: ReceivedMessage) -> None:
        """Claim one object version, and note in its message what came of it.

        One that this run was given before is neither looked up nor claimed again.
        """
        if len(self.received.files) >= MOST_FILES:
            self.received.left += 1
            message["busy_seconds"] = max(message["busy_seconds"], 1)
            return
        named = (landed.bucket, landed.key, landed.version_id)
        outcome = self._outcomes.get(named)
        if outcome is None:
            outcome = self._outcomes[named] = self._look_up(landed)
        self.received.known += outcome.known
        self.received.busy += outcome.busy_seconds > 0
        message["again"] |= outcome.again
        message["busy_seconds"] = max(message["busy_seconds"], outcome.busy_seconds)
        if outcome.index is not None:
            message["files"].append(outcome.index)

    def fail(self, file: str, cause: str, *, again: bool = False) -> _Outcome:
        """Note that something cannot be worked on."""
        self.received.failures.append({"file": printable(file), "cause": cause})
        return _Outcome(again=again)

    def end(self) -> Received:
        """What the run works on; where S3 could look up nothing at all, its error."""
        if self._unavailable and len(self._unavailable) == len(self._outcomes):
            raise self._unavailable[0]
        return self.received

    def _look_up(self, landed: LandedObject) -> _Outcome:
        landing, withdrawn = self._landing, self._found_by == "hand"
        problem: str | None = None
        try:
            check_place(landed, bucket=landing.bucket, prefix=landing.prefix)
            version = look_up(
                landing.client, landed.bucket, landed.key, landed.version_id, withdrawn=withdrawn
            )
            problem = name_problem(version["key"], landing.suffixes)
        except WithdrawnError as error:
            if error.file is None:
                return self.fail(landed.key, str(error))
            version, problem = cast("FileVersion", error.file), str(error)
        except ArrivalError as error:
            return self.fail(landed.key, str(error))
        except ClientError as error:
            return self._not_looked_up(landed, error)
        if (index := self._index.get((version["key"], version["version_id"]))) is not None:
            return _Outcome(index=index)
        return self._claim({**version, "sequencer": landed.sequencer}, problem)

    def _not_looked_up(self, landed: LandedObject, error: ClientError) -> _Outcome:
        """S3 does not say what a file is: it fails alone, and comes again if that may help."""
        again = final_code(error) is None
        if again:
            self._unavailable.append(error)
        cause = f"AWS answered {error_code(error)} to {error.operation_name}"
        return self.fail(landed.key, cause, again=again)

    def _claim(self, file: Arrival, problem: str | None) -> _Outcome:
        """Claim a file; one that cannot be worked on is entered as failed, so that it is known."""
        cursor, pipeline = self._cursor, self._landing.pipeline
        claimed = claim(
            cursor, pipeline, file, self._run, found_by=self._found_by, again=self._again
        )
        if problem is not None and claimed.held is not None:
            fail(cursor, pipeline, file, self._run, cause=problem, final=True)
            return self.fail(file["key"], problem)
        if claimed.held is None and not claimed.mine:
            known = claimed.failed or claimed.counts is not None
            return _Outcome(known=known, busy_seconds=claimed.busy_seconds)
        return _Outcome(index=self._work_on(file, claimed))

    def _work_on(self, file: Arrival, claimed: Claim) -> int:
        index = self._index[file["key"], file["version_id"]] = len(self.received.files)
        token = claimed.held.token if claimed.held else 0
        received = {**file, "index": index, "token": token, "order": claimed.file_order}
        self.received.files.append(cast("ReceivedFile", received))
        return index
