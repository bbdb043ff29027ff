"""The module of include/datasets that declares a dataset, each guess with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from include.contracts.tables import USUAL_SHRINK
from include.core.guess.declaration import Call, argument, fields_of, in_docstring
from infra.common.own_files import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.contracts.columns import Column
    from include.core.guess.infer import Inferred
    from include.core.guess.keys import TableKey
    from infra.local.add_dataset.sample import Sample

SCHEMA: Final = "data"
"""The schema in Postgres of all tables that are declared so."""

_LINE_CHARACTERS: Final = 100
_LEAST_BYTES: Final = 10_000_000
_USUAL_BYTES: Final = 1_073_741_824
_WHY: Final = {
    "delimiter": "It cuts the header, and most rows into as many cells.",
    "header": "A row of data comes first, or a column has no name: cells go by their place.",
    "preamble_lines": "So many lines are no rows.",
    "encoding": "The first of the usual ones that reads the whole file.",
    "null_tokens": "Each stands for a missing value in a column of another type.",
}
_MODULE: Final = '''"""{title}, as its file seems to be.

Source: {source}
Guessed from {file}.
Each comment says why. Look at the key and the types.
"""

from __future__ import annotations

from include.contracts import (
    Column,
    CsvContract,
    GitHubDataset,
    GitHubFile,
    RejectLimit,
    ShrinkLimit,
    Table,
)

{columns}

{dataset}
'''


def declare(
    name: str, sample: Sample, inferred: Inferred, *, key: TableKey | None, added: Sequence[Column]
) -> str:
    """Write the module.

    Arguments:
        name: the dataset's.
        sample: its file.
        inferred: what that seems to be.
        key: what identifies a row; None where only its content does.
        added: the columns of the table that the file has not.
    """
    dataset = Call("DATASET = GitHubDataset", [
        *_described(name, sample),
        Call("sources=", [Call("GitHubFile", _source(name, sample, inferred, key), whole=True)]),
        *_table(name, key, added),
        *_limits(inferred, key),
    ], whole=True)  # fmt: skip
    columns = Call("COLUMNS = ", list(_columns(inferred)), whole=True)
    place = f"https://github.com/{sample.owner}/{sample.repository}"
    module = _MODULE.format(
        title=_title(name),
        source="a file of somebody's own, in no repository" if sample.is_own else place,
        file=in_docstring(sample.path.name),
        columns="\n".join(columns.lines()),
        dataset="\n".join(dataset.lines()),
    )
    return "".join(map(_with_reason, module.splitlines(keepends=True)))


def _with_reason(line: str) -> str:
    """Say why a line is longer than the linter likes."""
    reason = "  # noqa: E501 -- one text"
    return f"{line[:-1]}{reason}\n" if len(line) > _LINE_CHARACTERS + 1 else line


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _described(name: str, sample: Sample) -> Iterator[str | Call]:
    yield argument("name", name)
    yield argument("title", _title(name))
    yield argument("description", f"Rows of {in_docstring(sample.path.name)}.")
    yield argument("owner", "data-platform")
    yield argument("tags", ("github", "postgres"))
    yield "# Once a day: nothing in a file says how often it changes."
    yield argument("schedule", "30 8 * * *")


def _columns(inferred: Inferred) -> Iterator[str | Call]:
    for column in inferred.contract.columns:
        reason = inferred.reasons[column.name]
        yield f"# {reason[0].upper()}{reason[1:]}."
        if remark := inferred.remarks.get(column.name):
            yield f"# {remark[0].upper()}{remark[1:]}."
        yield Call("Column", [argument(*field) for field in fields_of(column)])


def _source(
    name: str, sample: Sample, inferred: Inferred, key: TableKey | None
) -> list[str | Call]:
    parts: list[str | Call] = [argument("name", name)]
    if sample.owner == NOBODY:
        parts.append("# Nobody has this account. Name a repository before this is deployed.")
    parts += [
        argument("owner", sample.owner),
        argument("repository", sample.repository),
        argument("path", sample.inside),
        Call("contract=CsvContract", list(_contract(sample, inferred, key)), whole=True),
    ]
    return parts


def _contract(sample: Sample, inferred: Inferred, key: TableKey | None) -> Iterator[str | Call]:
    yield "columns=COLUMNS"
    if key and not key.blank:
        yield f"# {_why_key(key)}"
        yield argument("key", key.columns)
    for field, value in fields_of(inferred.contract):
        if field in _WHY:
            yield f"# {_WHY[field]}"
            yield argument(field, value)
    size = sample.path.stat().st_size
    most = max(_LEAST_BYTES, 10 ** len(str(10 * size)))
    if most < _USUAL_BYTES:
        yield f"# The sample has {size:,} bytes; what is so much larger is another file."
        yield f"max_bytes={most:_}"


def _why_key(key: TableKey) -> str:
    if not key.shown:
        return "A guess by the name: one row shows no key."
    pronoun = "it" if len(key.columns) == 1 else "them together"
    return f"No two rows share {pronoun}, exact copies aside."


def _table(name: str, key: TableKey | None, added: Sequence[Column]) -> Iterator[str | Call]:
    columns: str | Call = "columns=COLUMNS"
    if key is None:
        yield "# No columns tell the rows apart, so that their content has to."
        made = [Call("Column", [argument(*field) for field in fields_of(each)]) for each in added]
        columns = Call("columns=", ["*COLUMNS", *made])
    elif key.blank:
        yield f"# {_why_key(key)}"
        yield f"# Of a missing {' or '.join(key.blank)} the cleaning makes an empty text."
    parts: list[Any] = [argument("schema", SCHEMA), argument("name", name), columns]
    names = key.columns if key else tuple(each.name for each in added)
    yield Call("table=Table", [*parts, argument("key", names)])


def _limits(inferred: Inferred, key: TableKey | None) -> Iterator[str | Call]:
    if inferred.rejected:
        yield "# So many rows of the sample are rejected however they are declared."
    else:
        yield "# No row of the sample is rejected, so that the first one stops a run."
    yield f"rejects=RejectLimit(rows={inferred.rejected})"
    yield "# The usual ones: one file does not show how many rows may go."
    yield f"shrink=ShrinkLimit(rows={USUAL_SHRINK.rows}, share={USUAL_SHRINK.share})"
    if key is None:
        yield "# A row that changes is another row: the one before has to go."
        yield argument("vanished", "delete")
