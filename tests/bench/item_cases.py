"""Ways to get the rows of an uploaded CSV file into DynamoDB: the pipeline's, and a bare loop."""

from __future__ import annotations

import csv
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.core.aws.batches import batches
from include.datasets.addresses import DATASET
from include.pipelines import csv_upload_to_dynamodb as pipeline
from include.pipelines.csv_upload_to_dynamodb.item_writes import LIMITS, ItemTable
from include.pipelines.csv_upload_to_dynamodb.items import item_maker, item_size
from tests.bench.clock import Clock
from tests.support.clients import client
from tests.support.item_runs import ItemPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.core.arrivals.claim import ReceivedFile
    from include.pipelines.csv_upload_to_dynamodb.items import Item

RUN_ID = "bench"


def items_bare(
    *, endpoint: str, table: str, folder: str, file: ReceivedFile, threads: int
) -> tuple[float, dict[str, Any]]:
    """The floor: the pipeline's own batches, made before the clock starts, sent by a loop.

    Arguments:
        endpoint: of DynamoDB.
        table: an empty one.
        folder: has the file as "upload".
        file: as a run receives it.
        threads: how many send; 1 sends without threads.
    """
    dynamodb = client("dynamodb", endpoint)
    names = tuple(column.name for column in DATASET.contract.columns[1:])
    items = ItemTable(client=dynamodb, name=table, key="id", columns=names)
    made = _items(Path(folder) / "upload", version=file["order"])
    calls = [
        [items.insert(item) for item in batch]
        for batch in batches(made, size=item_size, limits=LIMITS)
    ]

    def send(statements: list[dict[str, Any]]) -> int:
        answer = dynamodb.batch_execute_statement(Statements=statements)
        return sum("Error" not in each for each in answer["Responses"])

    clock = Clock()
    if threads == 1:
        return clock.stop(inserted=sum(map(send, calls)))
    with ThreadPoolExecutor(threads) as pool:
        return clock.stop(inserted=sum(pool.map(send, calls)))


def _items(path: Path, *, version: str) -> Iterator[Item]:
    make = item_maker(DATASET.contract, version=version)
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        for row in rows:
            yield make([cell or None for cell in row])


def items_extract(*, place: dict[str, Any], file: ReceivedFile) -> tuple[float, dict[str, Any]]:
    """The file's rows checked, put in order of key and cut into chunks."""
    with _resources(place) as resources:
        clock = Clock()
        extracted = pipeline.extract(DATASET, file, files=1, resources=resources)
        return clock.stop(read=extracted["counts"]["read"], chunks=extracted["chunks"])


def items_transform(
    *, place: dict[str, Any], chunks: list[dict[str, Any]]
) -> tuple[float, dict[str, Any]]:
    """Chunks into items, one after the other."""
    return _each(place, chunks, pipeline.transform, counted=("rejected",))


def items_load(
    *, place: dict[str, Any], chunks: list[dict[str, Any]]
) -> tuple[float, dict[str, Any]]:
    """Items into the table."""
    return _each(place, chunks, pipeline.load, counted=("inserted",))


def items_observe(
    *, place: dict[str, Any], chunks: list[dict[str, Any]]
) -> tuple[float, dict[str, Any]]:
    """Each id looked up in the table."""
    return _each(place, chunks, pipeline.observe, counted=("found", "missing"))


def _each(
    place: dict[str, Any],
    chunks: list[dict[str, Any]],
    task: Callable[..., Any],
    *,
    counted: tuple[str, ...],
) -> tuple[float, dict[str, Any]]:
    with _resources(place) as resources:
        clock = Clock()
        done = [task(DATASET, chunk, resources=resources) for chunk in chunks]
        counts: Counter[str] = Counter()
        for each in done:
            counts.update({name: each[name] for name in counted})
        return clock.stop(chunks=done, **counts)


@contextmanager
def _resources(place: dict[str, Any]) -> Iterator[pipeline.ItemResources]:
    """What a task works with, its clients made."""
    here = ItemPlace(upload=DATASET, **{**place, "folder": Path(place["folder"])})
    with here.resources(RUN_ID, "task") as resources:
        yield resources
