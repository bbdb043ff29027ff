"""What the tasks of table_export_to_kinesis exchange in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from include.core.aws.objects import Stored

if TYPE_CHECKING:
    from include.core.arrivals.results import FileResult
    from include.core.exports.names import ExportName
    from include.core.exports.records import End
    from include.pipelines.table_export_to_kinesis.athena import Query
    from include.pipelines.table_export_to_kinesis.leases import HeldTable
    from include.pipelines.table_export_to_kinesis.snapshot import Snapshot
    from include.pipelines.table_export_to_kinesis.states import State


class ExportWork(TypedDict):
    """An export that a run works on.

    Attributes:
        index: the place of its first file among those of the run.
        export: which.
        indexes: the places of all its files that the run has.
    """

    index: int
    export: ExportName
    indexes: list[int]


class Registered(TypedDict):
    """What came of the files of a run.

    Attributes:
        work: exports to be worked on, one a table.
        results: of the files that need no work now.
    """

    work: list[ExportWork]
    results: list[FileResult]


class StoredPart(Stored):
    """A part of a delta in the lake; number is from 1, first and last are sequence numbers."""

    number: int
    first: int
    last: int
    rows: int


class Publication(TypedDict):
    """A delta that is to be published.

    Attributes:
        publication: names it; the same operations in the same order have the same.
        parts: its operations.
        end: the record that ends it.
    """

    publication: str
    parts: list[StoredPart]
    end: End


class OfDelta(TypedDict):
    """Which delta something is of: the export, and what names the delta in its records."""

    export: ExportName
    publication: str


class Part(StoredPart, OfDelta):
    """A part of a delta, on its way to the task that publishes it."""

    index: int
    held: HeldTable


class Question(TypedDict):
    """What a person has to decide of an export.

    Attributes:
        rows_before: rows of the base.
        rows: of the export.
        gone: rows that would be deleted.
        keys: the first 20 of them.
        base: version of the base.
        publication: names the delta that is asked about.
        objects: the files of the export, as a run is given them.
    """

    rows_before: int
    rows: int
    gone: int
    keys: list[dict[str, object]]
    base: str | None
    publication: str
    objects: list[dict[str, str]]


class Taken(TypedDict):
    """An export that was read.

    Attributes:
        began: seconds of the epoch.
        made: the fields of a MadeSnapshot.
        snapshot: where they are.
        rejects: where those are that were set aside, if any were.
    """

    began: float
    made: dict[str, Any]
    snapshot: Snapshot
    rejects: Stored | None


class Comparing(TypedDict):
    """An export that Athena compares with its base.

    Attributes:
        query: what Athena works on.
        taken: the export.
        held: the lease.
        base: the fields of a Base.
    """

    query: Query
    taken: Taken
    held: HeldTable
    base: dict[str, Any]


class Computed(TypedDict, total=False):
    """What came of an export.

    Attributes:
        index: the place of its first file among those of the run.
        export: which.
        state: complete where it is to be published, else what became of it.
        held: the lease, where it is to be published.
        result: counts and rejects, as of a file.
        parts: still to be published by tasks of their own.
        question: where a person decides.
        began: seconds of the epoch.
        comparing: where Athena is at work, and nothing is decided yet.
    """

    index: int
    export: ExportName
    state: State
    held: HeldTable
    result: FileResult
    parts: list[Part]
    question: Question
    began: float
    comparing: Comparing


class PublishedPart(TypedDict):
    """A part whose operations are all acknowledged; began and ended are in seconds of the epoch."""

    index: int
    number: int
    rows: int
    began: float
    ended: float
