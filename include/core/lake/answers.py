"""Answers of an API: files of JSON whose records DuckDB reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

import duckdb

from include.core.lake.fields import json_path
from include.core.snapshot.database import safe_errors
from include.core.statements import fill
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from include.contracts.apis import ApiDataset
    from include.core.lake.records import Page

# https://duckdb.org/docs/stable/data/multiple_files/overview#glob-syntax
_GLOB: Final = re.compile(r"([*?\[])")
_MOST_BYTES: Final = 8 * 1024 * 1024
_MOST_PAGES: Final = 1000
# DuckDB has an answer as text, as a tree and as its records' texts: 192 MB hold most of 16 MiB.
_LARGEST: Final = 16 * 1024 * 1024


def check_page(path: Path, dataset: ApiDataset) -> str | None:
    """Say in words why an answer has no records to read; None where it has, be it none at all.

    Arguments:
        path: the answer's bytes.
        dataset: what says where its records are.
    """
    if path.stat().st_size > _LARGEST:
        return f"the answer has more than {_LARGEST:,} bytes, the most that is read at once"
    statement = fill("lake/read_answers.check", where=json_path(dataset.records))
    with safe_errors(), duckdb.connect() as connection:
        row = connection.execute(statement, {"globs": [glob_of(path)]}).fetchone()
    is_text, is_json, whole, kind = row or (False, False, None, None)
    if not is_text:
        return "the answer is not UTF-8"
    if not is_json:
        return "the answer is no JSON, or was cut"
    return _no_list(dataset, whole, kind)


def _no_list(dataset: ApiDataset, whole: str | None, kind: str | None) -> str | None:
    """Say why JSON has no list of records; whole is its type, kind that of what is in the place."""
    if kind == "ARRAY" or (kind == "OBJECT" and not dataset.records):
        return None
    if not dataset.records:
        return "the answer is neither a JSON object nor a list"
    if kind is None and whole == "OBJECT" and dataset.absent_is_empty:
        return None
    where = f"the answer has no list of records at {dataset.records}"
    return where if kind is None else f"{where}, but something else"


def refuse_page(page: Page, dataset: ApiDataset) -> None:
    """Raise where an answer has no records to read.

    Raises:
        InputFileError: says why, without any of its content.
    """
    problem = check_page(page.path, dataset)
    if problem:
        raise InputFileError(
            file=page.key,
            line=None,
            problem=problem[0].upper() + problem[1:],
            fix="The raw answer is kept; ask the API's owner what has changed",
        )


def list_records(dataset: ApiDataset) -> str:
    """Write the statement that lists the records of the answers of a batch."""
    if dataset.records:
        records = f"json_extract(body, {json_path(dataset.records)[:-1]}[*]')"
    else:
        # of an object the one record, of a list all
        records = (
            r"if(regexp_matches(body, '^[ \t\r\n]*\{'), [json_extract(body, '$')], "
            "json_extract(body, '$[*]'))"
        )
    return fill("lake/read_answers.list", records=records)


def bind_answers(batch: Sequence[tuple[int, Page]]) -> dict[str, Any]:
    """The parameters of list_records, for the answers of a batch with their numbers."""
    return {
        "globs": [glob_of(page.path) for _, page in batch],
        "paths": [str(page.path) for _, page in batch],
        "numbers": [number for number, _ in batch],
    }


def refuse_as_large(page: Page) -> NoReturn:
    """Raise for an answer that does not fit into memory; a retry would not help.

    Raises:
        InputFileError: names it.
    """
    raise InputFileError(
        file=page.key,
        line=None,
        problem="The answer takes more memory to be read than there is",
        fix="Ask the API for fewer records an answer, or give duckdb_memory more",
    ) from None


def refuse_large(pages: Sequence[Page], dataset: ApiDataset) -> None:
    """Raise where an answer is too large to be read.

    Raises:
        InputFileError: names it.
    """
    for page in pages:
        if page.path.stat().st_size > _LARGEST:
            refuse_page(page, dataset)


def batches(pages: Sequence[Page], numbers: Sequence[int]) -> Iterator[list[tuple[int, Page]]]:
    """Cut answers into what is read at once, each with its number; no file is twice in one.

    Arguments:
        pages: all answers.
        numbers: which of them, ascending.
    """
    batch: list[tuple[int, Page]] = []
    paths: set[Path] = set()
    size = 0
    for number in numbers:
        page = pages[number]
        more = page.path.stat().st_size
        if batch and (size + more > _MOST_BYTES or len(batch) == _MOST_PAGES or page.path in paths):
            yield batch
            batch, paths, size = [], set(), 0
        batch.append((number, page))
        paths.add(page.path)
        size += more
    if batch:
        yield batch


def glob_of(path: Path) -> str:
    """Write a pattern that matches one file alone."""
    return _GLOB.sub(r"[\1]", str(path))
