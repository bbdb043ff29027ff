"""The parts of statements over records that come from a dataset's fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.lake.answers import list_records
from include.core.lake.cells import faults_of, good_of, stored_type, value_of
from include.core.lake.fields import declared_names, json_paths
from include.core.snapshot.columns import duckdb_type
from include.core.statements import quote_identifier, quote_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.contracts.apis import ApiDataset


class Query:
    """The parts of a statement over the records of a dataset, and the values that it binds.

    Arguments:
        dataset: whose fields.

    Attributes:
        bound: values by the names of their parameters.
    """

    def __init__(self, dataset: ApiDataset) -> None:
        self.bound: dict[str, object] = {}
        self._fields = dataset.fields
        self.records = list_records(dataset)
        self.paths = json_paths(field.path for field in self._fields)
        self.objects = json_paths(declared_names(self._fields))
        self.cells = ", ".join(
            f"nullif(cast(found[{number + 1}] as varchar), 'null') as cell_{number}"
            for number in range(len(self._fields))
        )

    def values(self) -> str:
        """Each field's value by its place; null where a cell is none."""
        return ", ".join(
            f"{value_of(field, f'cell_{number}', self._bind)} as value_{number}"
            for number, field in enumerate(self._fields)
        )

    def columns(self) -> str:
        """Each value in the type that the lake keeps it in."""
        return ", ".join(
            f"cast(value_{number} as {stored_type(field.column)})"
            for number, field in enumerate(self._fields)
        )

    def good(self) -> str:
        """The condition under which a record is taken, its names aside."""
        return " and ".join(["starts_with(cast(record as varchar), '{')", *self._goods()])

    def fault(self) -> tuple[str, list[tuple[str | None, str, str]]]:
        """The number of what is wrong with a record, and for each: column, code, what is asked."""
        faults: list[tuple[str | None, str, str]] = []

        def number_of(column: str | None, code: str, asked: str = "") -> int:
            faults.append((column, code, asked))
            return len(faults) - 1

        is_other = "not starts_with(cast(record as varchar), '{')"
        whens = [
            f"when {is_other} then {number_of(None, 'not_an_object')}",
            f"when repeats then {number_of(None, 'duplicate_name')}",
        ]
        for number, (field, good) in enumerate(zip(self._fields, self._goods(), strict=True)):
            cell, value = f"cell_{number}", f"value_{number}"
            cases = " ".join(
                f"when {condition} then {number_of(field.column.name, code, asked)}"
                for code, asked, condition in faults_of(field, cell, value, self._bind)
            )
            whens.append(f"when not {good} then case {cases} end")
        return f"case {' '.join(whens)} end", faults

    def unknown(self) -> str:
        """The paths of names that no field declares, of a shape's names by object."""
        found = []
        for number, (holder, names) in enumerate(declared_names(self._fields).items(), 1):
            listed = ", ".join(map(quote_text, names))
            prefix = quote_text(f"{holder}." if holder else "")
            others = f"list_filter(names[{number}], lambda name: name not in ({listed}))"
            found.append(f"coalesce(list_transform({others}, lambda name: {prefix} || name), [])")
        return f"flatten([{', '.join(found)}])"

    def repeats(self) -> str:
        """Whether a shape has a name twice in an object."""
        return " or ".join(
            f"coalesce(len(list_distinct(names[{number}])) < len(names[{number}]), false)"
            for number in range(1, len(declared_names(self._fields)) + 1)
        )

    def same(self, key: Mapping[str, str]) -> str:
        """The condition under which the values of a record are those of a key.

        Arguments:
            key: names of columns to their canonical texts.
        """
        return " and ".join(
            f"value_{number} = "
            f"cast({self._bind(key[field.column.name])} as {duckdb_type(field.column)})"
            for number, field in enumerate(self._fields)
            if field.column.name in key
        )

    def types(self) -> str:
        """Each column with its type."""
        return ", ".join(
            f"{quote_identifier(field.column.name)} {stored_type(field.column)}"
            for field in self._fields
        )

    def _goods(self) -> list[str]:
        return [
            good_of(field, f"cell_{number}", f"value_{number}", self._bind)
            for number, field in enumerate(self._fields)
        ]

    def _bind(self, value: object) -> str:
        name = f"value_{len(self.bound)}"
        self.bound[name] = value
        return f"${name}"
