"""Fields of a dataset as paths in JSON, and the objects that hold them, as DuckDB writes them.

https://duckdb.org/docs/stable/data/json/json_functions#json-extraction-functions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.statements import quote_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from include.contracts.apis import ApiField


def json_path(path: str) -> str:
    """Write a declared path, such as weather.0.id, as DuckDB's SQL does; "" is the whole."""
    parts = path.split(".") if path else []
    return quote_text(
        "$" + "".join(f"[{part}]" if _is_place(part) else f'."{part}"' for part in parts)
    )


def json_paths(paths: Iterable[str]) -> str:
    """Write declared paths as a list in DuckDB's SQL, in their order."""
    return f"[{', '.join(map(json_path, paths))}]"


def declared_names(fields: Sequence[ApiField]) -> dict[str, list[str]]:
    """The names that are declared in each object, by the object's path; "" is the record.

    What is in a list has a place and no name, so that lists are left out.
    """
    found: dict[str, list[str]] = {"": []}
    for field in fields:
        parts = field.path.split(".")
        for number, part in enumerate(parts):
            holder = ".".join(parts[:number])
            names = found.setdefault(holder, [])
            if not _is_place(part) and part not in names:
                names.append(part)
    return {holder: names for holder, names in found.items() if names or not holder}


def _is_place(part: str) -> bool:
    return part.isdecimal()
