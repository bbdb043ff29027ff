"""Parts of a dataset's declaration as the text of a module, laid out as the formatter does."""

from __future__ import annotations

import itertools
import keyword
import re
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from include.core.guess.infer import column_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.contracts.columns import Column
    from include.contracts.files import CsvContract
    from include.core.guess.infer import Inferred

_NAME_CHARACTERS: Final = 40  # so that a docstring and a description fit on a line
_LINE_CHARACTERS: Final = 100
_INDENT: Final = "    "


@dataclass(frozen=True)
class Call:
    """Source that brackets enclose: what is before them, and what is between, part by part.

    Attributes:
        before: such as Column, or columns= of a tuple.
        parts: source of each argument or item, or a call, or a remark, which begins with #.
        whole: each part has a line of its own, however short.
    """

    before: str
    parts: list[str | Call]
    whole: bool = False

    def lines(self, indent: str = "", after: str = "") -> Iterator[str]:
        """Give its lines: one if it fits, else all arguments on one, else each part on its own."""
        remarks = any(isinstance(part, str) and part.startswith("#") for part in self.parts)
        # The comma behind a single item is what makes it a tuple, and asks for no lines.
        single = self.is_tuple and len(self.parts) == 1
        if not remarks and (single or not self.whole):
            inside = ", ".join(_on_a_line(part) for part in self.parts)
            one = f"{indent}{_on_a_line(self)}{after}"
            if len(one) <= _LINE_CHARACTERS:
                yield one
                return
            deeper = f"{indent}{_INDENT}{inside}"
            if len(deeper) <= _LINE_CHARACTERS and not self.is_tuple:
                yield from (f"{indent}{self.before}(", deeper, f"{indent}){after}")
                return
        yield f"{indent}{self.before}("
        for part in self.parts:
            if isinstance(part, Call):
                yield from part.lines(indent + _INDENT, ",")
            else:
                yield f"{indent}{_INDENT}{part}{'' if part.startswith('#') else ','}"
        yield f"{indent}){after}"

    @property
    def is_tuple(self) -> bool:
        """Whether a single part needs a comma."""
        return self.before.endswith("=")


def _on_a_line(part: str | Call) -> str:
    if isinstance(part, str):
        return part
    inside = ", ".join(map(_on_a_line, part.parts))
    comma = "," if part.is_tuple and len(part.parts) == 1 else ""
    return f"{part.before}({inside}{comma})"


def dataset_name(file: str, *, taken: Iterable[str]) -> str:
    """Make the name of a dataset, and of its module, from the name of a file."""
    (name,) = column_names([table_name(file)])
    unfit = keyword.iskeyword(name) or name in set(taken)
    return f"{name}_rows" if unfit else name


def table_name(file: str) -> str:
    """Give the name of a file without what its end says of its format."""
    return re.sub(r"(?:\.(?:csv|txt|tsv)?)?(?:\.gz)?$", "", file, flags=re.IGNORECASE)


def in_docstring(file: str) -> str:
    """Give a file's name without what would end a string or look odd in one."""
    name = re.sub(r"[^\w .()+-]", "_", file)
    return name if len(name) <= _NAME_CHARACTERS else f"{name[:_NAME_CHARACTERS]}…"


def contract_of(inferred: Inferred, *, remarks: Iterable[str] = ()) -> Call:
    """Write the contract; remarks are put below its columns."""
    columns: list[str | Call] = []
    for column in inferred.contract.columns:
        if column.name in inferred.remarks:
            columns.append(f"# {inferred.remarks[column.name]}")
        columns.append(Call("Column", list(_arguments(column))))
    parts: list[str | Call] = [
        Call("columns=", columns, whole=True),
        *(f"# {one}" for one in remarks),
    ]
    given = fields_of(inferred.contract)
    parts += [argument(name, value) for name, value in given if name != "columns"]
    return Call("contract=CsvContract", parts, whole=True)


def fields_of(declared: Column | CsvContract) -> Iterator[tuple[str, Any]]:
    """Give the fields that have not their default, with their values."""
    for each in fields(declared):
        value = getattr(declared, each.name)
        if each.default is MISSING or value != each.default:
            yield each.name, value


def argument(name: str, value: Any) -> str | Call:
    """Write a named argument."""
    if isinstance(value, tuple):
        return Call(f"{name}=", [_literal(item) for item in value])
    return f"{name}={_literal(value)}"


def _arguments(declared: Column) -> Iterator[str | Call]:
    return itertools.starmap(argument, fields_of(declared))


def _literal(value: Any) -> str:
    """Write a value, texts in double quotes unless single ones need fewer escapes."""
    if not isinstance(value, str):
        return repr(value)
    mark = "'" if value.count('"') > value.count("'") else '"'
    chars = (char if char in "'\"" else repr(char)[1:-1] for char in value)
    return mark + "".join(chars).replace(mark, f"\\{mark}") + mark
