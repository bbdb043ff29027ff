"""Entries in batches within an API's limits, sent until each is taken or finally refused.

An answer of HTTP 200 can hide entries that failed: what a send comes back with is read every
time, and only those entries go again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 -- botocore's name; it is no subclass of Python's own
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
)
from botocore.parsers import ResponseParserError
from tenacity import Retrying, retry_if_exception_type, wait_random_exponential

from include.core.retries import stop_after_failing_for
from include.errors import DeliveryRefusedError, DeliveryUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

E = TypeVar("E")

# Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
_backoff = wait_random_exponential(multiplier=0.2, max=20)

_TRANSIENT: Final = (
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
    ResponseParserError,
)

# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html, and credentials
# that run out while a batch is on its way: the next call has new ones. Many more codes mean
# throttling, each service has its own.
_TRANSIENT_CODES: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "ExpiredToken",
        "ExpiredTokenException",
        "InternalError",
        "InternalFailure",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestExpired",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
# HTTP status codes; services that name no known code still mean these.
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERRORS: Final = 500


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one call takes.

    Attributes:
        entries: how many.
        total_bytes: of all entries together, as `size` counts them.
    """

    entries: int
    total_bytes: int


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why an API did not take one entry.

    Attributes:
        code: the API's own name of the fault, without any value.
        final: trying again cannot help.
    """

    code: str
    final: bool


def batches(entries: Iterable[E], *, size: Callable[[E], int], limits: Limits) -> Iterator[list[E]]:
    """Cut entries into batches, each as large as the limits allow; order is kept.

    Arguments:
        entries: taken one at a time; at most one is held beyond the batch that comes out.
        size: bytes of one entry.
        limits: of one batch.

    Returns:
        Batches, none empty.

    Raises:
        ValueError: one entry alone is above total_bytes.
    """
    batch: list[E] = []
    filled = 0
    for entry in entries:
        needed = size(entry)
        if needed > limits.total_bytes:
            raise ValueError(f"an entry of {needed} bytes fits no batch of {limits.total_bytes}")
        if batch and (len(batch) == limits.entries or filled + needed > limits.total_bytes):
            yield batch
            batch, filled = [], 0
        batch.append(entry)
        filled += needed
    if batch:
        yield batch


def send_batch(
    batch: Sequence[E],
    send: Callable[[Sequence[E]], Mapping[int, Refusal]],
    *,
    what: str,
    retry_seconds: float = 60.0,
) -> None:
    """Send a batch until every entry is taken; what was taken is not sent again.

    A call that fails as a whole may have been carried out although its answer was lost: its
    entries go again, so that the sink gets each of them at least once.

    Arguments:
        batch: the entries, in the order in which they are sent.
        send: calls the API once for these entries, reads the answer, and returns which were not
            taken: place among them (from 0) to Refusal. Errors of botocore pass through it.
        what: what is sent where, such as "messages to the queue"; errors say it.
        retry_seconds: from the first failure; no attempt begins later.

    Raises:
        DeliveryRefusedError: the API refuses some entries, or the call as such, for good; the
            other entries have got through.
        DeliveryUnavailableError: some entries were not taken within retry_seconds.
    """
    left = list(batch)
    refused: Counter[str] = Counter()

    def attempt() -> None:
        # An API may take some entries of a batch and refuse others.
        answer = _call(send, left, what)
        again = {place: refusal for place, refusal in answer.items() if not refusal.final}
        refused.update(refusal.code for refusal in answer.values() if refusal.final)
        left[:] = [left[place] for place in sorted(again)]
        if left:
            raise _UntakenError(_listed(Counter(refusal.code for refusal in again.values())))

    attempts = Retrying(
        retry=retry_if_exception_type(_UntakenError),
        wait=_backoff,
        stop=stop_after_failing_for(retry_seconds),
        reraise=True,
    )
    try:
        if left:
            attempts(attempt)
    except _UntakenError as error:
        raise DeliveryUnavailableError(
            f"{what}: {len(left)} of {len(batch)} entries were not taken within "
            f"{retry_seconds:g} s ({error}); given up at attempt "
            f"{attempts.statistics['attempt_number']}. Try again later"
        ) from None
    if refused:
        raise DeliveryRefusedError(
            f"{what}: {refused.total()} of {len(batch)} entries refused ({_listed(refused)})"
        )


def is_transient(code: str) -> bool:
    """Whether an error code of AWS means that the same request may succeed later."""
    return code in _TRANSIENT_CODES or "throttl" in code.lower()


def final_code(error: ClientError) -> str | None:
    """The code of an answer of AWS that the same request would get again; None of any other."""
    code = error_code(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    passing = is_transient(code) or status == _TOO_MANY_REQUESTS or status >= _SERVER_ERRORS
    return None if passing else code


def error_code(error: ClientError) -> str:
    """The code of an answer of AWS, such as AccessDenied."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))


class _UntakenError(Exception):
    """Entries are left that another attempt may bring through."""


def _call(
    send: Callable[[Sequence[E]], Mapping[int, Refusal]], left: Sequence[E], what: str
) -> Mapping[int, Refusal]:
    """Call once; errors lose their own words, which can quote what was sent."""
    try:
        return send(tuple(left))
    except _TRANSIENT as error:
        raise _UntakenError(type(error).__name__) from None
    except ClientError as error:
        code = final_code(error)
        if code is None:
            raise _UntakenError(error_code(error)) from None
        raise DeliveryRefusedError(f"{what}: the call is refused ({code})") from None
    except BotoCoreError as error:
        raise DeliveryRefusedError(
            f"{what}: the call cannot be made ({type(error).__name__})"
        ) from None


def _listed(codes: Counter[str]) -> str:
    return ", ".join(f"{code} {number}" for code, number in sorted(codes.items()))
