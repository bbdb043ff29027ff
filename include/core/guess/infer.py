"""What a file seems to be, and a contract that reads it without a reject."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.core.csv.headless import looks_like_data
from include.core.csv.opening import open_records
from include.core.csv.rows import read_rows
from include.core.guess.candidates import Evidence, choose
from include.core.guess.keys import RELATION, fewest, unique
from include.core.guess.reasons import reason
from include.core.snapshot.load_csv import CsvFile, load_csv
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.core.csv.opening import Opened

# In this order: the reader refuses a wide encoding that is read as a narrow one.
_ENCODINGS: Final = ("utf-8", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
_FIRST_ROWS: Final = 50  # so many show whether the first one is data
_PAIR: Final = 2
_TAKEN_NAMES: Final = frozenset({"file_version"})  # an attribute that items have by themselves


@dataclass(kw_only=True)
class Inferred:
    """What a file seems to be.

    Attributes:
        contract: reads the file; its key is one column that no two rows share, or none.
        rows, rejected: of the file; rejected are those that no declaration would take.
        pair: two columns that no two rows share, where no single column is a key.
        wide: columns that no two rows share, exact copies aside, where neither of these is.
        remarks: column name to what its declaration cannot say.
        reasons: column name to what its values have in common.
    """

    contract: CsvContract
    rows: int
    rejected: int
    pair: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()
    remarks: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


def infer(path: Path, *, connection: DuckDBPyConnection, folder: Path) -> Inferred:
    """Read a file of any size twice: for its types, and for a key with these types.

    Arguments:
        path: the file.
        connection: from connect_duckdb.
        folder: for temporary files.

    Raises:
        InputFileError: the file is no CSV file that can be read.
    """
    plain = _readable(path)
    rows = read_rows(path, name=path.name, contract=plain)
    evidence = [Evidence(header=column.name) for column in rows.columns]
    for block in rows.blocks():
        for each, values in zip(evidence, block.columns, strict=True):
            each.take(values)
    opened = open_records(path, name=path.name, contract=plain)
    inferred = Inferred(contract=plain, rows=rows.counts.read, rejected=rows.counts.rejected)
    _declare(inferred, evidence, opened.syntax.delimiter)
    if plain.header and _has_blank_name(opened):
        # A contract names columns by its header, so one without a name has none to be found by.
        inferred.contract = replace(inferred.contract, header=False, preamble_lines=opened.line)
    _find_key(inferred, path, connection, folder)
    return inferred


def _has_blank_name(opened: Opened) -> bool:
    block = next(opened.records.blocks())
    return any(not opened.syntax.text(cell).strip() for cell in block.records[0])


def _readable(path: Path) -> CsvContract:
    """Find the encoding that a file can be read in to its end; every cell is text.

    Raises:
        InputFileError: there is none; says what is wrong with UTF-8, the usual one.
    """
    refused: InputFileError | None = None
    for encoding in _ENCODINGS:
        contract = CsvContract(columns=(), delimiter=None, encoding=encoding, unknown_columns="add")
        try:
            return _without_header(path, contract) or _read_to_its_end(path, contract)
        except InputFileError as error:
            # The traceback would keep the file open.
            refused = refused or error.with_traceback(None)
    if refused is None:
        raise AssertionError
    raise refused


def _read_to_its_end(path: Path, contract: CsvContract) -> CsvContract:
    """Return the contract if the whole file can be read by it; raises InputFileError if not."""
    for _ in read_rows(path, name=path.name, contract=contract).blocks():
        pass
    return contract


def _without_header(path: Path, contract: CsvContract) -> CsvContract | None:
    """Number the columns of a file whose first row is data; None where it is a header."""
    opened = open_records(path, name=path.name, contract=contract)
    block = next(opened.records.blocks(), None)
    if block is None or not block.records:
        return None
    first, *rows = ([opened.syntax.text(cell).strip() for cell in cells]
                    for cells in block.records[:_FIRST_ROWS])  # fmt: skip
    if not looks_like_data(first, rows):
        return None
    columns = tuple(
        Column(name=f"column_{place}", type="text") for place in range(1, len(first) + 1)
    )
    return _read_to_its_end(
        path, replace(contract, header=False, columns=columns, unknown_columns="error")
    )


def _declare(inferred: Inferred, evidence: list[Evidence], delimiter: str) -> None:
    """Declare columns by what their values leave possible."""
    chosen = [choose(each, delimiter=delimiter) for each in evidence]
    types = [column for column, _ in chosen]
    tokens = _null_words(evidence, types)
    names = column_names([each.header for each in evidence])
    columns = []
    for name, each, column, (_, remark) in zip(names, evidence, types, chosen, strict=True):
        made = replace(
            column or Column(name="c", type="text", pattern=each.pattern),
            name=name,
            header=each.header if each.header != name else None,
            nullable=each.nulls or not tokens.isdisjoint(each.words) or not each.seen,
        )
        columns.append(made)
        inferred.reasons[name] = reason(made, each)
        if remark:
            inferred.remarks[name] = remark
    inferred.contract = replace(
        inferred.contract,
        columns=tuple(columns),
        delimiter=delimiter,
        unknown_columns="error",
        null_tokens=("", *itertools.chain.from_iterable(_spelled(word) for word in sorted(tokens))),
    )


def _null_words(evidence: list[Evidence], types: list[Column | None]) -> set[str]:
    """Choose the words that mean null: those that no column of texts holds.

    A column that holds another one becomes text, in types too.
    """
    while True:
        texts: set[str] = set()
        for each, column in zip(evidence, types, strict=True):
            texts |= each.words if column is None else set()
        fallen = [
            place
            for place, each in enumerate(evidence)
            if types[place] is not None and not texts.isdisjoint(each.words)
        ]
        if not fallen:
            return set().union(*(each.words for each in evidence)) - texts
        for place in fallen:
            types[place] = None


def _spelled(word: str) -> Iterator[str]:
    """Give the spellings of a word in a file; the bare empty cell is null anyway."""
    if word:
        yield word
    yield f'"{word}"'


def column_names(headers: Iterable[str]) -> list[str]:
    """Make names for a sink from those of a file: small ASCII letters, digits, underscores."""
    names: list[str] = []
    for place, header in enumerate(headers, start=1):
        plain = unicodedata.normalize("NFKD", header).encode("ascii", "ignore").decode()
        # CamelCase has a new word at each capital that follows a small letter.
        words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", plain).lower()
        name = re.sub(r"[^a-z0-9]+", "_", words).strip("_")[:50] or f"column_{place}"
        name = f"column_{name}" if name[0].isdigit() else name
        tried = itertools.chain((name,), (f"{name}_{number}" for number in itertools.count(2)))
        names.append(next(each for each in tried if each not in {*names, *_TAKEN_NAMES}))
    return names


def _find_key(inferred: Inferred, path: Path, connection: DuckDBPyConnection, folder: Path) -> None:
    """Load the file by its contract, and look for columns whose values identify a row.

    A column becomes text if its declaration refuses one of its values.
    """
    for _ in range(len(inferred.contract.columns) + 1):
        refused: set[str | None] = set()
        load_csv(
            connection,
            RELATION,
            CsvFile(path=path, name=path.name, contract=inferred.contract),
            folder=folder,
            on_reject=lambda reject, refused=refused: refused.add(reject.column),  # type: ignore[misc]
        )
        kept = [_as_text(each) if each.name in refused else each
                for each in inferred.contract.columns]  # fmt: skip
        if tuple(kept) == inferred.contract.columns:
            break
        inferred.contract = replace(inferred.contract, columns=tuple(kept))
        for name in refused & inferred.reasons.keys():
            inferred.reasons[str(name)] = "the reader refuses a value as any other type"
    columns = inferred.contract.columns
    found = unique(columns, connection)
    if len(found) == 1:
        inferred.contract = replace(inferred.contract, key=found)
    inferred.pair = found if len(found) == _PAIR else ()
    inferred.wide = () if found else fewest(columns, connection)


def _as_text(column: Column) -> Column:
    return Column(name=column.name, type="text", header=column.header)
