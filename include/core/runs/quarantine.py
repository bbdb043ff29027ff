"""Quarantine: the rows that a run rejected, in a file on their way, then in ops.rejected_row."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from include.core.failpoints import failpoint
from include.core.statements import read_statement
from include.errors import RejectLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from psycopg2.extensions import cursor

    from include.contracts.files import RejectLimit
    from include.core.csv.faults import Reject
    from include.core.runs.ledger import RunOfSink
    from include.core.runs.run import Run

Version = tuple[str, str]
"""A file, as the rows of quarantine name it, and its commit or object version."""

# A row may have 64 KiB of raw text: 64 MB of JSON in one statement at most.
_BATCH_ROWS: Final = 1000


@dataclass(frozen=True, kw_only=True)
class QuarantineRow:
    """A rejected row, and the file that it was in.

    Attributes:
        file, version: the source file and its commit or object version.
        line: 1-based physical line of the row's start.
        column_name: the column at fault, None for the whole row.
        code: a stable short name of the fault.
        reason: one sentence without the value.
        raw: the row as it is in the file.
    """

    file: str
    version: str
    line: int | None
    column_name: str | None
    code: str
    reason: str
    raw: str


@contextmanager
def set_aside(rejects_file: Path, *, file: str, version: str) -> Iterator[Callable[[Reject], None]]:
    """What adds rejected rows to a file of JSON lines, which is made if need be.

    Arguments:
        rejects_file: where they go.
        file: the source file that they are from, as its owner knows it.
        version: its commit or object version.
    """
    with rejects_file.open("a", encoding="utf-8") as rows:

        def add(reject: Reject) -> None:
            row = QuarantineRow(
                file=file,
                version=version,
                line=reject.line,
                column_name=reject.column,
                code=reject.code,
                reason=reject.reason,
                raw=reject.raw,
            )
            rows.write(json.dumps(asdict(row)) + "\n")

        yield add


def read_rejected(rejects_file: Path) -> Iterator[QuarantineRow]:
    """The rows that were set aside, in their order."""
    with rejects_file.open(encoding="utf-8") as rows:
        for line in rows:
            yield QuarantineRow(**json.loads(line))


def write_rejected(rejects_file: Path, rows: Iterable[QuarantineRow]) -> None:
    """Write a file of rejected rows, as read_rejected reads it."""
    with rejects_file.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(asdict(row)) + "\n" for row in rows)


def count_codes(rejects_file: Path) -> dict[str, int]:
    """How many rows each code has."""
    return dict(Counter(row.code for row in read_rejected(rejects_file)))


def allowed_rejects(limit: RejectLimit, *, read: int) -> int:
    """How many of the rows read may be rejected."""
    return max(limit.rows, int(limit.share * read))


def refuse_rejects(
    name: str,
    limit: RejectLimit,
    *,
    read: int,
    rejects_file: Path,
    outcome: str = "Nothing was loaded",
) -> None:
    """Stop where too many rows were set aside.

    Arguments:
        name: the dataset's.
        limit: how many there may be.
        read: rows read in all.
        rejects_file: those set aside.
        outcome: what became of the other rows; the error says it.

    Raises:
        RejectLimitError: there are more; names place and reason of the first.
    """
    codes = count_codes(rejects_file)
    rejected = sum(codes.values())
    allowed = allowed_rejects(limit, read=read)
    if rejected <= allowed:
        return
    first = next(read_rejected(rejects_file))
    column = f", column {first.column_name}" if first.column_name else ""
    listed = ", ".join(f"{code} {number}" for code, number in sorted(codes.items()))

    def message(place: str) -> str:
        return (
            f"{name}: {rejected} of {read} rows rejected, {allowed} allowed ({listed}); the "
            f"first at {place}{column}: {first.reason}. {outcome}. "
            "Have the source fixed, or raise the dataset's reject limit"
        )

    line = f"line {first.line}"
    raise RejectLimitError(message(f"{first.file}, {line}"), of_file=message(line))


def quarantine_rows(
    cursor: cursor,
    run: RunOfSink,
    rows: Iterable[QuarantineRow],
    *,
    read: Iterable[Version] = (),
) -> int:
    """Replace what the run has in quarantine by these rows, and count them.

    Arguments:
        cursor: of the transaction that loads what was not rejected.
        run: which run.
        rows: those that it has rejected.
        read: versions that it has read whole: rows of them that wait and that it has not rejected
            leave quarantine. Those that an earlier try of the run rejected are then no longer its
            rejects; they stay as rows that have left.
    """
    with _filling(cursor, run, run.sink, read) as named:
        written = _fill(cursor, named, rows)
    # An earlier try of the run may have left rows of its own.
    cursor.execute(read_statement("runs/replace_quarantine.empty"), named)
    return written


def add_rows(
    cursor: cursor,
    run: Run,
    sink: str,
    rows: Iterable[QuarantineRow],
    *,
    read: Iterable[Version] = (),
) -> int:
    """Put rows into the quarantine beside what a run has there of a sink, and count them.

    Arguments are those of quarantine_rows, and the sink.
    """
    with _filling(cursor, run, sink, read) as named:
        return _fill(cursor, named, rows)


def waiting_versions(cursor: cursor, sink: str, file: str) -> set[str]:
    """Versions of a file of which rows wait in quarantine."""
    cursor.execute(read_statement("runs/replace_quarantine.waiting"), {"sink": sink, "file": file})
    return {version for (version,) in cursor.fetchall()}


@contextmanager
def _filling(
    cursor: cursor, run: Run, sink: str, read: Iterable[Version]
) -> Iterator[dict[str, Any]]:
    """Settle what waits of the versions that were read, around the writing of new rejects."""
    named: dict[str, Any] = {**run.parameters, "sink": sink}
    cursor.execute(read_statement("runs/replace_quarantine.guard"), named)
    cursor.execute(read_statement("runs/replace_quarantine.newest"), named)
    ((named["before"],),) = cursor.fetchall()
    yield named
    versions = [{"file": file, "version": version} for file, version in read]
    if versions:
        failpoint("quarantine.filled")
        values = named | {"versions": json.dumps(versions)}
        cursor.execute(read_statement("runs/replace_quarantine.settle"), values)
        failpoint("quarantine.settled")


def _fill(cursor: cursor, named: dict[str, Any], rows: Iterable[QuarantineRow]) -> int:
    written = 0
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(asdict(row))
        if len(batch) == _BATCH_ROWS:
            written += _write_batch(cursor, named, batch)
            batch = []
    return written + _write_batch(cursor, named, batch)


def _write_batch(cursor: cursor, named: dict[str, Any], batch: list[dict[str, Any]]) -> int:
    values = named | {"rows": json.dumps(batch)}
    cursor.execute(read_statement("runs/replace_quarantine.fill"), values)
    return cursor.rowcount
