"""What would become of a file if a source had it: the checks of clean_and_merge."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from include.core.runs.quarantine import set_aside
from include.core.runs.trial import Trial, limit_causes
from include.core.snapshot.database import safe_errors
from include.core.snapshot.json_rows import read_json
from include.core.snapshot.load_csv import CsvFile
from include.core.snapshot.rules import judge
from include.errors import RuleError
from include.pipelines.github_csv_to_postgres.transform import clean_and_look, load_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.github import GitHubDataset, GitHubFile


def try_file(  # noqa: PLR0913 -- the seventh is of a dataset that is not there yet
    dataset: GitHubDataset,
    source: GitHubFile,
    path: Path,
    *,
    as_of: datetime,
    connection: DuckDBPyConnection,
    folder: Path,
    cleaning: str | None = None,
) -> Trial:
    """Read and check a file as clean_and_merge does.

    The cleaning and the rules of the table need all sources, so they are tried only where the
    dataset has one.

    Arguments:
        dataset: the contract.
        source: which of its files this is.
        path: the file.
        as_of: the moment of the snapshot.
        connection: from connect_duckdb; the relation of the source is made anew.
        folder: an empty one for what comes of it; the trial's files are there.
        cleaning: as clean_and_look has it.

    Raises:
        InputFileError: the whole file breaks its contract.
        WorkerExhaustedError: no disk or memory is left.
    """
    rejects = folder / "rejects.jsonl"
    file = CsvFile(path=path, name=path.name, contract=source.contract)
    with safe_errors(), set_aside(rejects, file=path.name, version="") as add:
        counts = load_source(connection, dataset, source, file, folder=folder, on_reject=add)
    kept = counts.kept - counts.duplicate
    causes: list[str] = []
    warnings: list[str] = []
    cleaned = kept
    if len(dataset.sources) == 1:
        try:
            with safe_errors():
                cleaned, findings = clean_and_look(
                    connection, dataset, to=folder / "snapshot.parquet", cleaning=cleaning
                )
            broken = judge(findings, name=dataset.name, rules=dataset.rules, as_of=as_of)
            warnings = [each["words"] for each in broken]
        except RuleError as error:
            causes = [str(error)]
    read = cleaned + counts.duplicate + counts.rejected
    return Trial(
        counts=counts,
        kept=kept,
        rejects=rejects,
        rows=partial(_rows, connection, source.name, file),
        causes=(*causes, *limit_causes(dataset.name, dataset.rejects, read=read, rejects=rejects)),
        warnings=tuple(warnings),
    )


def _rows(connection: DuckDBPyConnection, relation: str, file: CsvFile) -> Iterator[str]:
    columns = file.open().columns
    with safe_errors():
        yield from read_json(connection, relation, columns, [column.name for column in columns])
