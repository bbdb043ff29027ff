"""The lock on a table, and what is known of the table when a load begins."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from include.core.statements import read_statement
from include.errors import AccountingError

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg2.extensions import cursor

# A task has half an hour; a writer that has been at it for longer is no longer waited for.
LEASE_SECONDS = 1800.0

# https://www.postgresql.org/docs/18/runtime-config-logging.html#GUC-APPLICATION-NAME: longer names
# are cut, and characters other than printable ASCII are replaced.
_NAME_CHARACTERS: Final = 63
# Half of a SHA-256 in hexadecimal: enough that no two tables share it.
_DIGEST_CHARACTERS: Final = 32


@dataclass(frozen=True, kw_only=True)
class KnownSink:
    """What ops.sink knows of a table.

    Attributes:
        writes: statements that wrote to it, of any user.
        writes_at_load: writes when the last load ended.
        as_of: the newest moment that was loaded.
        content_sha256, row_count: digest and rows of the snapshot loaded for as_of.
    """

    writes: int
    writes_at_load: int | None
    as_of: datetime | None
    content_sha256: str | None
    row_count: int | None

    @property
    def is_untouched(self) -> bool:
        """No statement has written to the table since it was loaded."""
        return self.writes == self.writes_at_load


def lock_sink(cursor: cursor, sink: str) -> KnownSink:
    """Take the lock on a table until the transaction ends.

    A writer that has held it for longer than its lease is ended.

    Arguments:
        cursor: in the transaction of the load.
        sink: the table's name in the ledger.
    """
    # Claim before locking: a writer that stopped in the middle holds the lock until it is ended.
    claim = {"writer": writer_name(sink), "lease_seconds": LEASE_SECONDS}
    cursor.execute(read_statement("warehouse/lock_sink.claim"), claim)
    cursor.execute(read_statement("warehouse/lock_sink.register"), {"sink": sink})
    cursor.execute(read_statement("warehouse/lock_sink.lock"), {"sink": sink})
    row = cursor.fetchone()
    if row is None:
        raise AccountingError(f"{sink}: its row in ops.sink went while it was being locked")
    names = ("writes", "writes_at_load", "as_of", "content_sha256", "row_count")
    return KnownSink(**dict(zip(names, row, strict=True)))


def writer_name(sink: str) -> str:
    """The name of sessions that write to a table: another one for each table.

    A name that Postgres would cut or alter has a digest of the table's instead, and no dot.
    """
    name = f"sluice {sink}"
    if len(name) <= _NAME_CHARACTERS and name.isascii() and name.isprintable():
        return name
    digest = hashlib.sha256(sink.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    readable = "".join(char if char.isascii() and char.isalnum() else "_" for char in name[7:])
    return f"sluice {readable[: _NAME_CHARACTERS - 8 - len(digest)]} {digest}"
