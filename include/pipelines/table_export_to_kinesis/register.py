"""Files that landed become exports: complete, waiting for more files, known, or refused."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final, Literal

from psycopg2.extras import Json

from include.core.arrivals.registry import hold
from include.core.arrivals.results import from_registry, without_rows
from include.core.exports.names import read_key, shown
from include.core.failpoints import failpoint
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.errors import ArrivalError, UndeclaredTableError
from include.pipelines.table_export_to_kinesis.manifest import (
    MANIFEST,
    read_manifest,
    refuse_unlisted,
)
from include.pipelines.table_export_to_kinesis.states import (
    Export,
    LandedFile,
    find_newest_taking,
    parameters,
    set_state,
)
from include.pipelines.table_export_to_kinesis.task_values import ExportWork, Registered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg2.extensions import cursor

    from include.contracts.exports import TableExport
    from include.core.arrivals.claim import ReceivedFile
    from include.core.arrivals.results import FileResult
    from include.core.arrivals.versions import Landing
    from include.core.exports.names import ExportName
    from include.core.runs.run import Run
    from include.core.warehouse.connection import Connect
    from include.pipelines.table_export_to_kinesis.declarations import Declarations

    Decision = Literal["approved", "refused"]

PIPELINE: Final = "table_export_to_kinesis"
# Before all characters that a version may have: so 1 again is older than 1-a, 1.1 and 10.
_TAKEN_AGAIN: Final = "!"
_OPEN: Final = ("waiting", "complete", "failed")


class Registrar:
    """Enters the files of a run into ops.export.

    Arguments:
        landing: where exports land.
        declarations: find what declares a tenant's table.
        connect: opens a connection to the warehouse.
        run: which run has the files.
        by_hand: a person names the files: a version that was taken before is taken again.
        decision: a person's answer, where the version waits for it.
    """

    def __init__(
        self,
        landing: Landing,
        declarations: Declarations,
        *,
        connect: Connect,
        run: Run,
        by_hand: bool = False,
        decision: Decision | None = None,
    ) -> None:
        self._landing, self._declarations, self._connect = landing, declarations, connect
        self._run, self._by_hand, self._decision = run, by_hand, decision

    def register(self, files: Sequence[ReceivedFile]) -> Registered:
        """Enter files, export by export; each export commits by itself.

        Arguments:
            files: what the run has claimed; one that it has done already counts as well.

        Returns:
            The exports to be worked on: of each table the oldest that is complete. A newer one
            that came along waits for the next run.
        """
        registered = Registered(work=[], results=[])
        for name, of_export in self._by_export(files, registered["results"]):
            indexes = [file["index"] for file in of_export]
            try:
                work = self._register(name, of_export, indexes)
            except ArrivalError as error:
                registered["results"] += _refused(indexes, error)
                continue
            if isinstance(work, str):
                registered["results"] += [without_rows(index, warning=work) for index in indexes]
            else:
                self._add(work, registered)
        return registered

    def _by_export(
        self, files: Sequence[ReceivedFile], results: list[FileResult]
    ) -> list[tuple[ExportName, list[ReceivedFile]]]:
        """The files of each export, exports in order of version."""
        found: dict[tuple[str, str, str], tuple[ExportName, list[ReceivedFile]]] = {}
        for file in files:
            if not file["token"]:
                # The run's own end was committed: what it counted then counts.
                claimed = hold(self._connect, PIPELINE, file, self._run)
                results.append(from_registry(claimed.counts, index=file["index"]))
                continue
            try:
                name = read_key(file["key"], prefix=self._landing.prefix).export
            except ArrivalError as error:
                results.append(without_rows(file["index"], cause=str(error), final=True))
                continue
            place = (name["tenant"], name["table"], name["version"])
            found.setdefault(place, (name, []))[1].append(file)
        return [found[place] for place in sorted(found)]

    def _add(self, work: ExportWork, registered: Registered) -> None:
        """Take an export on, unless the run has an older one of its table."""
        export = work["export"]
        table = (export["tenant"], export["table"])
        if table in {
            (one["export"]["tenant"], one["export"]["table"]) for one in registered["work"]
        }:
            left = f"{shown(export)} is left to the next run: one version of a table at a time"
            registered["results"] += [
                without_rows(index, warning=left) for index in work["indexes"]
            ]
        else:
            registered["work"].append(work)

    def _register(
        self, name: ExportName, files: Sequence[ReceivedFile], indexes: list[int]
    ) -> ExportWork | str:
        """Enter one export; returns what to do, or why there is nothing to do now."""
        dataset = self._declarations.of(name, files)
        landed = {file["key"].rpartition("/")[2]: _landed(file) for file in files}
        manifest = read_manifest(self._landing.client, files)
        with transaction(self._connect, doing=f"register {shown(name)}") as cursor:
            _lock_table(cursor, name, dataset)
            known = find_newest_taking(cursor, name)
            if known is not None and known.state not in _OPEN:
                taken = self._taken(cursor, known, name, landed)
                if isinstance(taken, str):
                    return taken
                if self._decision is not None:
                    return ExportWork(index=indexes[0], export=taken, indexes=indexes)
                name, known = taken, None
            elif known is not None:
                name = known.name
            waiting = _enter(cursor, name, landed, manifest, known=known, files=dataset.files)
            failpoint("register.entered")
        failpoint("register.committed")
        return waiting or ExportWork(index=indexes[0], export=name, indexes=indexes)

    def _taken(
        self, cursor: cursor, known: Export, name: ExportName, landed: Mapping[str, LandedFile]
    ) -> ExportName | str:
        """What to do with a version that was taken before: its name, or why there is nothing."""
        if self._decision is not None:
            return _decide(cursor, known, self._decision)
        if self._by_hand:
            return {**name, "version": _next_taking(known.name["version"])}
        if all(_same(known.files.get(file), landed[file]) for file in landed):
            return f"{shown(name)} is known: {known.state}"
        raise ArrivalError(
            f"Version {name['version']} was taken before with other content. Export it as a newer "
            "version, or take it again by hand"
        )


def _refused(indexes: Sequence[int], error: ArrivalError) -> list[FileResult]:
    """The results of the files of a refused export; what declares its table is at the first."""
    results = [without_rows(index, cause=str(error), final=True) for index in indexes]
    if isinstance(error, UndeclaredTableError) and error.declaration:
        results[0]["declaration"] = error.declaration
    return results


def _lock_table(cursor: cursor, name: ExportName, dataset: TableExport) -> None:
    try:
        target = dataset.target(name["tenant"], name["table"]).sink
    except ValueError as error:
        raise ArrivalError(str(error)) from None
    values = {**parameters(name), "target": target}
    cursor.execute(read_statement("table_export_to_kinesis/register_export.table"), values)
    cursor.execute(read_statement("table_export_to_kinesis/register_export.lock"), values)
    if cursor.fetchone() is None:
        raise ArrivalError(f"{target} is the target of another tenant's table. Rename one of them")


def _decide(cursor: cursor, known: Export, decision: Decision) -> ExportName | str:
    """Enter a person's answer; only a version that waits for one can get it."""
    if known.state == "asked":
        set_state(cursor, known.name, decision)
        if decision == "approved":
            return known.name
        return f"{shown(known.name)} was refused by a person: nothing is published"
    if known.state == decision == "approved":
        return known.name
    return f"{shown(known.name)} is {known.state}: the answer changes nothing"


