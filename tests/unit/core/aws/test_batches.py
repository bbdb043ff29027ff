from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from include.core.aws.batches import Limits, Refusal, batches, final_code, send_batch
from include.errors import DeliveryRefusedError, DeliveryUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TEN = Limits(entries=10, total_bytes=100)
BUSY = Refusal(code="InternalError", final=False)
BAD = Refusal(code="InvalidMessageContents", final=True)


def cut(sizes: Sequence[int], limits: Limits = TEN) -> list[list[int]]:
    return list(batches(sizes, size=lambda entry: entry, limits=limits))


def client_error(code: str, status: int) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": "a row's value"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "Send")  # type: ignore[arg-type] # fields that nobody reads


class Api:
    """Answers each call with what is next in line, then takes everything."""

    def __init__(self, *answers: Mapping[int, Refusal] | Exception) -> None:
        self._answers = list(answers)
        self.calls: list[tuple[str, ...]] = []

    def __call__(self, entries: Sequence[str]) -> Mapping[int, Refusal]:
        self.calls.append(tuple(entries))
        answer = self._answers.pop(0) if self._answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("count", "lengths"), [(0, []), (1, [1]), (9, [9]), (10, [10]), (11, [10, 1]), (20, [10, 10])]
)
def test_batches_have_as_many_entries_as_the_limit_allows(count: int, lengths: list[int]) -> None:
    assert [len(batch) for batch in cut([1] * count)] == lengths


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([50, 50], [[50, 50]]),
        ([50, 51], [[50], [51]]),
        ([100, 100], [[100], [100]]),
        ([0, 100, 0, 1], [[0, 100, 0], [1]]),
        ([1, 100], [[1], [100]]),
    ],
)
def test_batches_stay_within_the_bytes(sizes: list[int], expected: list[list[int]]) -> None:
    assert cut(sizes) == expected


def test_entry_above_the_bytes_of_a_batch_is_an_error() -> None:
    with pytest.raises(ValueError, match="101 bytes"):
        cut([1, 101])


def test_entries_are_taken_only_as_batches_are_asked_for() -> None:
    taken: list[int] = []

    def entries() -> Iterator[int]:
        for entry in range(1000):
            taken.append(entry)
            yield 1

    next(batches(entries(), size=lambda entry: entry, limits=TEN))
    assert len(taken) == 11


def test_batch_without_entries_makes_no_call() -> None:
    api = Api()
    send_batch([], api, what="entries")
    assert api.calls == []


@pytest.mark.parametrize(
    ("failed", "again"),
    [([0], "a"), ([1], "b"), ([3], "d"), ([3, 0], "ad"), ([0, 1, 2, 3], "abcd")],
)
def test_only_failed_entries_are_sent_again(failed: list[int], again: str) -> None:
    api = Api(dict.fromkeys(failed, BUSY))
    send_batch("abcd", api, what="entries")
    assert api.calls == [tuple("abcd"), tuple(again)]


def test_places_are_those_of_the_call_that_was_answered() -> None:
    api = Api({1: BUSY, 2: BUSY, 3: BUSY}, {0: BUSY, 2: BUSY})
    send_batch("abcd", api, what="entries")
    assert api.calls == [tuple("abcd"), tuple("bcd"), tuple("bd")]


def test_final_refusal_is_an_error_after_the_others_got_through() -> None:
    api = Api({0: BAD, 2: BUSY, 3: BUSY}, {1: BAD})
    with pytest.raises(
        DeliveryRefusedError,
        match=r"entries to it: 2 of 4 entries refused \(InvalidMessageContents 2\)",
    ):
        send_batch("abcd", api, what="entries to it")
    assert api.calls == [tuple("abcd"), tuple("cd")]


@pytest.mark.parametrize(
    "error",
    [
        client_error("ServiceUnavailable", 503),
        client_error("InternalFailure", 500),
        client_error("RequestThrottled", 403),
        client_error("ThrottlingException", 400),
        client_error("ProvisionedThroughputExceededException", 400),
        client_error("TooMany", 429),
        client_error("ExpiredTokenException", 403),
        ConnectionClosedError(endpoint_url="http://queue"),
        EndpointConnectionError(endpoint_url="http://queue"),
        ReadTimeoutError(endpoint_url="http://queue"),
        ResponseParserError("a row's value"),
    ],
)
def test_call_that_fails_for_now_is_made_again_with_all_entries(error: Exception) -> None:
    api = Api(error, error)
    send_batch("ab", api, what="entries")
    assert api.calls == [("a", "b")] * 3


@pytest.mark.parametrize(
    "error",
    [
        client_error("AccessDenied", 403),
        client_error("AWS.SimpleQueueService.NonExistentQueue", 400),
    ],
)
def test_call_that_is_refused_is_not_made_again(error: Exception) -> None:
    api = Api(error)
    with pytest.raises(DeliveryRefusedError, match="the call is refused") as caught:
        send_batch("ab", api, what="entries")
    assert api.calls == [("a", "b")]
    assert "value" not in str(caught.value)


def test_words_of_an_error_that_quote_an_entry_are_cut_off() -> None:
    error = ParamValidationError(report="Invalid type, value: secret")
    with pytest.raises(DeliveryRefusedError, match="ParamValidationError") as caught:
        send_batch("ab", Api(error), what="entries")
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("failure", [{0: BUSY}, client_error("SlowDown", 503)])
def test_giving_up_says_what_was_not_taken(failure: Mapping[int, Refusal] | Exception) -> None:
    api = Api(*[failure] * 1000)
    began = time.monotonic()
    with pytest.raises(DeliveryUnavailableError, match=r"of 2 entries were not taken within 0.5 s"):
        send_batch("ab", api, what="entries", retry_seconds=0.5)
    assert 2 <= len(api.calls) < 100
    assert time.monotonic() - began < 5


def test_unavailable_comes_before_refused_since_a_retry_helps_the_rest() -> None:
    api = Api({0: BAD, 1: BUSY}, *[{0: BUSY}] * 1000)
    with pytest.raises(DeliveryUnavailableError, match="1 of 2 entries"):
        send_batch("ab", api, what="entries", retry_seconds=0.2)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("InvalidParameter", 400),
        ("InvalidParameterValue", 400),
        ("ValidationError", 400),
        ("AuthorizationError", 403),
        ("NotFound", 404),
        ("EndpointDisabled", 400),
        ("KMSAccessDenied", 400),
    ],
)
def test_answer_that_the_same_request_would_get_again_is_final(code: str, status: int) -> None:
    assert final_code(client_error(code, status)) == code


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Throttled", 429),
        ("Unheard", 429),
        ("ThrottlingException", 400),
        ("KMSThrottling", 400),
        ("InternalError", 500),
        ("Unheard", 503),
        ("ServiceUnavailable", 0),
        ("ExpiredToken", 403),
    ],
)
def test_answer_that_passes_is_not_final(code: str, status: int) -> None:
    assert final_code(client_error(code, status)) is None
