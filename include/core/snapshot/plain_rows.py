"""Plain rows into the snapshot: DuckDB reads them, and the careful reader what is in doubt."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

from include.core.csv.plain import FILLER
from include.core.csv.syntax import QUOTE
from include.core.snapshot.columns import LINE_COLUMN, duckdb_type, place_names
from include.core.snapshot.plain_values import good_of, is_readable, value_of
from include.core.statements import fill, quote_identifier, quote_identifiers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from include.contracts.files import CsvContract
    from include.core.csv.batch import TypedBlock
    from include.core.csv.plain import PlainRows
    from include.core.csv.rows import CsvRows

# Bytes; a smaller limit of DuckDB's lines would save nothing.
LEAST_LINE_BYTES: Final = 2_097_152
_FETCHED: Final = 4096  # rows at once
_FIRST_ROWS: Final = 16_384
"""So many show whether rows of the file are plain."""
_QUOTED_EMPTY: Final = QUOTE * 2


def are_readable(rows: CsvRows, contract: CsvContract) -> bool:
    """Check whether SQL can do for the plain rows of a file what its contract asks."""
    header, delimiter = rows.header, rows.syntax.delimiter
    absent = {
        column.name
        for place, column in zip(header.positions, header.columns, strict=True)
        if place is None
    }
    return (
        len(header.cells) > 1
        and delimiter.isascii()
        and delimiter not in {QUOTE, "\n", "\r"}
        and all(map(is_readable, header.columns))
        and all(map(_is_plain_token, contract.null_tokens))
        and not any(name in absent or QUOTE in value for name, value in contract.only)
    )


class PlainLoad:
    """Loads the plain rows of a file whose values are beyond doubt, and counts them.

    Arguments:
        connection: where the table is; its preserve_insertion_order is on, as it is by default.
        relation: its name; it is empty, and has LINE_COLUMN and the file's columns by place_names.
        rows: the file, not read yet.
        plain: where its plain rows are set aside.
        contract: one for which are_readable holds.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        relation: str,
        rows: CsvRows,
        plain: PlainRows,
        *,
        contract: CsvContract,
    ) -> None:
        self._connection, self._relation = connection, quote_identifier(relation)
        self._rows, self._plain, self._contract = rows, plain, contract

    def blocks(self) -> Iterator[TypedBlock]:
        """Read the file: yield what the careful reader makes of all rows that are not loaded.

        First come those that are not plain, then those in doubt, each in the order of their lines.
        """
        blocks = self._rows.blocks()
        for block in blocks:
            yield block
            if self._rows.counts.read + self._plain.count >= _FIRST_ROWS:
                break
        if self._need_care():
            self._rows.records.plain = None
        yield from blocks
        self._plain.flush()
        if self._plain.count:
            yield from self._load()

    def _need_care(self) -> bool:
        """Check whether most of the rows so far need care, so that to set them aside takes longer.

        A file that is shorter than that takes no time either way.
        """
        plain, first = self._plain.count, self._rows.counts.read + self._plain.count
        if first < _FIRST_ROWS or 2 * plain < first:
            return first >= _FIRST_ROWS
        self._plain.flush()
        self._insert()
        found = self._run("load_plain_rows.count_doubtful").fetchone()
        self._run("load_plain_rows.empty")
        return 2 * (plain - int(found[0] if found else 0)) < first

    def _load(self) -> Iterator[TypedBlock]:
        """Fill the table; yields what the careful reader makes of the rows in doubt."""
        loaded = self._insert()
        self._run("load_plain_rows.create_lines", first=str(self._plain.before + 1))
        self._run("load_plain_rows.number")
        self._run("load_plain_rows.drop_lines")
        found = self._run("load_plain_rows.list_doubtful")
        many = iter(partial(found.fetchmany, _FETCHED), [])
        doubtful = array("q", chain.from_iterable(chain.from_iterable(many)))
        kept = loaded - _changed(self._run("load_plain_rows.delete_others"))
        counts, read = self._rows.counts, self._plain.count - len(doubtful)
        counts.plain = read
        counts.read += read
        counts.kept += kept
        counts.filtered += read - kept
        yield from map(self._rows.check, self._plain.blocks(doubtful))

    def _insert(self) -> int:
        """Fill the table, and return how many lines were read."""
        plain = self._plain
        query = _Query(self._rows, self._contract, quoted=plain.quoted)
        parts = query.parts()  # which bind values, too
        bound = {
            "path": str(plain.path),
            "delimiter": self._rows.syntax.delimiter,
            "max_line_bytes": max(plain.largest_bytes, LEAST_LINE_BYTES),
            "filler": FILLER,
        }
        return _changed(self._run("load_plain_rows.insert", bound | query.bound, **parts))

    def _run(
        self, statement: str, bound: dict[str, object] | None = None, **parts: str
    ) -> DuckDBPyConnection:
        text = fill(f"snapshot/{statement}", relation=self._relation, **parts)
        return self._connection.execute(text, bound or {})


