"""A Kinesis stream as this pipeline reads it: shards, and their records from a position on.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html: records of a shard come
in the order of their sequence numbers. A shard that was split or merged is closed; behind its last
record there is no further iterator, and the answer names its children.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 -- botocore's name; it is no subclass of Python's own
    HTTPClientError,
)
from tenacity import Retrying, retry_if_exception_type, wait_random_exponential

from include.core.aws.batches import error_code, final_code
from include.core.retries import stop_after_failing_for
from include.errors import SourceRefusedError, SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

T = TypeVar("T")

# Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
_backoff = wait_random_exponential(multiplier=0.5, max=20)
_RETRY_SECONDS: Final = 120.0
# Iterators end five minutes after they were given out.
_EXPIRED: Final = "ExpiredIteratorException"
# What a position is refused with that the shard does not know.
_UNKNOWN_POSITION: Final = "InvalidArgumentException"
_GONE: Final = "ResourceNotFoundException"


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A shard.

    Attributes:
        shard_id: its name in the stream.
        parents: shards that it came from by a split or a merge; the stream may know them no more.
    """

    shard_id: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Records:
    """An answer of GetRecords.

    Attributes:
        records: SequenceNumber, Data, ApproximateArrivalTimestamp and others of each.
        behind: milliseconds that the last of them is behind the newest of the shard.
        following: iterator of the next call; None behind the last record of a closed shard.
        children: of a closed shard.
    """

    records: list[dict[str, Any]]
    behind: int = 0
    following: str | None = None
    children: tuple[Shard, ...] = field(default=())

    @property
    def newest(self) -> datetime | None:
        """When the last record arrived, as Kinesis knows it."""
        return self.records[-1]["ApproximateArrivalTimestamp"] if self.records else None


class ExpiredError(Exception):
    """An iterator has expired: a new one at the same position goes on."""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One stream.

    Attributes:
        client: a boto3 client of Kinesis.
        name: of the stream.
        retry_seconds: from the first failure; no attempt begins later.
    """

    client: Any
    name: str
    retry_seconds: float = _RETRY_SECONDS

    def shards(self) -> list[Shard]:
        """Every shard that still has records, closed ones among them.

        Raises:
            SourceUnavailableError, SourceRefusedError: as Kinesis says.
        """
        found: list[Shard] = []
        asked: dict[str, Any] = {"StreamName": self.name}
        while asked:
            answer = self._call("ListShards", self.client.list_shards, **asked)
            found += map(_shard_of, answer["Shards"])
            # The token names the stream; both together are refused.
            asked = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}
        return found

    def retention_hours(self) -> int:
        """How long the stream keeps a record; errors are those of shards."""
        answer = self._call(
            "DescribeStreamSummary", self.client.describe_stream_summary, StreamName=self.name
        )
        return int(answer["StreamDescriptionSummary"]["RetentionPeriodHours"])

    def iterator(self, shard_id: str, *, after: str | None) -> str | None:
        """Where to read on.

        Arguments:
            shard_id: of which shard.
            after: a sequence number; the shard's oldest record when None, and when this is no
                number of this shard: one of a stream that had its name before it.

        Returns:
            None when the shard is gone, with all its records.

        Raises:
            SourceUnavailableError, SourceRefusedError: as Kinesis says.
        """
        asked = {"StreamName": self.name, "ShardId": shard_id, "ShardIteratorType": "TRIM_HORIZON"}
        if after is not None:
            position = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER"}
            asked |= {**position, "StartingSequenceNumber": after}
        try:
            answer = self._call("GetShardIterator", self.client.get_shard_iterator, **asked)
        except _RefusedCallError as error:
            if error.code == _GONE:
                return None
            if error.code == _UNKNOWN_POSITION and after is not None:
                return self.iterator(shard_id, after=None)
            raise
        return str(answer["ShardIterator"])

    def read(self, iterator: str) -> Records:
        """The records behind an iterator, up to 10,000 or 10 MB.

        Raises:
            ExpiredError: the iterator is too old.
            SourceUnavailableError, SourceRefusedError: as Kinesis says.
        """
        try:
            answer = self._call("GetRecords", self.client.get_records, ShardIterator=iterator)
        except _RefusedCallError as error:
            if error.code == _EXPIRED:
                raise ExpiredError from None
            raise
        return Records(
            records=answer["Records"],
            behind=int(answer.get("MillisBehindLatest") or 0),
            following=answer.get("NextShardIterator"),
            children=tuple(map(_child_of, answer.get("ChildShards") or ())),
        )

    def _call(self, action: str, call: Callable[..., T], **asked: Any) -> T:
        """Call until there is an answer; errors lose their own words."""
        what = f"{action} of the stream {self.name}"

        def attempt() -> T:
            try:
                return call(**asked)
            except (ConnectionError, HTTPClientError) as error:
                raise _UnansweredError(type(error).__name__) from None
            except ClientError as error:
                code = final_code(error)
                if code is None:
                    raise _UnansweredError(error_code(error)) from None
                raise _RefusedCallError(f"{what} is refused ({code})", code=code) from None
            except BotoCoreError as error:
                code = type(error).__name__
                raise _RefusedCallError(f"{what} cannot be made ({code})", code=code) from None

        attempts = Retrying(
            retry=retry_if_exception_type(_UnansweredError),
            wait=_backoff,
            stop=stop_after_failing_for(self.retry_seconds),
            reraise=True,
        )
        try:
            return attempts(attempt)
        except _UnansweredError as error:
            raise SourceUnavailableError(
                f"{what} was not answered within {self.retry_seconds:g} s ({error}). "
                "Try again later"
            ) from None


class _UnansweredError(Exception):
    """The same call may be answered later: throttled, 5xx, or no answer."""


class _RefusedCallError(SourceRefusedError):
    """Kinesis would refuse the same call again."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


def _shard_of(shard: dict[str, Any]) -> Shard:
    parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
    return Shard(shard_id=shard["ShardId"], parents=tuple(filter(None, parents)))


def _child_of(shard: dict[str, Any]) -> Shard:
    return Shard(shard_id=shard["ShardId"], parents=tuple(shard.get("ParentShards") or ()))
