"""Numbered SQL files, each applied once to a database, by the run that comes first.

Only the owner of the database may apply them. The loader, which does all else, may see which of
them have been.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from include.core.failpoints import failpoint
from include.core.statements import SQL_ROOT, read_statement
from include.core.warehouse.connection import transaction
from include.errors import WarehouseRefusedError, WarehouseUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg2.extensions import cursor

    from include.core.warehouse.connection import Connect

MIGRATIONS = SQL_ROOT / "migrations"


def migrate(connect: Connect, folder: Path = MIGRATIONS) -> list[str]:
    """Bring a database up to the newest migration, all or nothing.

    Arguments:
        connect: opens a connection that may create schemas and roles.
        folder: files NNNN_verb_noun.sql, applied in order of number.

    Returns:
        The names of the files applied now, none when the database had them all.

    Raises:
        WarehouseRefusedError: a file fails, two have one number, or an applied one was edited.
        WarehouseUnavailableError: Postgres is out of reach.
    """
    if not pending(connect, folder):
        return []
    with transaction(connect, doing="apply the migrations") as cursor:
        cursor.execute(read_statement("warehouse/apply_migrations.lock"))
        cursor.execute(read_statement("warehouse/apply_migrations.create_schema"))
        cursor.execute(read_statement("warehouse/apply_migrations.create_table"))
        # Again under the lock: another run may have applied them while this one waited.
        missing = _missing(cursor, _files(folder))
        failpoint("migrate.locked")
        for number, path in missing:
            text = path.read_text(encoding="utf-8")
            cursor.execute(text)
            cursor.execute(
                read_statement("warehouse/apply_migrations.record"),
                {"number": number, "name": path.name, "sha256": _digest(path)},
            )
        failpoint("migrate.applied")
    failpoint("migrate.committed")
    return [path.name for _, path in missing]


def pending(connect: Connect, folder: Path = MIGRATIONS) -> list[str]:
    """Names of the migrations that a database lacks, in order of number.

    Arguments:
        connect: opens a connection that may read ops.migration, if it is there.
        folder: as for migrate.

    Raises:
        WarehouseRefusedError: the connection may not look, or as for migrate.
        WarehouseUnavailableError: it cannot be opened.
    """
    files = _files(folder)
    with transaction(connect, doing="read the migrations") as cursor:
        cursor.execute(read_statement("warehouse/apply_migrations.find"))
        row = cursor.fetchone()
        missing = _missing(cursor, files) if row and row[0] else files
    return [path.name for _, path in missing]


def bring_up_to_date(loader: Connect, owner: Connect, folder: Path = MIGRATIONS) -> list[str]:
    """Apply what a database lacks; its owner is not asked for when it lacks nothing.

    Arguments:
        loader: opens a connection of the loader, if there is one yet.
        owner: opens a connection as for migrate.
        folder: as for migrate.

    Returns:
        The names of the files applied now.

    Raises:
        WarehouseRefusedError, WarehouseUnavailableError: as for migrate; or the loader still cannot
            look although the database lacks nothing.
    """
    try:
        if not pending(loader, folder):
            return []
    except (WarehouseRefusedError, WarehouseUnavailableError):
        # The loader and its rights come with a migration; until then the server turns it away.
        applied = migrate(owner, folder)
        pending(loader, folder)
        return applied
    return migrate(owner, folder)


def _files(folder: Path) -> list[tuple[int, Path]]:
    files = sorted((int(path.name.split("_", 1)[0]), path) for path in folder.glob("*.sql"))
    numbers = [number for number, _ in files]
    if len(set(numbers)) < len(numbers):
        raise WarehouseRefusedError(f"Two migrations in {folder.name} have the same number")
    return files


def _missing(cursor: cursor, files: list[tuple[int, Path]]) -> list[tuple[int, Path]]:
    cursor.execute(read_statement("warehouse/apply_migrations.list"))
    applied = dict(cursor.fetchall())
    for number, path in files:
        if number in applied and applied[number] != _digest(path):
            raise WarehouseRefusedError(
                f"Migration {path.name} was edited after it was applied; add a new one instead"
            )
    return [(number, path) for number, path in files if number not in applied]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
