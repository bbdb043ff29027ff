"""Extract: ask an API for an hour, and keep its answers as they came."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from include.core.failpoints import failpoint
from include.core.lake.answers import check_page
from include.core.retries import stop_after_failing_for
from include.core.runs.notices import format_moment
from include.core.web.exchange import UnansweredError, pause
from include.errors import CredentialsRefusedError, ForbiddenAddressError, SourceRefusedError
from include.pipelines.api_to_lake.attempts import Attempts, SpentError
from include.pipelines.api_to_lake.raw_zone import (
    hour_prefix,
    keep_answer,
    read_index,
    refuse_key,
)
from include.pipelines.api_to_lake.requests import Request, first_request, following_request

if TYPE_CHECKING:
    from include.contracts.apis import ApiCall, ApiDataset
    from include.core.web.client import Reply
    from include.pipelines.api_to_lake.task_values import FetchedCall, FetchResources, RawAnswer

# Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
_backoff: Final = wait_random_exponential(multiplier=2, max=60)
_HOUR: Final = timedelta(hours=1)


class UnansweredCallError(Exception):
    """A call has no answer in this hour; the run goes on without it."""


def fetch(
    dataset: ApiDataset,
    call: ApiCall,
    *,
    as_of: datetime,
    refetch: bool,
    resources: FetchResources,
) -> FetchedCall:
    """Ask for all pages of a call, and put each into the raw zone as it comes.

    Arguments:
        dataset: the contract.
        call: one of its calls.
        as_of: the hour, UTC.
        refetch: ask also for what the raw zone has.
        resources: what the task has opened.

    Raises:
        UnansweredCallError: no proper answer, and no attempt is left; the problem is entered.
        CredentialsRefusedError: the API takes no key, or not this one.
        ForbiddenAddressError: the API leads elsewhere.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    index = read_index(resources.hand_over.store, dataset, as_of)
    if not refetch and call.name in index["calls"]:
        return {"call": call.name, "pages": None}
    attempts = Attempts(
        dataset=dataset,
        call=call.name,
        as_of=as_of,
        connect=resources.connect,
        sleep=resources.web.sleep,
    )
    try:
        _refuse_past(dataset, as_of, resources)
        answers = _Asking(dataset, call, as_of, attempts, resources).pages()
    except (CredentialsRefusedError, ForbiddenAddressError):
        raise
    except (UnansweredError, SourceRefusedError) as error:
        problem = error.problem if isinstance(error, UnansweredError) else str(error)
        attempts.end(problem)
        raise UnansweredCallError(f"{call.name}: {problem}") from None
    attempts.end(None)
    failpoint("fetch.ended")
    # Of many pages a task's result would be too large.
    path = resources.hand_over.folder / "pages.json"
    path.write_text(json.dumps(answers))
    return {"call": call.name, "pages": resources.hand_over.put(f"fetch/{call.name}.json", path)}


def _refuse_past(dataset: ApiDataset, as_of: datetime, resources: FetchResources) -> None:
    """Ask an API that tells of now alone for no other hour.

    Raises:
        SourceRefusedError: the hour is over.
    """
    over = as_of + _HOUR + timedelta(seconds=resources.late_seconds)
    now = datetime.fromtimestamp(resources.web.clock(), timezone.utc)
    if dataset.history is None and now >= over:
        raise SourceRefusedError(
            f"the API tells of now alone, and the hour of {format_moment(as_of)} is over"
        )


class _Asking:
    """Asks for the pages of one call."""

    def __init__(
        self,
        dataset: ApiDataset,
        call: ApiCall,
        as_of: datetime,
        attempts: Attempts,
        resources: FetchResources,
    ) -> None:
        self._dataset, self._call, self._as_of = dataset, call, as_of
        self._attempts, self._resources = attempts, resources
        self._prefix = f"{hour_prefix(dataset, as_of)}{call.name}/"

    def pages(self) -> list[RawAnswer]:
        """All pages, in order; errors as fetch says, or the last attempt's own."""
        answers: list[RawAnswer] = []
        request: Request | None = first_request(self._dataset, self._call, self._as_of)
        asked: list[Request] = []
        while request is not None:
            if any(request.params == each.params and request.url == each.url for each in asked):
                raise SourceRefusedError(f"page {request.page} is one that was asked for before")
            asked.append(request)
            answer, reply = self._answer(request)
            answers.append(answer)
            request = following_request(self._dataset, request, reply)
        return answers

    def _answer(self, request: Request) -> tuple[RawAnswer, Reply]:
        web = self._resources.web
        is_over = stop_after_failing_for(web.retry_seconds, clock=web.clock)
        retrying = Retrying(
            retry=retry_if_exception_type(UnansweredError),
            wait=self._wait,
            stop=lambda state: self._attempts.left <= 0 or is_over(state),
            sleep=web.sleep,
            reraise=True,
        )
        try:
            return retrying(self._attempt, request)
        except SpentError:
            again = datetime.fromtimestamp(web.clock(), timezone.utc) + _HOUR
            raise UnansweredError(
                f"{self._dataset.attempts} requests of this hour of the clock have no answer. "
                f"It is asked again after {again:%H}:00 UTC"
            ) from None

    def _attempt(self, request: Request) -> tuple[RawAnswer, Reply]:
        number = self._attempts.take()
        reply = self._send(request)
        refuse_key(reply, self._resources.key)
        path = self._resources.hand_over.folder / "answer"
        path.write_bytes(reply.body)
        moment = datetime.fromtimestamp(self._resources.web.clock(), timezone.utc)
        name = f"{self._prefix}{moment:%Y%m%dT%H%M%SZ}-{number:04}"
        asked = {"params": dict(request.params), "page": request.page}
        kept = keep_answer(self._resources.hand_over.store, name, reply, path, asked=asked)
        problem = check_page(path, self._dataset)
        if problem:
            raise UnansweredError(f"{problem}; it is kept as {kept['key']}")
        self._attempts.answered()
        return kept, reply

    def _send(self, request: Request) -> Reply:
        dataset, key = self._dataset, self._dataset.key
        params, headers = dict(request.params), {"Accept": "application/json"}
        if key.parameter is not None:
            params[key.parameter] = self._resources.key
        else:
            headers[str(key.header)] = f"{key.prefix}{self._resources.key}"
        return self._resources.web.ask(
            self._address(request.url), params=params, headers=headers, max_bytes=dataset.max_bytes
        )

    def _address(self, url: str) -> str:
        """The API's own address, or the stand-in's for it."""
        stand_in = self._resources.stand_in
        if not stand_in or url.startswith(f"{stand_in}/"):
            return url
        parts = urlsplit(url)
        return f"{stand_in}/{parts.netloc}{parts.path}"

    def _wait(self, state: RetryCallState) -> float:
        return pause(state, backoff=_backoff, now=self._resources.web.clock())
