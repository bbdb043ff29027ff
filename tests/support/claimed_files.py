"""Messages as a run receives them, and the files that it claims."""

from __future__ import annotations

import itertools
from typing import Any

from tests.support.s3_messages import body
from tests.support.upload_runs import PREFIX

_numbers = itertools.count()


def message(*records: Any, text: str | None = None) -> dict[str, Any]:
    """A message as a run gets it."""
    number = next(_numbers)
    written = body(*records) if text is None else text
    return {"MessageId": f"m{number}", "ReceiptHandle": f"r{number}", "Body": written}


def names(received: dict[str, Any]) -> list[tuple[str, str]]:
    return [(f["key"].removeprefix(PREFIX), f["version_id"]) for f in received["files"]]
