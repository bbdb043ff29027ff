"""The answers of an hour as local files, in the order in which their records are read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from include.core.lake.records import Page

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from include.contracts.apis import ApiDataset
    from include.core.aws.objects import ObjectStore
    from include.pipelines.api_to_lake.raw_zone import HourIndex

_DOWNLOADS: Final = 8  # at once


def pages_of(dataset: ApiDataset, as_of: datetime, index: HourIndex, *, folder: Path) -> list[Page]:
    """Name the answers of an hour, those of calls that are declared no more left out.

    Arguments:
        dataset: the contract.
        as_of: the hour.
        index: which answers it has.
        folder: where fetch_pages puts them.
    """
    answers = [answer for call in dataset.calls for answer in index["calls"].get(call.name, [])]
    return [
        Page(
            path=folder / f"{number}.body",
            key=answer["key"],
            version=answer["sha256"],
            as_of=as_of,
        )
        for number, answer in enumerate(answers)
    ]


def fetch_pages(store: ObjectStore, pages: Iterable[Page]) -> None:
    """Fetch answers to their paths.

    Raises:
        ArchiveError: one is gone, or is not what was put there.
    """
    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        done = [
            pool.submit(store.get_file, page.key, page.path, sha256=page.version) for page in pages
        ]
    for each in done:
        each.result()
