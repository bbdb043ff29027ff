"""What an answer means: it is used, or refused for good, or asked for again and when."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from include.core.content.formats import GZIP, HEAD_BYTES, expanded, identify
from include.core.content.text import Content
from include.core.web.exchange import Answer, UnansweredError
from include.errors import CredentialsRefusedError, SourceRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

OK, FORBIDDEN, TOO_MANY = 200, 403, 429
UNAUTHORIZED = (401, FORBIDDEN)
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What a person can do about a status.
HINTS = {
    401: "Check the credentials",
    403: "Check the credentials and what they may read",
    404: "Nothing is at this address, or the credentials may not see it",
}
HTML_TYPES = ("text/html", "application/xhtml+xml")


def check_answer(answer: Answer, *, now: float) -> None:
    """Return only when the body of an answer is what was asked for.

    Arguments:
        answer: its body not yet read.
        now: seconds since the epoch.

    Raises:
        UnansweredError: 5xx, 429, or 403 that is a rate limit as GitHub marks it
            (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
        CredentialsRefusedError: 401, and 403 otherwise.
        SourceRefusedError: any other status but 200, or a body encoded although none was asked for.
    """
    status = answer.status
    if status >= 500 or _is_rate_limit(answer):  # noqa: PLR2004 - the class of server errors
        again = not_before(answer, now=now)
        raise UnansweredError(f"answered {status}", not_before=again)
    if status != OK:
        hint = HINTS.get(status, "A retry would get the same")
        refused = CredentialsRefusedError if status in UNAUTHORIZED else SourceRefusedError
        raise refused(f"{answer.address} answered {status}. {hint}")
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise SourceRefusedError(
            f"{answer.address} sent a compressed body though none was asked for, "
            "so its size cannot be limited. Check that it is the right address"
        )


def _is_rate_limit(answer: Answer) -> bool:
    if answer.status == TOO_MANY:
        return True
    marked = answer.headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in answer.headers
    return answer.status == FORBIDDEN and marked


def not_before(answer: Answer, *, now: float) -> float | None:
    """When the server wants the next request, in seconds since the epoch; None if it is silent.

    Retry-After in seconds or as a date (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after)
    goes before X-RateLimit-Reset, which counts only when nothing remains.
    """
    after = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", after):
        return now + int(after)
    if after:
        try:
            moment = parsedate_to_datetime(after)
        except (TypeError, ValueError):
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    reset = answer.headers.get("X-RateLimit-Reset", "").strip()
    if answer.headers.get("X-RateLimit-Remaining") == "0" and re.fullmatch(r"[0-9]{1,10}", reset):
        return float(reset)
    return None


def utc(moment: float) -> str:
    """Seconds since the epoch as 2020-12-05T08:30:00Z."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_limited(answer: Answer, *, max_bytes: int) -> Iterator[bytes]:
    """The body as it arrives; SourceRefusedError as soon as there are more than max_bytes."""
    # A server may announce too little, so the bytes are counted as well.
    announced = answer.headers.get("Content-Length", "")
    size = int(announced) if re.fullmatch(r"[0-9]{1,18}", announced) else 0
    too_large = SourceRefusedError(
        f"{answer.address} is larger than the limit of {max_bytes} bytes. "
        "Raise the limit if the source has really grown so far"
    )
    if size > max_bytes:
        raise too_large
    size = 0
    for chunk in answer.chunks():
        size += len(chunk)
        if size > max_bytes:
            raise too_large
        yield chunk


def require_csv(answer: Answer, *, head: bytes) -> None:
    """Raises SourceRefusedError when a page, a pointer or another format came instead of CSV.

    Arguments:
        answer: where the body came from.
        head: the first bytes of the body, HEAD_BYTES of them if there are so many; gzip if the
            address ends in .gz.
    """
    packed = answer.address.lower().endswith(".gz")
    text = expanded(head) if packed else head
    found = identify(text, whole=len(head) < HEAD_BYTES and len(text) < HEAD_BYTES)
    kind = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if not packed and head.startswith(GZIP):
        found = Content(
            "compressed with gzip, and its address does not end in .gz", "Check the address"
        )
    elif found is None and kind in HTML_TYPES:
        found = Content("an HTML page", "Open it in a browser to see what it says")
    if found:
        raise SourceRefusedError(
            f"{answer.address} answered with something other than CSV: it is {found.what}. "
            f"{found.fix}"
        )
