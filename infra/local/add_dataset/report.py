"""What the command says: what it wrote, what is to be looked at, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.csv.dialect import called

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from infra.local.add_dataset.draft import Draft
    from infra.local.add_dataset.places import Places


def next_steps(made: Draft, places: Places, *, written: Sequence[Path]) -> Iterator[str]:
    """Give the lines.

    Arguments:
        made: the dataset.
        places: its files.
        written: those that were not there.
    """
    inferred, contract = made.inferred, made.inferred.contract
    yield (
        f"{made.sample.path.name}: CSV, {called(contract.delimiter or '')}, {contract.encoding}, "
        f"{inferred.rows} rows, {len(contract.columns)} columns"
    )
    yield "written:" if written else "everything is there already, as it would be written"
    yield from (f"  {places.shown(path)}" for path in written)
    yield "look at:"
    yield from (f"  {line}" for line in _doubts(made))
    yield f"  {places.shown(places.excerpt)}: rows of your file, which a commit would publish"
    yield "then:"
    yield f"  make run DAG={made.name}"
    yield f"  make test PYTEST={places.shown(places.test)}"
    if made.sample.is_own:
        yield "before it is deployed:"
        yield (
            f"  name the repository that has the file: {places.shown(places.declaration)}, "
            "owner, repository, path"
        )


def _doubts(made: Draft) -> Iterator[str]:
    key, inferred = made.key, made.inferred
    if key is None:
        yield "the key: no columns tell the rows apart, so that each is known by its content"
    else:
        names = " and ".join(key.columns)
        shared = "it" if len(key.columns) == 1 else "them together"
        why = f"no two rows share {shared}" if key.shown else "a guess, since one row shows none"
        yield f"the key: {names}, {why}"
        if key.blank:
            yield f"  a missing {' or '.join(key.blank)} becomes an empty text"
    for name, remark in inferred.remarks.items():
        yield f"{name}: {remark}"
    if inferred.rejected:
        yield (
            f"{inferred.rejected} rows that are rejected however they are declared: "
            f"make try FILE=… DATASET={made.name} lists them"
        )
    yield "the types, patterns and limits: each has its reason beside it"
