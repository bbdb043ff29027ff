"""An upload's declaration as a module of include/datasets, for a file that was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.core.guess.declaration import contract_of, in_docstring

if TYPE_CHECKING:
    from include.core.guess.infer import Inferred

_MODULE: Final = '''"""Rows of {file}."""

from __future__ import annotations

from include.contracts import Column, CsvContract, {kind}

DATASET = {kind}(
    name="{name}",
    title="{title}",
    description="Rows of files such as {file} as {what}.",
    owner="data-platform",
    tags=("s3", "{sink}"),
    prefix="uploads/{sink}/{name}/",
{contract}
)
'''


def declare(inferred: Inferred, *, file: str, name: str) -> str:
    """Write the module: items if one column is a key, else messages, whose rows need none.

    Arguments:
        inferred: what the file seems to be.
        file: its name.
        name: the dataset's.
    """
    items = bool(inferred.contract.key)
    remarks = []
    if inferred.pair:
        remarks = [f"No two rows share {' and '.join(inferred.pair)}: a key for a table."]
    return _MODULE.format(
        file=in_docstring(file),
        kind="ItemUpload" if items else "JsonUpload",
        what="items" if items else "JSON messages",
        sink="dynamodb" if items else "sqs",
        name=name,
        title=name.replace("_", " ").capitalize(),
        contract="\n".join(contract_of(inferred, remarks=remarks).lines("    ", ",")),
    )
