"""Exports in ops.export: the row of one, and each change of its state."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from psycopg2 import sql
from psycopg2.extras import Json

from include.core.exports.names import table_parameters
from include.core.statements import compose, read_statement
from include.core.warehouse.connection import transaction
from include.pipelines.table_export_to_kinesis.manifest import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from psycopg2.extensions import cursor

    from include.core.exports.names import ExportName, TableName
    from include.core.warehouse.connection import Connect

State = Literal[
    "waiting",
    "complete",
    "asked",
    "approved",
    "refused",
    "published",
    "applied",
    "superseded",
    "failed",
]


class LandedFile(TypedDict):
    """A file of an export as ops.export has it, under its name."""

    key: str
    version_id: str
    etag: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Export:
    """A row of ops.export.

    Attributes:
        name: which export; a version taken again has ! and a number behind it.
        state: how far it has come.
        files: by their names.
        manifest: what its _manifest.json says of each file, if it has one.
        base_version: what its delta was worked out from.
        snapshot: where its rows are.
        delta: parts and end record.
        counts: rows by what became of them.
    """

    name: ExportName
    state: State
    files: dict[str, LandedFile]
    manifest: dict[str, Any] | None
    base_version: str | None
    snapshot: dict[str, Any] | None
    delta: dict[str, Any] | None
    counts: dict[str, int] | None

    @property
    def size(self) -> int:
        """Bytes of its files, without the manifest."""
        return sum(file["size"] for name, file in self.files.items() if name != MANIFEST)

    @property
    def objects(self) -> list[dict[str, str]]:
        """Its files, as a run is given them by hand."""
        return [
            {"key": file["key"], "version_id": file["version_id"]}
            for _, file in sorted(self.files.items())
        ]


def find_export(cursor: cursor, name: ExportName) -> Export | None:
    """The export of exactly this version, None where there is none."""
    return next(_find(cursor, "find_export.by_version", parameters(name)), None)


def find_newest_taking(cursor: cursor, name: ExportName) -> Export | None:
    """The export of a version as it was taken last; None where it is new."""
    return next(_find(cursor, "find_export.newest_taking", parameters(name)), None)


def find_versions(
    cursor: cursor, table: TableName, versions: Sequence[str | None]
) -> dict[str, Export]:
    """The exports of these versions of a table by version, as they are now; none is locked."""
    values = {**table_parameters(table), "versions": [*versions]}
    found = _find(cursor, "find_export.these", values)
    return {export.name["version"]: export for export in found}


def list_versions(cursor: cursor, table: TableName, *, most: int) -> list[str]:
    """The newest versions of a table, the newest first."""
    statement = read_statement("table_export_to_kinesis/find_export.newest_names")
    cursor.execute(statement, {**table_parameters(table), "most": most})
    return [version for (version,) in cursor.fetchall()]


def find_objects(connect: Connect, key: str, version_id: str) -> list[dict[str, str]]:
    """The files of the export that an object version is of, as a run is given them by hand.

    It is the export as it was taken last; none where there is no such export.
    """
    values = {"key": key, "version_id": version_id}
    with transaction(connect, doing="find the export of a file") as cursor:
        export = next(_find(cursor, "find_export.of_object", values), None)
    return export.objects if export else []


def find_left(
    cursor: cursor, *, table: tuple[str, str] | None = None, before: datetime | None = None
) -> list[Export]:
    """The next export of each table that is complete, and that no run works on.

    Arguments:
        cursor: of a transaction.
        table: tenant and table; all tables when None.
        before: the moment by which it was complete, or approved; any when None.
    """
    tenant, name = table or (None, None)
    values = {"tenant": tenant, "table_name": name, "before": before}
    return list(_find(cursor, "find_export.left", values))


def find_asked(cursor: cursor, *, before: datetime) -> list[Export]:
    """The exports that wait for a person.

    Arguments:
        cursor: of a transaction.
        before: the moment by which they did.
    """
    return list(_find(cursor, "find_export.asked", {"before": before}))


def set_state(cursor: cursor, name: ExportName, state: State, *, cause: str | None = None) -> None:
    """Change the state of an export, and note the moment.

    Arguments:
        cursor: of the transaction.
        name: which export.
        state: the new one.
        cause: why, for one that failed or is superseded; without the names above.
    """
    values = {**parameters(name), "state": state, "cause": cause}
    cursor.execute(read_statement("table_export_to_kinesis/change_export.set_state"), values)


def fail_export(cursor: cursor, name: ExportName, *, cause: str) -> None:
    """Enter that a run has failed with an export, unless it has come to an end, or to a question.

    Arguments:
        cursor: of the transaction.
        name: which export.
        cause: why, without the names above.
    """
    values = {**parameters(name), "cause": cause}
    cursor.execute(read_statement("table_export_to_kinesis/change_export.fail"), values)


def keep_delta(
    cursor: cursor,
    name: ExportName,
    *,
    snapshot: Mapping[str, Any],
    base_version: str | None,
    delta: Mapping[str, Any],
    counts: Mapping[str, int],
) -> None:
    """Keep what was worked out of an export.

    Arguments:
        cursor: of the transaction, in which the lease was checked.
        name: which export.
        snapshot: where its rows are.
        base_version: what it was compared with.
        delta: JSON with publication, parts and end record.
        counts: rows by what becomes of them.
    """
    values = {
        **parameters(name),
        "snapshot": Json(snapshot),
        "base_version": base_version,
        "publication": delta["publication"],
        "delta": Json(delta),
        "counts": Json(counts),
    }
    cursor.execute(read_statement("table_export_to_kinesis/change_export.keep_delta"), values)


def forget_progress(cursor: cursor, name: ExportName) -> None:
    """Forget what of an export's parts has been acknowledged: no run goes on with them."""
    statement = read_statement("table_export_to_kinesis/part_progress.forget")
    cursor.execute(statement, parameters(name))


def supersede_older(cursor: cursor, name: ExportName) -> list[str]:
    """Supersede the older versions of a table that wait for a person; returns which."""
    values = {**parameters(name), "cause": f"Version {name['version']} is newer"}
    cursor.execute(read_statement("table_export_to_kinesis/change_export.supersede_older"), values)
    return [version for (version,) in cursor.fetchall()]


def parameters(name: ExportName) -> dict[str, Any]:
    """The name of an export as bound parameters of a statement."""
    return {**table_parameters(name), "version": name["version"]}


def _find(cursor: cursor, name: str, values: Mapping[str, Any]) -> Iterator[Export]:
    """The exports that a statement selects, which has their columns put in."""
    names = ["tenant", "table_name", "version", *(each.name for each in fields(Export)[1:])]
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    cursor.execute(compose(f"table_export_to_kinesis/{name}", {"columns": columns}), values)
    for tenant, table, version, *others in cursor.fetchall():
        export: ExportName = {"tenant": tenant, "table": table, "version": version}
        yield Export(name=export, **dict(zip(names[3:], others, strict=True)))
