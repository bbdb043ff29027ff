"""The rejected rows of a file, sent alone: those delivered before are not sent again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from include.core.csv.faults import Counts
from include.core.runs.quarantine import read_rejected, write_rejected
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.errors import ArrivalError

if TYPE_CHECKING:
    from include.core.arrivals.versions import FileName
    from include.core.warehouse.connection import Connect
    from include.pipelines.csv_upload_to_sqs.transform import Checked


@dataclass(frozen=True, kw_only=True)
class Undelivered:
    """Lines of a file that wait in quarantine, and that no message was ever made of.

    Attributes:
        lines: all of them.
        rows: those in which a row begins.
        rows_before: how many rows the file had as it was delivered, rejected ones among them.
    """

    lines: frozenset[int]
    rows: frozenset[int]
    rows_before: int


def find_undelivered(connect: Connect, sink: str, file: FileName) -> Undelivered:
    """Find the lines of a file that a replay may send.

    Raises:
        ArrivalError: no run has delivered the file.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    named = {"sink": sink, "file": file["key"], "version": file["version_id"]}
    with transaction(connect, doing="find the rejected rows of a file") as cursor:
        cursor.execute(read_statement("csv_upload_to_sqs/find_undelivered.count"), named)
        row = cursor.fetchone()
        if row is None:
            raise ArrivalError(
                "No run has delivered the file, so that all of its rows are to be sent. Start the "
                "run without the switch for rejected rows"
            )
        cursor.execute(read_statement("csv_upload_to_sqs/find_undelivered.find"), named)
        found = cursor.fetchall()
    return Undelivered(
        lines=frozenset(line for line, _ in found),
        rows=frozenset(line for line, is_row in found if is_row),
        rows_before=row[0],
    )


def keep_undelivered(checked: Checked, undelivered: Undelivered) -> Checked:
    """Leave all rows and rejects out but those of lines that no message was ever made of.

    Arguments:
        checked: the whole file.
        undelivered: the lines.

    Raises:
        ArrivalError: the contract of today finds other rows in the file than the one by which it
            was delivered: a row would be sent under the number of another.
    """
    rows, begun = checked.rows.count(sorted(undelivered.rows))
    if rows != undelivered.rows_before or begun != len(undelivered.rows):
        raise ArrivalError(
            f"The contract of today finds {rows} rows in the file, and the one by which it was "
            f"delivered found {undelivered.rows_before}: rows would be sent under the numbers of "
            "others. Set the rejected rows aside, or process the whole file again, which sends all "
            "of its rows a second time"
        )
    kept = checked.rows.leave_only(sorted(undelivered.rows))
    rejected = [row for row in read_rejected(checked.rejects) if row.line in undelivered.lines]
    rejects = checked.rejects.with_name("rejected_again.jsonl")
    write_rejected(rejects, rejected)
    counts = Counts(read=kept + len(rejected), kept=kept, rejected=len(rejected))
    return replace(checked, counts=counts, rejects=rejects)
