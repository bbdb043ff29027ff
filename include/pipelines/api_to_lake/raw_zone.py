"""The raw zone: answers as they came, below the hour that they were asked for.

    raw/api/<dataset>/dt=2020-12-05/hour=08/hour.json                    which answers the hour has
    raw/api/<dataset>/dt=2020-12-05/hour=08/published.json              which of them the table has
    raw/api/<dataset>/dt=2020-12-05/hour=08/index-<digest>.json         which of them a run has read
    raw/api/<dataset>/dt=2020-12-05/hour=08/<call>/<moment>-<number>.body        bytes of an answer
    raw/api/<dataset>/dt=2020-12-05/hour=08/<call>/<moment>-<number>.json  its address and headers

Nothing is deleted. The first two indexes alone change: answers that are asked for again take the
place of others in hour.json, by conditional writes, and then in published.json, under the lock of
the table. An index that is named after its content stays: the ledger names it.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, TypedDict

from include.core.failpoints import failpoint
from include.errors import ArchiveError, SourceRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from include.contracts.apis import ApiDataset
    from include.core.aws.objects import ObjectStore, Stored
    from include.core.web.client import Reply
    from include.pipelines.api_to_lake.task_values import RawAnswer

# What a server sets for later requests is as secret as a key.
_SECRET_HEADERS: Final = frozenset(
    {"authorization", "cookie", "proxy-authorization", "set-cookie", "set-cookie2"}
)
_PUBLISHED: Final = re.compile(r"dt=(\d{4}-\d\d-\d\d)/hour=(\d\d)/published\.json$")
_DIGEST_CHARACTERS: Final = 16  # the rest of a SHA-256 would only make the name longer
_TRIES: Final = 20  # other runs of the same hour write the same index


class HourIndex(TypedDict):
    """Which answers an hour has.

    Attributes:
        calls: names of calls that have answers to these, in order of pages.
    """

    calls: dict[str, list[RawAnswer]]


def hour_prefix(dataset: ApiDataset, as_of: datetime) -> str:
    """Where the answers of an hour are; ends in a slash."""
    return f"{_day_prefix(dataset, as_of)}hour={as_of:%H}/"


def index_key(dataset: ApiDataset, as_of: datetime) -> str:
    """Where the index of an hour is."""
    return f"{hour_prefix(dataset, as_of)}hour.json"


def keep_answer(
    store: ObjectStore, prefix: str, reply: Reply, path: Path, *, asked: Mapping[str, Any]
) -> RawAnswer:
    """Put an answer into the raw zone, before anything of it is read.

    Arguments:
        store: the lake.
        prefix: of its keys, without their endings.
        reply: the answer.
        path: a local file with its bytes.
        asked: what it is the answer to, without the key of the API.
    """
    moment = datetime.now(timezone.utc).isoformat(timespec="seconds")
    facts = {
        "address": reply.address,
        **asked,
        "status": reply.status,
        "headers": {
            name: value
            for name, value in reply.headers.items()
            if name.lower() not in _SECRET_HEADERS
        },
        "received_at": moment,
    }
    store.put_json(f"{prefix}.json", facts)
    failpoint("fetch.described")
    sha256 = store.put_file(f"{prefix}.body", path)
    failpoint("fetch.kept")
    return {"key": f"{prefix}.body", "sha256": sha256, "asked_at": moment}


def refuse_key(reply: Reply, key: str) -> None:
    """Keep nothing that repeats the key.

    Raises:
        SourceRefusedError: the answer does.
    """
    told = [*reply.headers.values(), *reply.headers]
    if key.encode() in reply.body or any(key in text for text in told):
        raise SourceRefusedError(
            f"{reply.address} repeats the key in its answer, which is not kept. "
            "Have the key put elsewhere, or tell the API's owner"
        )


def read_index(store: ObjectStore, dataset: ApiDataset, as_of: datetime) -> HourIndex:
    """Read which answers an hour has; none where it was never asked for."""
    index: HourIndex | None = store.get_json(index_key(dataset, as_of))
    return index or {"calls": {}}


def add_to_index(
    store: ObjectStore,
    dataset: ApiDataset,
    as_of: datetime,
    fetched: Mapping[str, list[RawAnswer]],
    *,
    folder: Path,
    refetch: bool,
) -> HourIndex:
    """Enter answers in the index of their hour.

    Arguments:
        store: the lake.
        dataset: whose answers.
        as_of: the hour.
        fetched: names of calls to their answers.
        folder: for local files.
        refetch: they take the place of answers that are there; without it those stay.

    Returns:
        The index with them.

    Raises:
        ArchiveError: other runs kept writing to it.
    """
    key, before, after = index_key(dataset, as_of), folder / "index", folder / "new_index"
    for _ in range(_TRIES):
        etag = store.fetch_current(key, before)
        calls = json.loads(before.read_bytes())["calls"] if etag else {}
        index: HourIndex = {"calls": {**calls, **fetched} if refetch else {**fetched, **calls}}
        if etag and index["calls"] == calls:
            return index
        after.write_text(json.dumps(index, sort_keys=True))
        if store.replace_file(key, after, etag=etag):
            failpoint("store_raw.indexed")
            return index
    raise ArchiveError(f"s3://{store.bucket}/{key} is written to by others again and again")


def enter_published(
    store: ObjectStore, dataset: ApiDataset, as_of: datetime, index: HourIndex
) -> None:
    """Say which answers of an hour the table has; the caller holds the lock on the table."""
    store.put_json(f"{hour_prefix(dataset, as_of)}published.json", index)


def keep_index(
    store: ObjectStore, dataset: ApiDataset, as_of: datetime, index: HourIndex
) -> Stored:
    """Put what a run has read of an hour where it stays, whatever is asked and published later.

    Returns:
        Its key, which is the same for the same answers, and its SHA-256.
    """
    body = json.dumps(index, sort_keys=True).encode()
    digest = hashlib.sha256(body).hexdigest()
    key = f"{hour_prefix(dataset, as_of)}index-{digest[:_DIGEST_CHARACTERS]}.json"
    store.put_body(key, body)
    return {"key": key, "sha256": digest}


def published_of_day(
    store: ObjectStore, dataset: ApiDataset, as_of: datetime
) -> dict[datetime, HourIndex]:
    """Read which answers of each hour of a day the table has, in order of time.

    Answers that no run has published yet are left out: they appear with the ledger row of their
    own run.
    """
    found = {}
    for key in store.keys(_day_prefix(dataset, as_of)):
        if match := _PUBLISHED.search(key):
            day, hour = match.groups()
            found[datetime.fromisoformat(f"{day}T{hour}:00:00+00:00")] = store.get_json(key)
    return found


def _day_prefix(dataset: ApiDataset, as_of: datetime) -> str:
    return f"raw/api/{dataset.name}/dt={as_of:%Y-%m-%d}/"
