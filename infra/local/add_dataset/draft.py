"""A dataset as a sample shows it: its declaration, its statements, and what is to be looked at."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from include.contracts.columns import Column
from include.core.guess.infer import infer
from include.core.guess.keys import TableKey, table_key
from include.core.guess.nearly import nearly_typed
from include.core.snapshot.database import safe_errors
from include.errors import SluiceError
from include.pipelines.github_csv_to_postgres.trial import try_file
from infra.local.add_dataset.declaration import declare
from infra.local.add_dataset.errors import UnfitError
from infra.local.add_dataset.statements import cleaning, migration

if TYPE_CHECKING:
    from include.contracts.github import GitHubDataset
    from include.core.csv.faults import Counts
    from include.core.guess.infer import Inferred
    from infra.local.add_dataset.sample import Sample
    from infra.local.try_file.trying import Workspace

_MOST_PATTERN: Final = 60  # characters; a longer one is chance, and fits on no line
_LEAST_ROWS: Final = 20  # fewer show no pattern: the next code may be longer


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What is written of a dataset.

    Attributes:
        name: the dataset's.
        sample: the file that it was guessed from.
        inferred: what that seems to be.
        key: what identifies a row; None where only its content does.
        declaration, cleaning, migration: content of the files.
        dataset: what the declaration declares.
    """

    name: str
    sample: Sample
    inferred: Inferred
    key: TableKey | None
    declaration: str
    cleaning: str
    migration: str
    dataset: GitHubDataset

    def read(self, path: Path, work: Workspace) -> Counts:
        """Read a file as the dataset would, cleaning and rules included.

        Raises:
            UnfitError: it would not go through.
        """
        (source,) = self.dataset.sources
        with tempfile.TemporaryDirectory(dir=work.folder) as folder:
            trial = try_file(
                self.dataset,
                source,
                path,
                as_of=datetime.now(timezone.utc),
                connection=work.connection,
                folder=Path(folder),
                cleaning=self.cleaning,
            )
        if trial.causes:
            raise UnfitError("; ".join(trial.causes))
        return trial.counts


def draft(name: str, sample: Sample, work: Workspace) -> Draft:
    """Guess a dataset that takes every row of a sample that any declaration takes.

    Raises:
        UnfitError: the sample is no CSV file, or has no rows.
    """
    try:
        return _draft(name, sample, work)
    except (SluiceError, OSError) as error:
        raise UnfitError(str(error)) from None


def _draft(name: str, sample: Sample, work: Workspace) -> Draft:
    with safe_errors():
        inferred = _inferred(sample, work)
        columns = inferred.contract.columns
        key = table_key(columns, work.connection)
        inferred.remarks = nearly_typed(columns, work.connection) | inferred.remarks
    for each in (key, None):
        made = _with_key(name, sample, inferred, each)
        try:
            counts = made.read(sample.path, work)
        except SluiceError:
            continue  # such as a key that is too long for an index
        except UnfitError:
            continue
        if counts.rejected == inferred.rejected:
            return made
    made = _with_key(name, sample, inferred, None)
    counts = made.read(sample.path, work)
    raise UnfitError(
        f"{sample.path.name}: {counts.rejected} rows would be rejected, and no declaration is "
        "found that rejects fewer"
    )


def _inferred(sample: Sample, work: Workspace) -> Inferred:
    inferred = infer(sample.path, connection=work.connection, folder=work.folder)
    if inferred.rows == inferred.rejected:
        raise UnfitError(
            f"{sample.path.name}: no row shows what its columns are. Take a file that has some"
        )
    columns = []
    for each in inferred.contract.columns:
        is_chance = inferred.rows < _LEAST_ROWS or len(each.pattern or "") > _MOST_PATTERN
        if each.pattern and is_chance:
            inferred.reasons[each.name] += "; too few for a pattern"
        columns.append(replace(each, pattern=None) if is_chance else each)
    # What identifies a row of the table is looked for anew.
    inferred.contract = replace(inferred.contract, columns=tuple(columns), key=())
    return inferred


def _with_key(name: str, sample: Sample, inferred: Inferred, key: TableKey | None) -> Draft:
    columns = inferred.contract.columns
    added = () if key else _content_columns([each.name for each in columns])
    declaration = declare(name, sample, inferred, key=key, added=added)
    module = ModuleType(name)
    exec(compile(declaration, f"{name}.py", "exec"), module.__dict__)  # noqa: S102 -- what was just written
    dataset: GitHubDataset = module.DATASET
    return Draft(
        name=name,
        sample=sample,
        inferred=inferred,
        key=key,
        declaration=declaration,
        cleaning=cleaning(dataset, columns, key=key, added=added),
        migration=migration(dataset, file=sample.path.name),
        dataset=dataset,
    )


def _content_columns(names: list[str]) -> tuple[Column, ...]:
    """Declare the columns that identify a row by its content, under names that are free."""
    free = ((name, next(each for each in (name, f"{name}_of_content") if each not in names))
            for name in ("row_digest", "row_copy"))  # fmt: skip
    return tuple(
        Column(name=each, type="text" if name == "row_digest" else "bigint", nullable=False)
        for name, each in free
    )