def _changed(result: DuckDBPyConnection) -> int:
    """How many rows a statement has inserted or deleted."""
    count = result.fetchone()
    return int(count[0]) if count else 0


@dataclass(kw_only=True)
class _Parts:
    """What the statement over a file's plain rows consists of.

    Attributes:
        texts: of each column that the file has, the cell's text, null where it means null.
        values: of each column, its value, null where it is in doubt.
        good: conditions under which all values of a row are what the careful reader gives.
    """

    texts: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    good: list[str] = field(default_factory=list)


class _Query:
    """The parts of the statement that loads plain rows, and the values that it binds.

    Arguments:
        rows: the file.
        contract: how cells are written, and which rows are wanted.
        quoted: whether any cell is quoted.

    Attributes:
        bound: values by the names of their parameters.
    """

    def __init__(self, rows: CsvRows, contract: CsvContract, *, quoted: bool) -> None:
        self.bound: dict[str, object] = {}
        self._header, self._contract, self._quoted = rows.header, contract, quoted
        tokens = {token.strip(QUOTE): token for token in contract.null_tokens}
        self._words = [word for word in tokens if word]
        self._parts = _Parts()
        for number in range(len(self._header.columns)):
            self._add(number)

    def parts(self) -> dict[str, str]:
        """The parts of load_plain_rows.insert."""
        header, found = self._header, self._parts
        cells = {f"cell_{place}": "varchar" for place in range(len(header.cells))}
        # A row may repeat the header if its first cell does; that comes before what is wanted.
        repeats = f"cell_0 is not distinct from {self._bind(header.cells[0])}"
        wanted = self._wanted()
        return {
            "names": quote_identifiers([LINE_COLUMN, *place_names(header.columns)]),
            "struct": str(cells),
            "texts": ", ".join(["*", *found.texts]),
            "values": ", ".join(found.values),
            "columns": ", ".join(f"value_{place}" for place in range(len(header.columns))),
            "good": " and ".join([f"not ({repeats})", *found.good]),
            "wanted": f"({' and '.join(wanted)}) or {repeats}" if wanted else "true",
        }

    def _add(self, number: int) -> None:
        column, place = self._header.columns[number], self._header.positions[number]
        text, value = f"text_{number}", f"value_{number}"
        found = self._parts
        if place is None:
            found.values.append(f"cast(null as {duckdb_type(column)}) as {value}")
            return
        cell = f"cell_{place}"
        required = not column.nullable or column.name in self._contract.key
        found.texts.append(f"{self._text(cell)} as {text}")
        found.values.append(f"{value_of(column, text, self._bind)} as {value}")
        found.good.append(good_of(column, text, value, required=required, bind=self._bind))
        if self._quoted and self._words:
            # Whether this is null depends on the quotes, which DuckDB has taken away.
            found.good.append(
                f"not coalesce(list_contains({self._bind(self._words)}, {cell}), false)"
            )

    def _text(self, cell: str) -> str:
        """The text of a cell, null where it means null. DuckDB gives null for a bare empty one."""
        tokens = self._contract.null_tokens
        whens = []
        if _QUOTED_EMPTY in tokens:
            whens.append(f"when {cell} = '' then null")
        if "" not in tokens:
            whens.append(f"when {cell} is null then ''")
        words = [token for token in tokens if token and QUOTE not in token]
        if words and not self._quoted:
            whens.append(f"when list_contains({self._bind(words)}, {cell}) then null")
        return f"case {' '.join(whens)} else {cell} end" if whens else cell

    def _wanted(self) -> list[str]:
        header = self._header
        places = {
            column.name: place
            for column, place in zip(header.columns, header.positions, strict=True)
        }
        return [
            f"coalesce(cell_{places[name]}, '') = {self._bind(value)}"
            for name, value in self._contract.only
        ]

    def _bind(self, value: object) -> str:
        name = f"value_{len(self.bound)}"
        self.bound[name] = value
        return f"${name}"


def _is_plain_token(token: str) -> bool:
    """Check whether a null token is a bare cell, or a quoted one without quotes inside."""
    inner = token[1:-1] if len(token) > 1 and token[0] == token[-1] == QUOTE else token
    return QUOTE not in inner
