"""A dataset's declaration as a module of include/datasets, for a file that was looked at."""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, Final

from infra.common.paths import REPOSITORY
from infra.local.try_file.infer import column_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.contracts import Column, CsvContract
    from infra.local.try_file.infer import Inferred

_NAME_CHARACTERS: Final = 40  # so that a docstring and a description fit on a line
_MODULE: Final = '''"""Rows of {file}."""

from __future__ import annotations

from include.contracts import Column, CsvContract, {kind}

DATASET = {kind}(
    name={name!r},
    title={title!r},
    description="Rows of files such as {file} as {what}.",
    owner="data-platform",
    tags=("s3", "{sink}"),
    prefix="uploads/{sink}/{name}/",
    contract=CsvContract(
{contract}
    ),
)
'''


def dataset_name(file: str, *, taken: Iterable[str]) -> str:
    """Make the name of a dataset, and of its module, from the name of a file."""
    stem = re.sub(r"\.(?:csv|txt|tsv)?(?:\.gz)?$", "", file, flags=re.IGNORECASE)
    (name,) = column_names([stem])
    unfit = keyword.iskeyword(name) or name in set(taken)
    return f"{name}_rows" if unfit else name


def declare(inferred: Inferred, *, file: str, name: str) -> str:
    """Write the module: items if one column is a key, else messages, whose rows need none.

    Arguments:
        inferred: what the file seems to be.
        file: its name.
        name: the dataset's.
    """
    items = bool(inferred.contract.key)
    return _formatted(
        _MODULE.format(
            file=_in_docstring(file),
            kind="ItemUpload" if items else "JsonUpload",
            what="items" if items else "JSON messages",
            sink="dynamodb" if items else "sqs",
            name=name,
            title=name.replace("_", " ").capitalize(),
            contract="\n".join(_contract(inferred)),
        )
    )


def _formatted(module: str) -> str:
    """Write a module as the project's formatter does."""
    ruff = [sys.executable, "-m", "ruff", "format", "--no-cache", "-"]
    return subprocess.run(
        ruff, cwd=REPOSITORY, input=module, capture_output=True, check=True, encoding="utf-8"
    ).stdout


def _in_docstring(file: str) -> str:
    """Give a file's name without what would end a string or look odd in one."""
    name = re.sub(r"[^\w .()+-]", "_", file)
    return name if len(name) <= _NAME_CHARACTERS else f"{name[:_NAME_CHARACTERS]}…"


def _contract(inferred: Inferred) -> Iterator[str]:
    """The arguments of CsvContract; a comma at the end keeps each on a line of its own."""
    yield "columns=("
    for column in inferred.contract.columns:
        if column.name in inferred.remarks:
            yield f"# {inferred.remarks[column.name]}"
        yield f"Column({', '.join(_arguments(column))}),"
    yield "),"
    if inferred.pair:
        yield f"# No two rows share {' and '.join(inferred.pair)}: a key for a table."
    for argument in _arguments(inferred.contract):
        if not argument.startswith("columns="):
            yield f"{argument},"


def _arguments(declared: Column | CsvContract) -> Iterator[str]:
    """The fields that have not their default."""
    for each in fields(declared):
        value: Any = getattr(declared, each.name)
        if each.default is MISSING or value != each.default:
            yield f"{each.name}={value!r}"
