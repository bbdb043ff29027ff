"""What a dataset promises: files that come in, the table they become, and the limits between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from include.contracts.columns import Column, ColumnType
from include.contracts.names import refused_declared, refused_table_name

# A dataset imports all that it is declared with from here.
__all__ = [
    "Column",
    "ColumnType",
    "CsvContract",
    "Cumulative",
    "GitHubDataset",
    "GitHubFile",
    "NewestDay",
    "RejectLimit",
    "Rule",
    "Severity",
    "ShrinkLimit",
    "Table",
    "UniqueKey",
]


@dataclass(frozen=True, kw_only=True)
class CsvContract:
    """How a CSV file is written, and which of its rows are wanted.

    Attributes:
        columns: the columns to read, in any order in the file.
        key: names of the columns that tell rows apart; empty when rows have no key. The same
            row twice is a duplicate; the same key with other values is rejected, all of them.
        only: column name to the one value, as written in the file, that a wanted row has;
            other rows are filtered, not rejected.
        delimiter: one character, or None: found among comma, semicolon, tab and bar.
        header: whether the first row names the columns. Without it, cells belong to columns in
            the contract's order.
        encoding: a Python codec name.
        escape: the character that escapes a quote, when the file does not double it.
        preamble_lines: physical lines before the header, or before the first row.
        unknown_columns: a header name that is no column's: an error, ignored, or added as text.
        null_tokens: cells that mean null, as they stand in the file: '""' is the quoted empty
            cell, '' the bare one.
        max_field_bytes: bytes of one cell in UTF-8; longer ones are rejected.
        max_bytes: size of the file, after decompression.
        max_ratio: how far a compressed file may expand.
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    only: tuple[tuple[str, str], ...] = ()
    delimiter: str | None = ","
    header: bool = True
    encoding: str = "utf-8"
    escape: str | None = None
    preamble_lines: int = 0
    unknown_columns: Literal["error", "ignore", "add"] = "error"
    null_tokens: tuple[str, ...] = ("",)
    max_field_bytes: int = 1_048_576
    max_bytes: int = 1_073_741_824
    max_ratio: int = 200

    def __post_init__(self) -> None:
        """Raise ValueError for a contract that no file can meet."""
        problem = refused_declared([column.name for column in self.columns])
        if problem:
            raise ValueError(problem)
        if not self.header and (not self.columns or self.unknown_columns == "add"):
            raise ValueError("without a header, all columns are declared and none are added")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A Postgres table that a dataset owns.

    Attributes:
        schema, name: where it is.
        columns: its columns, without what the database adds itself.
        key: the names of its unique key, none of them nullable.

    Raises:
        ValueError: Postgres would cut a name, or it is one that statements add themselves.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        named = (refused_table_name(name) for name in (self.schema, self.name, *names))
        problem = next(filter(None, named), None) or refused_declared(names)
        if problem is None and "." in self.schema:
            problem = f"the schema {self.schema} has a dot, which divides it from the table's name"
        if problem is None and not (self.key and set(self.key) <= set(names)):
            problem = f"the key {', '.join(self.key)} is not all among the columns"
        if problem:
            raise ValueError(f"{self.sink}: {problem}")

    @property
    def sink(self) -> str:
        """The name that the ledger knows the table by."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class RejectLimit:
    """How many rejected rows a run may have: the larger of rows and share (0 to 1) of all read."""

    rows: int = 0
    share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ShrinkLimit:
    """How many rows a snapshot may lack: suspicious when above both rows and share (0 to 1)."""

    rows: int = 100
    share: float = 0.2


Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True)
class UniqueKey:
    """No two rows of the snapshot have the same values in these columns."""

    columns: tuple[str, ...]
    severity: Severity = "error"


@dataclass(frozen=True, kw_only=True)
class NewestDay:
    """The newest date of a column is at most max_age_days before as_of."""

    column: str
    max_age_days: int
    severity: Severity = "warning"


@dataclass(frozen=True, kw_only=True)
class Cumulative:
    """A running total does not fall below its highest earlier value by more than is tolerated.

    Attributes:
        column: the running total.
        order_by: the date column that orders rows.
        partition_by: columns that separate one series from another.
        tolerance: share of the highest earlier value (0 to 1) that it may fall by.
        last_days: only rows of so many days, up to the newest, are held to it: an old fall was
            told of when it was new, and stays in the history.
    """

    column: str
    order_by: str
    partition_by: tuple[str, ...] = ()
    tolerance: float = 0.0
    last_days: int = 30
    severity: Severity = "warning"


Rule = UniqueKey | NewestDay | Cumulative


@dataclass(frozen=True, kw_only=True)
class GitHubFile:
    """One CSV file in a public GitHub repository, read as it stood at a moment.

    Attributes:
        name: the relation that the cleaning SQL reads.
        owner, repository, path: where the file is.
        contract: how it is written.
    """

    name: str
    owner: str
    repository: str
    path: str
    contract: CsvContract


@dataclass(frozen=True, kw_only=True)
class GitHubDataset:
    """A table fed from CSV files in GitHub repositories.

    Attributes:
        name: also the DAG's id and the stem of its cleaning SQL file, clean_<name>.sql.
        title, description: for people.
        owner: who answers for it.
        tags: for the UI.
        schedule: cron, UTC.
        sources: the files; the first drives, the others add to it.
        table: where the rows go.
        rules: what is checked before anything is written.
        rejects: how many rejected rows a run may have.
        shrink: how much smaller than the last snapshot a new one may be.
        vanished: what happens to rows that a newer snapshot no longer has.
        hosts: host names that may be fetched from, all by https.
        request_seconds: seconds that one request may take in all.
        retry_seconds: seconds, from the first failure, that requests are tried again.
    """

    name: str
    title: str
    description: str
    owner: str
    tags: tuple[str, ...] = ()
    schedule: str
    sources: tuple[GitHubFile, ...]
    table: Table
    rules: tuple[Rule, ...] = ()
    rejects: RejectLimit = RejectLimit()
    shrink: ShrinkLimit = ShrinkLimit()
    vanished: Literal["keep", "delete"] = "keep"
    hosts: tuple[str, ...] = ("api.github.com", "raw.githubusercontent.com")
    request_seconds: int = 120
    retry_seconds: int = 300
