"""JSON of a bounded size, whatever the texts in it hold."""

from __future__ import annotations

import json
import math
from datetime import datetime, timezone
from typing import Any, Final

# Characters of a text, from what people can read to what still names it.
_CHARACTERS: Final = (2000, 600, 200, 60, 20)
# Airflow allows names of 250; they are links, and a part of one leads nowhere.
_NAME_CHARACTERS: Final = 250
_NAMES: Final = ("dag_id", "run_id", "sink")


def encode(value: dict[str, Any], *, most_bytes: int) -> bytes:
    """Write a value as JSON; where it is too long, its texts are cut, the longest first.

    Numbers that JSON does not know are null. Moments are in UTC, to the second.

    Arguments:
        value: of dicts, lists, texts, numbers, moments and None.
        most_bytes: what is aimed at; lists are as long as they are.
    """
    body = b""
    for characters in _CHARACTERS:
        body = to_json(_cut(value, characters))
        if len(body) <= most_bytes:
            break
    return body


def to_json(value: Any) -> bytes:
    """Write a value as JSON in ASCII, without blanks."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def moment(value: datetime) -> str:
    """ISO 8601 in UTC, to the second: 2020-11-30T08:30:00Z."""
    in_utc = value.replace(tzinfo=value.tzinfo or timezone.utc).astimezone(timezone.utc)
    return in_utc.isoformat(timespec="seconds").replace("+00:00", "Z")


def shorten(text: str, characters: int) -> str:
    """The start of a text, with an ellipsis where something is left out."""
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def _cut(value: Any, characters: int) -> Any:
    if isinstance(value, dict):
        return {
            shorten(str(name), characters): _cut(
                each, _NAME_CHARACTERS if name in _NAMES else characters
            )
            for name, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_cut(each, characters) for each in value]
    if isinstance(value, str):
        return shorten(value, characters)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
