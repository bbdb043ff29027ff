"""Which rows of a file the queue has acknowledged, kept in the registry while they are sent."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.core.arrivals.registry import find_progress, keep_progress
from include.core.sending.progress import Progress, set_progress_session
from include.core.warehouse.connection import autocommit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import cursor

    from include.contracts.uploads import JsonUpload
    from include.core.arrivals.lease import Lease
    from include.core.sending.progress import Span
    from include.core.warehouse.connection import Connect


@dataclass(frozen=True)
class _FileMarks:
    """The progress of a part of a file, in the registry; each statement commits by itself."""

    cursor: cursor
    lease: Lease
    part: int

    def find(self) -> dict[str, Any] | None:
        return find_progress(self.cursor, self.lease.held, self.part)

    def keep(self, progress: dict[str, Any]) -> None:
        self.lease.renew()
        keep_progress(self.cursor, self.lease.held, self.part, progress)


@contextmanager
def progress_of(
    connect: Connect,
    lease: Lease,
    *,
    upload: JsonUpload,
    part: int = 0,
    span: Span | None = None,
    rejected_only: bool = False,
) -> Iterator[Progress]:
    """The progress of a delivery, on a connection of its own; marks do not wait for the disk.

    Arguments:
        connect: opens a connection to the warehouse.
        lease: of the file.
        upload: how the file is delivered; rows that another contract has made count as not sent.
        part: the number of the part; 0 for a whole file.
        span: the first and last number of the part's rows, which other limits of parts change.
        rejected_only: rows between those that are sent are not.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says, here and from marks.
    """
    digest = hashlib.sha256(repr((upload.delivery, upload.contract, span)).encode())
    if rejected_only:
        digest.update(b" rejected rows")
    plan = digest.hexdigest()
    with autocommit(connect, doing="mark the progress of a delivery") as cursor:
        set_progress_session(cursor)
        yield Progress(_FileMarks(cursor, lease, part), plan=plan)
