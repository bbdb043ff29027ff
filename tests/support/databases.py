"""Databases for tests: files are copied, which takes a fifth of the time of logging each page."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql

if TYPE_CHECKING:
    from infra.local.postgres import Server

EMPTY = "template1"
CREATE = "create database {name} owner sluice template {like} strategy file_copy"
# Who may connect is kept beside a database, and so not copied with it.
SAME_RIGHTS = """
    update pg_database set datacl = (select datacl from pg_database where datname = %s)
    where datname = %s
"""


def copy_database(server: Server, like: str, name: str) -> str:
    """Create a database that belongs to the role sluice; returns its libpq URI for that role.

    Arguments:
        server: where.
        like: the database to copy, which nobody is connected to; EMPTY for one without tables.
        name: of the copy.
    """
    create = sql.SQL(CREATE).format(name=sql.Identifier(name), like=sql.Identifier(like))
    with closing(psycopg2.connect(server.uri("postgres", "postgres"))) as opened:
        opened.autocommit = True
        with opened.cursor() as cursor:
            cursor.execute(create)
            if like != EMPTY:
                cursor.execute(SAME_RIGHTS, (like, name))
    return server.uri("sluice", name)
