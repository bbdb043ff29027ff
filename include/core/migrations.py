"""Numbered SQL files, each applied once to a database, by whoever comes first."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from include.core.failpoints import failpoint
from include.core.postgres import transaction
from include.core.sql_files import SQL_ROOT, read_statement
from include.errors import WarehouseRefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg2.extensions import cursor

    from include.core.postgres import Connect

MIGRATIONS = SQL_ROOT / "migrations"


def migrate(connect: Connect, folder: Path = MIGRATIONS) -> list[str]:
    """Bring a database up to the newest migration, all or nothing.

    Arguments:
        connect: opens a connection that may create schemas and roles.
        folder: files NNNN_verb_noun.sql, applied in order of number.

    Returns:
        The names of the files applied now, none when the database had them all.

    Raises:
        WarehouseRefusedError: a file fails, a number stands twice, or an applied file was edited.
        WarehouseUnavailableError: Postgres is out of reach.
    """
    files = _files(folder)
    with transaction(connect, doing="read the migrations") as cursor:
        cursor.execute(read_statement("ops/find_migrations"))
        row = cursor.fetchone()
        if row is not None and row[0] and not _missing(cursor, files):
            return []
    with transaction(connect, doing="apply the migrations") as cursor:
        cursor.execute(read_statement("ops/lock_migrations"))
        cursor.execute(read_statement("ops/create_ops"))
        cursor.execute(read_statement("ops/create_migration"))
        missing = _missing(cursor, files)
        failpoint("migrate.locked")
        for number, path in missing:
            text = path.read_text(encoding="utf-8")
            cursor.execute(text)
            cursor.execute(
                read_statement("ops/record_migration"),
                {"number": number, "name": path.name, "sha256": _digest(path)},
            )
        failpoint("migrate.applied")
    failpoint("migrate.committed")
    return [path.name for _, path in missing]


def _files(folder: Path) -> list[tuple[int, Path]]:
    files = sorted((int(path.name.split("_", 1)[0]), path) for path in folder.glob("*.sql"))
    numbers = [number for number, _ in files]
    if len(set(numbers)) < len(numbers):
        raise WarehouseRefusedError(f"Two migrations in {folder.name} have the same number")
    return files


def _missing(cursor: cursor, files: list[tuple[int, Path]]) -> list[tuple[int, Path]]:
    cursor.execute(read_statement("ops/list_migrations"))
    applied = dict(cursor.fetchall())
    for number, path in files:
        if number in applied and applied[number] != _digest(path):
            raise WarehouseRefusedError(
                f"Migration {path.name} was edited after it was applied; add a new one instead"
            )
    return [(number, path) for number, path in files if number not in applied]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
