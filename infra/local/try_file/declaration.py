"""A dataset's declaration as a module of include/datasets, for a file that was looked at."""

from __future__ import annotations

import json
import keyword
import re
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, Final

from infra.local.try_file.infer import column_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.contracts import Column, CsvContract
    from infra.local.try_file.infer import Inferred

_WIDTH: Final = 100

_MODULE: Final = '''"""Rows of {file}."""

from __future__ import annotations

from include.contracts import Column, CsvContract, {kind}

DATASET = {kind}(
    name={name},
    title={title},
    description={description},
    owner="data-platform",
    tags=("s3", "{tag}"),
    prefix="uploads/{prefix}/{stem}/",
{contract})
'''


def dataset_name(file: str, *, taken: Iterable[str]) -> str:
    """Make the name of a dataset, which is its module's too, of a file's name."""
    stem = re.sub(r"\.(?:csv|txt|tsv)?(?:\.gz)?$", "", file, flags=re.IGNORECASE)
    (name,) = column_names([stem])
    unfit = keyword.iskeyword(name) or name in set(taken)
    return f"{name}_rows" if unfit else name


def declare(inferred: Inferred, *, file: str, name: str) -> str:
    """Write the module: items where one column is a key, else messages, whose rows have none.

    Arguments:
        inferred: what the file seems to be.
        file: its name.
        name: the dataset's.
    """
    items = bool(inferred.contract.key)
    what = "items" if items else "JSON messages"
    return _MODULE.format(
        file=_in_docstring(file),
        kind="ItemUpload" if items else "JsonUpload",
        name=quoted(name),
        title=quoted(name.replace("_", " ").capitalize()),
        description=quoted(f"Rows of files such as {_in_docstring(file)} as {what}."),
        tag="dynamodb" if items else "sqs",
        prefix="dynamodb" if items else "sqs",
        stem=name,
        contract="".join(f"{line}\n" for line in _contract(inferred)),
    )


def quoted(text: str) -> str:
    """Write a text as Python does, in double quotes."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _in_docstring(file: str) -> str:
    """Give a file's name without what a string could end with or a reader stumble over."""
    name = re.sub(r"[^\w .()+-]", "_", file)
    return name if len(name) <= _NAME_CHARACTERS else f"{name[:_NAME_CHARACTERS]}…"


_NAME_CHARACTERS: Final = 40


def _contract(inferred: Inferred) -> Iterator[str]:
    contract = inferred.contract
    yield "    contract=CsvContract("
    yield "        columns=("
    for column in contract.columns:
        if column.name in inferred.remarks:
            yield f"            # {inferred.remarks[column.name]}"
        yield from _call("Column", _given(column), indent=12)
    yield "        ),"
    if inferred.pair:
        yield f"        # No two rows share {' and '.join(inferred.pair)}: a key for a table."
    for name, value in _given(contract):
        if name != "columns":
            yield from _argument(name, value, indent=8)
    yield "    ),"


def _given(declared: Column | CsvContract) -> Iterator[tuple[str, Any]]:
    """The fields that are not as they would be by themselves."""
    for each in fields(declared):
        value = getattr(declared, each.name)
        if each.default is MISSING or value != each.default:
            yield each.name, value


def _call(function: str, arguments: Iterable[tuple[str, Any]], *, indent: int) -> Iterator[str]:
    """A call on one line if it fits, else a line an argument."""
    given = list(arguments)
    written = ", ".join(f"{name}={_value(value)}" for name, value in given)
    line = f"{' ' * indent}{function}({written}),"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"{' ' * indent}{function}("
    for name, value in given:
        yield from _argument(name, value, indent=indent + 4)
    yield f"{' ' * indent}),"


def _argument(name: str, value: Any, *, indent: int) -> Iterator[str]:
    """An argument on one line if it fits, else a line an element."""
    line = f"{' ' * indent}{name}={_value(value)},"
    if len(line) <= _WIDTH or not isinstance(value, tuple):
        yield line
        return
    yield f"{' ' * indent}{name}=("
    yield from (f"{' ' * (indent + 4)}{_value(each)}," for each in value)
    yield f"{' ' * indent}),"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        inner = ", ".join(map(_value, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return _string(value) if isinstance(value, str) else repr(value)


def _string(text: str) -> str:
    """Write a text as the formatter would: in single quotes where that saves escapes."""
    if '"' in text and "'" not in text and text.isprintable() and "\\" not in text:
        return f"'{text}'"
    return quoted(text)
