"""What a dataset declares of its table: columns, key, and how much smaller it may become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.contracts.names import refused_declared, refused_table_name

if TYPE_CHECKING:
    from include.contracts.columns import Column


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

    @property
    def key_columns(self) -> list[Column]:
        """The columns of the key, in its order."""
        columns = {column.name: column for column in self.columns}
        return [columns[name] for name in self.key]


@dataclass(frozen=True, kw_only=True)
class ShrinkLimit:
    """How many rows a snapshot may lack: suspicious when above both rows and share (0 to 1).

    Attributes:
        rows: fewer may always go, as long as some stay.
        share: of the rows of the snapshot before.
        ask: a person decides in the UI whether a suspicious snapshot is loaded; without it the run
            fails, and so does each later one until the source or the limit has changed. About
            exports of whole tables one always does.
    """

    rows: int = 100
    share: float = 0.2
    ask: bool = False

    def is_exceeded(self, missing: int, *, before: int) -> bool:
        """Whether more rows are missing than may go of those that were there before."""
        return missing > self.share * before and missing >= self.rows

    def is_suspicious(self, missing: int, *, before: int, left: int) -> bool:
        """The same, or nothing is left: an empty snapshot is a broken source, however small."""
        return (left == 0 and missing > 0) or self.is_exceeded(missing, before=before)


USUAL_SHRINK = ShrinkLimit()
