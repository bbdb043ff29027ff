"""Square's answers of the stand-in for APIs: a list of payments, a page at a time.

https://developer.squareup.com/reference/square/payments-api/list-payments: begin_time is
inclusive, the newest comes first unless sort_order says ASC, a page has 100 at most, and the answer
is {} where there is no payment. Errors:
https://developer.squareup.com/docs/build-basics/general-considerations/handling-errors.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

from infra.local.stand_ins.drawing import draw, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HOST = "connect.squareup.com"
PATH = "/v2/payments"
_BEARER = "Bearer "
_MOST = 100
_HOUR = timedelta(hours=1)
_YEAR = timedelta(days=365)
_LOCATION = "L88917AVBK2S5"
_BRANDS = ("VISA", "MASTERCARD", "AMERICAN_EXPRESS")
_ERRORS = {
    400: ("INVALID_REQUEST_ERROR", "INVALID_TIME", "This is no time of RFC 3339."),
    401: ("AUTHENTICATION_ERROR", "UNAUTHORIZED", "This request could not be authorized."),
    404: ("INVALID_REQUEST_ERROR", "NOT_FOUND", "Resource not found."),
    429: ("RATE_LIMIT_ERROR", "RATE_LIMITED", "Your application sends too many requests."),
}
_OTHER = ("API_ERROR", "INTERNAL_SERVER_ERROR", "An internal error has occurred.")


class Square:
    """The payments of one seller: none at night, up to 240 an hour at noon, UTC."""

    host = HOST
    field = "amount_money.amount"

    def key(self, query: Mapping[str, str], headers: Mapping[str, str]) -> str | None:  # noqa: ARG002 - of the headers alone
        """The key that a request gives."""
        given = headers.get("authorization", "")
        return given.removeprefix(_BEARER) if given.startswith(_BEARER) else None

    def public(self, query: Mapping[str, str]) -> dict[str, str]:
        """A request's parameters, none of which is a key."""
        return dict(query)

    def error(self, status: int) -> dict[str, Any]:
        """The body of an answer that is an error."""
        return _error(*_ERRORS.get(status, _OTHER))

    def answer(
        self, path: str, query: Mapping[str, str], now: datetime, records: int | None
    ) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to a request with the right key.

        Arguments:
            path: below the host.
            query: its parameters.
            now: the stand-in's clock; nothing is newer.
            records: how many payments each hour has; None for as many as a seller might have.
        """
        if path != PATH:
            return 404, self.error(404)
        try:
            begin = _moment(query.get("begin_time"), now - _YEAR)
            end = min(_moment(query.get("end_time"), now), now)
            limit = int(query.get("limit", _MOST))
        except ValueError:
            return 400, self.error(400)
        newest_first = query.get("sort_order", "DESC") != "ASC"
        listed = _payments(begin, end, records, newest_first=newest_first)
        return _page(listed, query, limit if 1 <= limit <= _MOST else _MOST)

    def records_of(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """The records of an answer."""
        return list(body.get("payments", []))


def _page(
    listed: Iterator[tuple[str, datetime]], query: Mapping[str, str], limit: int
) -> tuple[int, dict[str, Any]]:
    """One page, and the cursor of the next one; a cursor holds for its own query alone."""
    asked = json.dumps(sorted((k, v) for k, v in query.items() if k not in ("cursor", "limit")))
    digest = hashlib.sha256(asked.encode()).hexdigest()[:12]
    first = 0
    if cursor := query.get("cursor"):
        try:
            of, place = base64.urlsafe_b64decode(cursor).decode().split(":")
            first = int(place)
        except ValueError:
            of = ""
        if of != digest:
            detail = "The cursor is not of this query."
            return 400, _error("INVALID_REQUEST_ERROR", "INVALID_CURSOR", detail)
    last = first + limit
    found = list(islice(listed, first, last + 1))
    shown = [_payment(name, created) for name, created in found[:limit]]
    more = {"cursor": _cursor(digest, last)} if len(found) > limit else {}
    return 200, {**({"payments": shown} if shown else {}), **more}


def _cursor(digest: str, place: int) -> str:
    return base64.urlsafe_b64encode(f"{digest}:{place}".encode()).decode()


def _payments(
    begin: datetime, end: datetime, records: int | None, *, newest_first: bool
) -> Iterator[tuple[str, datetime]]:
    """Names and moments of the payments from begin on and before end."""
    first = begin.replace(minute=0, second=0, microsecond=0)
    hours: Sequence[int] = range(math.ceil((end - first) / _HOUR))
    for number in reversed(hours) if newest_first else hours:
        for payment in _of_hour(first + number * _HOUR, records, newest_first=newest_first):
            if begin <= payment[1] < end:
                yield payment


def _of_hour(
    hour: datetime, records: int | None, *, newest_first: bool
) -> list[tuple[str, datetime]]:
    name = hour.strftime("%Y-%m-%dT%H")
    count = _usual(hour, name) if records is None else records
    # Spread over the hour, the first of them at its very beginning.
    found = [
        (f"{name}/{number}", hour + timedelta(milliseconds=number * 3_600_000 // count))
        for number in range(count)
    ]
    return found[::-1] if newest_first else found


def _usual(hour: datetime, name: str) -> int:
    """How many an hour usually has: none between 22 and 6 o'clock, most at about 14."""
    busy = math.sin(math.pi * (hour.hour - 6) / 16) if 6 <= hour.hour < 22 else 0  # noqa: PLR2004 - opening hours
    return int(200 * busy + 40 * busy * draw(name, "count"))


def _payment(name: str, created: datetime) -> dict[str, Any]:
    at = rfc3339(created)
    taken = rfc3339(created + timedelta(seconds=1))
    money = {"amount": 100 + int(20_000 * draw(name, "amount")), "currency": "USD"}
    failed = draw(name, "failed") < 0.03  # noqa: PLR2004 - three in a hundred
    card = {
        "card_brand": _BRANDS[int(3 * draw(name, "brand"))],
        "last_4": f"{int(10_000 * draw(name, 'card')):04}",
        "exp_month": 1 + int(12 * draw(name, "month")),
        "exp_year": created.year + 2,
    }
    payment = {
        "id": word(28, name, "id"),
        "created_at": at,
        "updated_at": taken,
        "amount_money": money,
        "status": "FAILED" if failed else "COMPLETED",
        "delay_duration": "PT168H",
        "source_type": "CARD",
        "card_details": {
            "status": "FAILED" if failed else "CAPTURED",
            "card": card,
            "entry_method": "EMV",
        },
        "location_id": _LOCATION,
        "order_id": word(28, name, "order"),
        "total_money": money,
        "version_token": word(40, name, "version"),
    }
    return (
        payment
        if failed
        else payment | {"approved_money": money, "receipt_number": word(4, name, "receipt")}
    )


def rfc3339(moment: datetime) -> str:
    """A moment as Square writes it: 2020-12-05T08:07:00.250Z."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _moment(text: str | None, usual: datetime) -> datetime:
    if text is None:
        return usual
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(timezone.utc)


def _error(category: str, code: str, detail: str) -> dict[str, Any]:
    return {"errors": [{"category": category, "code": code, "detail": detail}]}
