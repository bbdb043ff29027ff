"""What a dataset promises whose records come from an HTTP API that wants a key, hour by hour."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from include.contracts.files import NO_REJECTS
from include.contracts.names import refused_declared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.contracts.columns import Column
    from include.contracts.files import RejectLimit

# https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
_ATHENA_NAME: Final = re.compile("[a-z_][a-z0-9_]*")
# Part of a key in S3, and of what the UI shows.
_CALL_NAME: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PATH: Final = re.compile(r"[\w-]+(\.[\w-]+)*", re.ASCII)
# What a column declares about cells of text, which values of JSON are not.
_OF_TEXT: Final = ("formats", "trim", "group_char", "true_values", "false_values")
# JSON's numbers are read as doubles, which keep so many digits.
_DOUBLE_DIGITS: Final = 15
ADDED_COLUMNS: Final = ("as_of", "dt", "hour")
"""What a table of the lake has beside the declared columns."""


@dataclass(frozen=True, kw_only=True)
class ApiField:
    """One value of a record, and the column that it becomes.

    Attributes:
        path: names from the record inwards, dots between; digits alone are a place in a list:
            weather.0.description.
        column: its name, type and constraints. A required one must be in some record of each hour,
            one that is not nullable in each record.
        unit: of the values, for people, such as "m/s"; the table of the lake shows it.
        epoch: of a timestamptz that the API gives as a number, seconds or milliseconds since 1970;
            else it is text in ISO 8601.
    """

    path: str
    column: Column
    unit: str = ""
    epoch: Literal["s", "ms"] | None = None


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """Where the key of an API goes: into the query, or into a header.

    Attributes:
        connection: Airflow's connection whose password the key is.
        parameter: of the query; None where it goes into a header.
        header: name of the header.
        prefix: before the key in the header, such as "Bearer ".
    """

    connection: str
    parameter: str | None = None
    header: str | None = None
    prefix: str = ""


@dataclass(frozen=True, kw_only=True)
class ApiCall:
    """One question that is asked each hour; each is a task of its own.

    Attributes:
        name: part of a key in the archive, unique in its dataset.
        params: of the query, beside those of the dataset.
    """

    name: str
    params: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class PageNumbers:
    """Pages by number; the last has fewer records than asked for.

    Attributes:
        parameter: of the query, the page's number.
        size_parameter: of the query, how many records a page has; none when None.
        size: records of a full page.
        first: number of the first page.
        most: pages of one answer; more are refused.
    """

    parameter: str
    size_parameter: str | None
    size: int
    first: int = 1
    most: int = 1000


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """Pages by a cursor, which each answer gives for the next one until there is none.

    Attributes:
        parameter: of the query, the cursor.
        path: where the answer has it, dots between names.
        most: pages of one answer; more are refused.
    """

    parameter: str
    path: str
    most: int = 1000


@dataclass(frozen=True, kw_only=True)
class NextLink:
    """Pages by address, which each answer gives for the next one until there is none.

    Attributes:
        path: where the answer has it, dots between names; None for the header Link, rel="next":
            https://www.rfc-editor.org/rfc/rfc8288.
        most: pages of one answer; more are refused.
    """

    path: str | None = None
    most: int = 1000


Pagination = PageNumbers | Cursor | NextLink


@dataclass(frozen=True, kw_only=True)
class History:
    """How an hour is asked for, of the past as well: the one that ends at the moment of the run.

    Attributes:
        params: of the query, beside the others. In their values {start} and {end} are the hour's
            two ends, in ISO 8601 and UTC, {start_epoch} and {end_epoch} in seconds since 1970.
    """

    params: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ApiDataset:
    """A table of the lake fed by an API, an hour at a time.

    Attributes:
        name: also the DAG's id, and the table's name.
        title, description: for people.
        owner: who answers for it.
        tags: for the UI.
        schedule: cron, UTC, once an hour; None where it runs by hand alone. A backfill needs one.
        url: of the API.
        key: where its key goes.
        params: of the query, of each call.
        calls: what is asked each hour.
        pagination: how an answer goes on; None where it has one page.
        calls_a_minute: what the API allows, over all calls.
        records: where an answer has its list of records, dots between names; "" where the answer
            is the record, or the list.
        absent_is_empty: an answer without its list has no record; else it is a broken one.
        fields: what becomes of a record; what it has beside them is left out, and reported.
        ignored: patterns, as fnmatch reads them, of paths that are left out and not reported.
        row_key: names of the columns that identify a record within its hour.
        event_time: the column with the moment that a record is about.
        partition: what one file of the lake has: a day, or an hour where answers are large.
        history: how an hour is asked for; None where the API tells of now alone.
        rejects: how many records of an hour may be rejected.
        attempts: requests without a proper answer that one call may make in an hour of the clock.
        request_seconds: for one request in all.
        retry_seconds: from the first failure; no attempt begins later.
        max_bytes: of one answer.
    """

    name: str
    title: str
    description: str
    owner: str
    tags: tuple[str, ...] = ()
    schedule: str | None
    url: str
    key: ApiKey
    params: Mapping[str, str] = field(default_factory=dict)
    calls: tuple[ApiCall, ...]
    pagination: Pagination | None = None
    calls_a_minute: int = 60
    records: str = ""
    absent_is_empty: bool = False
    fields: tuple[ApiField, ...]
    ignored: tuple[str, ...] = ()
    row_key: tuple[str, ...]
    event_time: str
    partition: Literal["day", "hour"] = "day"
    history: History | None = None
    rejects: RejectLimit = NO_REJECTS
    attempts: int = 4
    request_seconds: int = 30
    retry_seconds: int = 600
    max_bytes: int = 10 * 1024 * 1024

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            ValueError: says what.
        """
        problem = next(filter(None, (check() for check in (
            self._wrong_names, self._wrong_key, self._wrong_calls, self._wrong_fields
        ))), None)  # fmt: skip
        if problem:
            raise ValueError(f"{self.name}: {problem}")

    @property
    def sink(self) -> str:
        """The name that the ledger knows the table by."""
        return f"lake.{self.name}"

    @property
    def columns(self) -> tuple[Column, ...]:
        """The declared columns, in their order."""
        return tuple(field.column for field in self.fields)

    def _wrong_names(self) -> str | None:
        names = [column.name for column in self.columns]
        odd = [name for name in (self.name, *names) if not _ATHENA_NAME.fullmatch(name)]
        if odd:
            return f"Athena takes no name {odd[0]!r}"
        added = sorted(set(names) & set(ADDED_COLUMNS))
        return refused_declared(names) or (
            f"{added[0]} is a column that is added" if added else None
        )

    def _wrong_key(self) -> str | None:
        columns = {column.name: column for column in self.columns}
        if not self.row_key or not set(self.row_key) <= set(columns):
            return f"the key {', '.join(self.row_key)} is not all among the columns"
        if any(columns[name].nullable for name in self.row_key):
            return f"the key {', '.join(self.row_key)} may hold null"
        moment = columns.get(self.event_time)
        if moment is None or moment.type != "timestamptz":
            return f"the event time {self.event_time} is no timestamptz column"
        if (self.key.parameter is None) == (self.key.header is None):
            return "the key goes into the query or into a header, one of both"
        return None

    def _wrong_calls(self) -> str | None:
        names = [call.name for call in self.calls]
        odd = [name for name in names if not _CALL_NAME.fullmatch(name)]
        if odd or not names or len(set(names)) < len(names):
            return f"calls need names that differ, of letters, digits and ._-: {', '.join(names)}"
        secret = self.key.parameter
        given = {name for call in self.calls for name in (*call.params, *self.params)}
        return f"{secret} is the key's parameter" if secret in given else None

    def _wrong_fields(self) -> str | None:
        for each in self.fields:
            column = each.column
            if not _PATH.fullmatch(each.path):
                return f"{each.path!r} is no path such as main.temp or weather.0.id"
            if column.type == "numeric":
                precision = column.precision
                if precision is None or precision[0] > _DOUBLE_DIGITS:
                    return f"{column.name} needs a precision of {_DOUBLE_DIGITS} digits at most"
            if column.non_finite != "reject":
                return f"{column.name}: JSON has no NaN and no infinity"
            of_text = [name for name in _OF_TEXT if getattr(column, name)]
            if of_text:
                return f"{column.name}: JSON has no {of_text[0]}"
            if each.epoch and column.type != "timestamptz":
                return f"{column.name} is no moment, so it has no epoch"
        return None
