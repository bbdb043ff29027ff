"""The files of an export as they landed, read into a snapshot that its dataset's limits allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from include.core.arrivals.versions import fetch
from include.core.aws.objects import sha256_of
from include.core.failpoints import failpoint
from include.core.runs.quarantine import refuse_rejects
from include.errors import ArrivalError
from include.pipelines.table_export_to_kinesis.loading import LocalFile
from include.pipelines.table_export_to_kinesis.manifest import MANIFEST
from include.pipelines.table_export_to_kinesis.snapshot import carry_over, make_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from include.contracts.exports import TableExport
    from include.core.arrivals.resources import Resources
    from include.core.arrivals.versions import FileVersion
    from include.pipelines.table_export_to_kinesis.snapshot import MadeSnapshot
    from include.pipelines.table_export_to_kinesis.states import Export


def read_export(
    dataset: TableExport,
    export: Export,
    *,
    to: Path,
    base: Callable[[], Path | None],
    resources: Resources,
    outcome: str,
) -> MadeSnapshot:
    """Read the files of an export into one snapshot; rejected rows are in rejects.jsonl beside it.

    Arguments:
        dataset: the declaration.
        export: which; all of its files have landed.
        to: the snapshot's file, in the task's folder.
        base: fetches what it will be compared with, None where there is nothing; called where rows
            were rejected, since what the base alone has stays then.
        resources: what the task works with.
        outcome: what became of the other rows where there are too many rejects.

    Raises:
        ArrivalError: a file is gone, or is not what its manifest says.
        InputFileError: a file breaks the contract.
        RejectLimitError: more rows were rejected than the dataset allows.
    """
    folder, memory = resources.folder, resources.memory
    files, rejects = fetch_files(export, resources), folder / "rejects.jsonl"
    made = make_snapshot(dataset, files, to=to, rejects=rejects, folder=folder, memory=memory)
    failpoint("compute.read")
    refuse_rejects(
        dataset.name, dataset.rejects, read=made.read, rejects_file=rejects, outcome=outcome
    )
    if made.rejected and (fetched := base()) is not None:
        made = carry_over(dataset, made, to, base=fetched, folder=folder, memory=memory)
    return made


def fetch_files(export: Export, resources: Resources) -> list[LocalFile]:
    """Fetch the files of an export into the task's folder, in the order of their names.

    Raises:
        ArrivalError: a file is gone, or is not what its manifest says.
    """
    files = []
    for place, (file_name, landed) in enumerate(sorted(export.files.items())):
        if file_name == MANIFEST:
            continue
        path = resources.folder / f"file{place}"
        version = {**landed, "bucket": resources.landing.bucket}
        fetch(resources.landing.client, cast("FileVersion", version), path)
        listed = (export.manifest or {}).get(file_name)
        if listed is not None and sha256_of(path) != listed["sha256"]:
            raise ArrivalError(f"{file_name} has another SHA-256 than its manifest says")
        files.append(LocalFile(path=path, key=landed["key"], version_id=landed["version_id"]))
    return files
