"""HTTP for all pipelines: allow-listed, limited in time and size, retried where that can help.

    Web.get_json   an answer of an API
    Web.ask        the same as its bytes and headers, asked for once
    Web.download   a file, streamed to disk, with its size and sha256

Messages name the address without its query, never a header or any content.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from include.core.content.formats import HEAD_BYTES
from include.core.retries import stop_after_failing_for
from include.core.web.answer import REDIRECTS, check_answer, read_limited, require_csv, utc
from include.core.web.exchange import Answer, UnansweredError, exchange, pause
from include.core.web.origins import AllowList, origin_of, safe_address
from include.errors import ForbiddenAddressError, SourceRefusedError, SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# A file of GitHub has none or one; five leave room for a source that moves.
MAX_REDIRECTS = 5
# Bytes. One commit takes some thousand; what is larger is no such answer.
JSON_BYTES = 10 * 1024 * 1024
T = TypeVar("T")

# Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
_backoff = wait_random_exponential(multiplier=1, max=60)


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that arrived whole.

    Attributes:
        path: where it is.
        size_bytes: its size.
        sha256: of its bytes, 64 hexadecimal digits.
    """

    path: Path
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer that arrived whole.

    Attributes:
        address: where it came from, safe to print.
        status: HTTP status code, always a good one.
        headers: as they came.
        body: its bytes.
    """

    address: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Web:
    """Fetches from the hosts of one dataset.

    Attributes:
        hosts: host names that may be fetched from, by https.
        stand_ins: exact origins of local stand-ins, such as http://127.0.0.1:41234.
        request_seconds: for one attempt in all, redirects and body included.
        retry_seconds: from the first failure; no attempt begins later.
        user_agent: what servers know us by.
        sleep: takes seconds.
        clock: gives seconds since the epoch.
    """

    hosts: tuple[str, ...]
    stand_ins: tuple[str, ...] = ()
    request_seconds: float = 120
    retry_seconds: float = 300
    user_agent: str = "sluice"
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time

    def get_json(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = JSON_BYTES,
    ) -> Any:
        """The parsed JSON that an address answers with.

        Arguments:
            url: on an allowed host.
            params: go into the query, and into no message.
            headers: go to the origin of url alone, so they may hold credentials.
            max_bytes: more is refused.

        Raises:
            ForbiddenAddressError: the address or a redirect leaves the allow-list.
            SourceRefusedError: 4xx, too large, or no JSON.
            SourceUnavailableError: no proper answer within retry_seconds.
        """

        def read(answer: Answer) -> Any:
            body = b"".join(read_limited(answer, max_bytes=max_bytes))
            try:
                return json.loads(body)
            except (ValueError, RecursionError):
                raise SourceRefusedError(
                    f"{answer.address} answered with something that is not JSON"
                ) from None

        return self._fetch(_prepared(url, params), headers or {}, read)

    def ask(
        self,
        url: str,
        *,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        max_bytes: int = JSON_BYTES,
    ) -> Reply:
        """The answer of an address, asked for once: who asks knows when to do so again.

        Arguments are those of get_json.

        Raises:
            UnansweredError: no proper answer; another attempt may get one.
            ForbiddenAddressError: the address or a redirect leaves the allow-list.
            SourceRefusedError: 4xx, or too large.
        """

        def read(answer: Answer) -> Reply:
            body = b"".join(read_limited(answer, max_bytes=max_bytes))
            return Reply(
                address=answer.address,
                status=answer.status,
                headers=dict(answer.headers),
                body=body,
            )

        return self._attempt(_prepared(url, params), headers, read)

    def download(
        self,
        url: str,
        *,
        to: Path,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
    ) -> Download:
        """Streams a CSV file to disk; `to` appears when it is whole, and nothing does otherwise.

        Arguments:
            url: on an allowed host; its query gets into no message.
            to: path of the file, in a folder that exists; replaced if it is there.
            max_bytes: more is refused.
            headers: go to the origin of url alone, so they may hold credentials.

        Raises:
            ForbiddenAddressError: the address or a redirect leaves the allow-list.
            SourceRefusedError: 4xx, too large, or plainly no CSV file.
            SourceUnavailableError: no proper answer within retry_seconds.
        """
        part = to.with_name(f"{to.name}.part")

        def save(answer: Answer) -> Download:
            size_bytes, sha256 = _save(answer, part=part, max_bytes=max_bytes)
            # A rename is whole or not at all, also when the worker dies.
            part.replace(to)
            return Download(path=to, size_bytes=size_bytes, sha256=sha256)

        try:
            return self._fetch(_prepared(url, None), headers or {}, save)
        finally:
            part.unlink(missing_ok=True)

    def _fetch(self, url: str, headers: Mapping[str, str], read: Callable[[Answer], T]) -> T:
        """What read makes of the answer, tried again where that can help."""
        started = self.clock()
        attempts = Retrying(
            retry=retry_if_exception_type(UnansweredError),
            wait=self._wait,
            stop=stop_after_failing_for(self.retry_seconds, clock=self.clock),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            result: T = attempts(self._attempt, url, headers, read)
        except UnansweredError as error:
            when = "later" if error.not_before is None else f"after {utc(error.not_before)}"
            raise SourceUnavailableError(
                f"{safe_address(url)}: {error.problem}; given up at attempt "
                f"{attempts.statistics['attempt_number']}, after "
                f"{self.clock() - started:.0f} s. Try again {when}"
            ) from None
        return result

    def _wait(self, state: RetryCallState) -> float:
        return pause(state, backoff=_backoff, now=self.clock())

    def _attempt(self, url: str, headers: Mapping[str, str], read: Callable[[Answer], T]) -> T:
        """Send one request, and follow its redirects; each is checked before it is sent."""
        end = time.monotonic() + self.request_seconds
        allowed = AllowList(hosts=self.hosts, stand_ins=self.stand_ins)
        hop = url
        for _ in range(MAX_REDIRECTS + 1):
            try:
                origin = allowed.check(hop)
            except OSError:
                raise UnansweredError("the host's name could not be resolved") from None
            # Credentials go to the origin that they are for, and to no redirect.
            own = {"User-Agent": self.user_agent, "Accept": "*/*"}
            sent = {**own, **(headers if origin == origin_of(url) else {})}
            # A body that is compressed on its way could expand beyond any limit.
            request = _request(hop, {**sent, "Accept-Encoding": "identity"})
            with exchange(request, seconds=end - time.monotonic()) as answer:
                if answer.status not in REDIRECTS or "Location" not in answer.headers:
                    check_answer(answer, now=self.clock())
                    return read(answer)
                hop = _next_hop(hop, answer)
        raise SourceRefusedError(f"{safe_address(url)} redirects more than {MAX_REDIRECTS} times")


def _request(
    url: str, headers: Mapping[str, str], params: Mapping[str, str] | None = None
) -> requests.PreparedRequest:
    try:
        return requests.Request("GET", url, headers=dict(headers), params=params).prepare()
    except (requests.RequestException, ValueError):
        # The cause's text holds the header or the address that it complains about.
        raise SourceRefusedError(
            "A request with a malformed address or header is not sent"
        ) from None


def _prepared(url: str, params: Mapping[str, str] | None) -> str:
    """The address exactly as it will be sent, so that what is checked is what is fetched."""
    return str(_request(url, {}, params).url)


def _next_hop(url: str, answer: Answer) -> str:
    try:
        return _prepared(urljoin(url, answer.headers["Location"]), None)
    except (ValueError, SourceRefusedError):
        raise ForbiddenAddressError(f"{answer.address} redirects to no valid address") from None


def _save(answer: Answer, *, part: Path, max_bytes: int) -> tuple[int, str]:
    digest, size_bytes, head = hashlib.sha256(), 0, b""
    with part.open("wb") as file:
        for chunk in read_limited(answer, max_bytes=max_bytes):
            file.write(chunk)
            digest.update(chunk)
            size_bytes += len(chunk)
            head += chunk[: HEAD_BYTES - len(head)]
    require_csv(answer, head=head)
    return size_bytes, digest.hexdigest()
