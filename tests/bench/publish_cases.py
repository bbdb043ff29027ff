"""Ways to get the operations of a delta onto a stream: the pipeline's, and a bare loop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.core.aws.batches import batches
from include.pipelines import table_export_to_kinesis as pipeline
from include.pipelines.table_export_to_kinesis.records import LIMITS, Record, read_records
from include.settings import Settings
from tests.bench.clock import Clock
from tests.bench.delta_cases import EXPORT
from tests.bench.queue_cases import FORK
from tests.support.clients import client
from tests.support.export_runs import ExportPlace

if TYPE_CHECKING:
    from collections.abc import Iterator


def publish_computed(
    *, place: dict[str, Any], tenant: str, file: str, part_rows: int
) -> tuple[float, dict[str, Any]]:
    """The tasks up to the one that publishes: a first export becomes parts in the lake.

    Arguments:
        place: an ExportPlace as JSON.
        tenant: whose export it is; nobody has exported before.
        file: it, gzipped.
        part_rows: rows of a part; there are more in the file.
    """
    export = replace(EXPORT, part_rows=part_rows)
    here = _place(place)
    clock = Clock()
    landed = here.put(f"{tenant}/{EXPORT.tables}/v1/{Path(file).name}", Path(file).read_bytes())
    received = here.claim(landed, run_id=tenant)
    (work,) = here.registrar(tenant).register(received.files)["work"]
    with here.resources(tenant, "compute") as resources:
        computed = pipeline.compute(export, work, resources=resources)
    parts = pipeline.parts_to_publish([computed])
    return clock.stop(rows=sum(part["rows"] for part in parts), parts=parts)


def publish_bare(
    *, place: dict[str, Any], parts: list[pipeline.Part], threads: int
) -> tuple[float, dict[str, Any]]:
    """The floor: the pipeline's own batches, made before the clock starts, put by a loop.

    Arguments:
        place: an ExportPlace as JSON.
        parts: what publish_computed came back with.
        threads: how many put.
    """
    here = _place(place)
    records = [record for part in parts for record in _records(here, part)]
    calls = [
        [{"Data": record.data, "PartitionKey": record.partition_key} for record in batch]
        for batch in batches(records, size=lambda record: record.size, limits=LIMITS)
    ]
    stream = client("kinesis", here.kinesis or here.aws)

    def put(entries: list[dict[str, Any]]) -> int:
        return len(stream.put_records(StreamName=here.stream, Records=entries)["Records"])

    clock = Clock()
    with ThreadPoolExecutor(threads) as pool:
        return clock.stop(published=sum(pool.map(put, calls)))


def publish_parts(
    *, place: dict[str, Any], parts: list[pipeline.Part], workers: int
) -> tuple[float, dict[str, Any]]:
    """The parts' tasks, shared out to workers.

    Arguments:
        place: an ExportPlace as JSON.
        parts: what publish_computed came back with.
        workers: processes; 1 is this one.
    """
    here = _place(place)
    for service, endpoint in (("s3", here.aws), ("kinesis", here.kinesis or here.aws)):
        client(service, endpoint)
    clock = Clock()
    if workers == 1:
        _publish(here, parts)
    else:
        shares = [parts[first::workers] for first in range(workers)]
        others = [FORK.Process(target=_publish, args=(here, share)) for share in shares]
        for other in others:
            other.start()
        for other in others:
            other.join()
    return clock.stop(published=sum(part["rows"] for part in parts))


def _publish(here: ExportPlace, parts: list[pipeline.Part]) -> None:
    for part in parts:
        with here.resources("bench", f"part{part['number']}") as resources:
            pipeline.publish_part(EXPORT, part, resources=resources)


def _records(here: ExportPlace, part: pipeline.Part) -> Iterator[Record]:
    with here.resources("bare", f"part{part['number']}") as resources:
        local = resources.hand_over(part["index"]).get(part, "part.parquet")
        with read_records(
            EXPORT, part, local, folder=resources.folder, memory=Settings.duckdb_memory
        ) as records:
            yield from records


def _place(place: dict[str, Any]) -> ExportPlace:
    return ExportPlace(
        **{**place, "folder": Path(place["folder"])}, dataset_of=lambda _tenant, _table: EXPORT
    )