def _enter(
    cursor: cursor,
    name: ExportName,
    landed: Mapping[str, LandedFile],
    manifest: dict[str, Any] | None,
    *,
    known: Export | None,
    files: int,
) -> str | None:
    """Enter the files of an export that no run has worked on; returns what it waits for."""
    have = {**(known.files if known else {}), **landed}
    manifest = manifest or (known.manifest if known else None)
    data = {file: each for file, each in have.items() if file != MANIFEST}
    if manifest:
        refuse_unlisted(data, manifest)
    expected = len(manifest) if manifest else files
    _refuse_superfluous(data, expected)
    is_complete = len(data) == expected
    values = {
        **parameters(name),
        "state": "complete" if is_complete else "waiting",
        "files": Json(have),
        "manifest": Json(manifest) if manifest else None,
        "expected_files": expected,
        "content_sha256": _content(data) if is_complete else None,
    }
    cursor.execute(read_statement("table_export_to_kinesis/register_export.export"), values)
    if is_complete:
        return None
    return f"{shown(name)} is waiting for {expected - len(data)} of {expected} files"


def _refuse_superfluous(data: Mapping[str, LandedFile], expected: int) -> None:
    if len(data) > expected:
        raise ArrivalError(
            f"The version has {len(data)} files, and {expected} are expected: "
            f"{', '.join(sorted(data))}. Add a {MANIFEST}, or declare how many there are"
        )


def _next_taking(version: str) -> str:
    """The name under which a version is taken once more: behind itself, before the next."""
    base, _, number = version.partition(_TAKEN_AGAIN)
    return f"{base}{_TAKEN_AGAIN}{int(number or 1) + 1:03}"


def _content(files: Mapping[str, LandedFile]) -> str:
    named = sorted((name, file["etag"], file["size"]) for name, file in files.items())
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def _landed(file: ReceivedFile) -> LandedFile:
    return {
        "key": file["key"],
        "version_id": file["version_id"],
        "etag": file["etag"],
        "size": file["size"],
    }


def _same(known: LandedFile | None, landed: LandedFile) -> bool:
    return known is not None and (known["etag"], known["size"]) == (landed["etag"], landed["size"])
