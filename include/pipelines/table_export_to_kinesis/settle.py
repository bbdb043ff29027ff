"""The end of a run's exports: what was published becomes the base of the next delta."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from include.core.arrivals.results import without_rows
from include.core.exports.names import shown
from include.core.failpoints import failpoint
from include.core.runs.questions import run_that_asks
from include.core.runs.run import StartedRun
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.errors import AccountingError
from include.pipelines.table_export_to_kinesis import leases
from include.pipelines.table_export_to_kinesis.publish import publish_end
from include.pipelines.table_export_to_kinesis.question_texts import compose_question
from include.pipelines.table_export_to_kinesis.register import PIPELINE
from include.pipelines.table_export_to_kinesis.states import (
    fail_export,
    find_asked,
    find_export,
    find_left,
    find_versions,
    forget_progress,
    parameters,
    set_state,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg2.extensions import cursor

    from include.core.arrivals.complete import Outcomes
    from include.core.arrivals.results import FileResult
    from include.core.exports.names import ExportName
    from include.core.runs.run import Run
    from include.core.warehouse.connection import Connect
    from include.pipelines.table_export_to_kinesis.resources import ExportResources
    from include.pipelines.table_export_to_kinesis.states import Export
    from include.pipelines.table_export_to_kinesis.task_values import (
        Computed,
        PublishedPart,
        Registered,
    )


@dataclass(frozen=True)
class Settling:
    """What came of a run's exports.

    Attributes:
        registered: what receive came back with.
        computed: what compute came back with, one an export.
        published: what publish_part came back with, one a part.
    """

    registered: Registered
    computed: Sequence[Computed]
    published: Sequence[PublishedPart]

    @property
    def places(self) -> dict[int, int]:
        """The place of each export that is worked on, by the places of its files."""
        return {
            index: place
            for place, work in enumerate(self.registered["work"])
            for index in work["indexes"]
        }

    def results(self, resources: ExportResources) -> list[FileResult]:
        """Sum up file by file, and end each version on the stream that is there whole.

        The counts of an export are at the first of its files.

        Raises:
            DeliveryRefusedError, DeliveryUnavailableError: the stream did not take an end record.
        """
        results = [*self.registered["results"]]
        by_index = {one["index"]: one for one in self.computed}
        for work in self.registered["work"]:
            computed = by_index.get(work["index"])
            if computed is None:
                continue
            result = self._sum_up(computed)
            if "cause" not in result and "held" in computed:
                self._end(computed, resources)
            results += [result, *(_beside(result, index) for index in work["indexes"][1:])]
        return results

    def commit(self, cursor: cursor, outcomes: Outcomes, *, run: Run) -> None:
        """Make what was published whole the base of the next delta, and let the tables go.

        Arguments:
            cursor: of the transaction that enters how the files ended.
            outcomes: how they did.
            run: which run holds the tables.

        Raises:
            ExportBusyError: another run has taken a table over; nothing is entered.
        """
        done = {file["index"] for file, _ in outcomes.done}
        causes = {file["index"]: failure.cause for file, failure in outcomes.failed}
        for computed in self.computed:
            if "held" not in computed:
                continue
            is_done = computed["index"] in done
            if is_done and _has_committed(cursor, computed["export"]):
                continue
            leases.check(cursor, computed["held"])
            if is_done:
                _publish(cursor, computed)
        for work in self.registered["work"]:
            if work["index"] in causes:
                fail_export(cursor, work["export"], cause=causes[work["index"]])
        leases.release_tables(cursor, run)

    def next_runs(self, connect: Connect, run: Run) -> list[StartedRun]:
        """Runs to start: those that ask a person, and those of exports that are left."""
        runs = [
            run_that_asks(compose_question(computed["export"], computed["question"]))
            for computed in self.computed
            if "question" in computed
        ]
        with transaction(connect, doing="look for exports that are left") as cursor:
            for table in self._tables():
                runs += [_run_of(left, run) for left in find_left(cursor, table=table)]
        return runs

    def _sum_up(self, computed: Computed) -> FileResult:
        result, parts = computed["result"], computed.get("parts", [])
        if not parts:
            return result
        sent = [part for part in self.published if part["index"] == computed["index"]]
        operations = sum(part["rows"] for part in parts)
        missing = operations - sum(part["rows"] for part in sent)
        if missing:
            left = len(parts) - len(sent)
            cause = (
                f"{missing} of {operations} operations were not published, those of {left} parts"
            )
            return {**result, "missing": missing, "missing_ids": [], "cause": cause}
        took = max(part["ended"] for part in sent) - min(part["began"] for part in sent)
        rate = round(operations / max(took, 0.001))
        return {**result, "seconds": time.time() - computed["began"], "rows_per_second": rate}

    def _end(self, computed: Computed, resources: ExportResources) -> None:
        name = computed["export"]
        with transaction(resources.connect, doing=f"end {shown(name)}") as cursor:
            export = find_export(cursor, name)
        if export is None or export.delta is None:
            raise AccountingError(f"{shown(name)}: what was worked out of it is gone")
        if not _is_published(export):
            publish_end(export.delta["end"], resources=resources)

    def _tables(self) -> list[tuple[str, str]]:
        named = {
            (one["export"]["tenant"], one["export"]["table"]) for one in self.registered["work"]
        }
        return sorted(named)


def runs_of_left(connect: Connect, run: Run, *, before: datetime) -> list[StartedRun]:
    """Runs to start for exports whose own run was lost, and for questions that no run has asked.

    A run that fails for another file, or that dies once it has committed, asks nothing.

    Arguments:
        connect: opens a connection to the warehouse.
        run: which run starts them; it starts each once, and a question is asked once by whomever.
        before: when an export was complete, waited for a person, or was approved, at the latest.
    """
    with transaction(connect, doing="look for exports that are left") as cursor:
        left = [_run_of(export, run) for export in find_left(cursor, before=before)]
        asked = find_asked(cursor, before=before)
    questions = [(export.name, cast("Any", export.delta)["question"]) for export in asked]
    return [*left, *(run_that_asks(compose_question(*each)) for each in questions)]


def _has_committed(cursor: cursor, name: ExportName) -> bool:
    """Whether an earlier try of this task has; the table is locked before its exports are."""
    version = name["version"]
    return _is_published(find_versions(cursor, name, [version]).get(version))


def _is_published(export: Export | None) -> bool:
    return export is not None and export.state in ("published", "applied")


def _publish(cursor: cursor, computed: Computed) -> None:
    values = {**parameters(computed["export"]), "token": computed["held"]["token"]}
    cursor.execute(read_statement("table_export_to_kinesis/publish_export"), values)
    if cursor.rowcount != 1:
        raise AccountingError(f"{shown(computed['export'])}: its base is not what it was made of")
    set_state(cursor, computed["export"], "published")
    forget_progress(cursor, computed["export"])
    failpoint("settle.published")


def _beside(result: FileResult, index: int) -> FileResult:
    """The result of a further file of an export, whose counts are at the first one's."""
    unread = result.get("unread", False)
    return {**result, **without_rows(index, unread=unread, seconds=result["seconds"])}


def _run_of(export: Export, run: Run) -> StartedRun:
    """A run that works on one export; another start of it for the same is the same run.

    What a person has decided about it stands: it is not asked again.
    """
    decided = {"decision": "approved"} if export.state == "approved" else {}
    return StartedRun(
        trigger_dag_id=PIPELINE,
        trigger_run_id=f"after__{shown(export.name)}__{run.run_id}"[-250:],
        conf={"objects": export.objects, "again": True, **decided},
    )
