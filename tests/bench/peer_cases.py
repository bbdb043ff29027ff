"""What other tools take for the same: they have an environment of their own, without Sluice's."""

from __future__ import annotations

import gzip
import os
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# A file is read in blocks of so many bytes.
_BLOCK_BYTES: Final = 16 << 20


def dlt_merge(*, uri: str, file: str, folder: str) -> tuple[float, dict[str, Any]]:
    """dlt's merge in the fastest way that its documentation has.

    Arrow reads the CSV with declared types; dlt writes Parquet, copies that by ADBC into a staging
    table, and merges by key ("upsert", which takes half the time of "delete-insert").

    Arguments:
        uri: of the warehouse; rows go to peer.rows, which dlt makes if it is not there.
        file: as a source publishes it.
        folder: what dlt keeps from one load to the next; empty before the first.
    """
    # dlt reads its settings when it is imported: it reports to nobody, and writes here alone.
    os.environ |= {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
        "DLT_DATA_DIR": folder,
        "DLT_PROJECT_DIR": folder,
    }
    import dlt  # noqa: PLC0415 -- as said above

    began = time.perf_counter()
    pipeline = dlt.pipeline(
        "peer",
        pipelines_dir=folder,
        destination=dlt.destinations.postgres(uri),
        dataset_name="peer",
    )
    rows = dlt.resource(
        _tables(file),
        name="rows",
        primary_key=("region", "day"),
        write_disposition={"disposition": "merge", "strategy": "upsert"},
    )
    pipeline.run(rows, loader_file_format="parquet").raise_on_failed_jobs()
    return time.perf_counter() - began, {}


def csv_diff(*, base: str, newest: str) -> tuple[float, dict[str, Any]]:
    """csv-diff as its own command line does it: both files in memory, by key.

    Arguments:
        base, newest: gzipped CSV files.
    """
    # The environment in which types and style are checked does not have it.
    from csv_diff import compare, load_csv  # noqa: PLC0415 -- as said above

    began = time.perf_counter()
    with gzip.open(base, "rt", newline="") as before, gzip.open(newest, "rt", newline="") as after:
        found = compare(load_csv(before, key="id"), load_csv(after, key="id"))
    counts = {"inserts": "added", "updates": "changed", "deletes": "removed"}
    counted = {name: len(found[theirs]) for name, theirs in counts.items()}
    return time.perf_counter() - began, counted


def _tables(file: str) -> Iterator[Any]:
    # The environment in which types and style are checked has no Arrow.
    import pyarrow as pa  # noqa: PLC0415 -- as said above
    from pyarrow import csv  # noqa: PLC0415 -- as said above

    types = {
        "region": pa.string(),
        "day": pa.date32(),
        "cases": pa.int64(),
        "deaths": pa.int32(),
        "rate": pa.float64(),
        "note": pa.string(),
    }
    read = csv.ReadOptions(block_size=_BLOCK_BYTES)
    convert = csv.ConvertOptions(
        column_types=types,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    with csv.open_csv(file, read_options=read, convert_options=convert) as batches:
        for batch in batches:
            yield pa.Table.from_batches([batch])
