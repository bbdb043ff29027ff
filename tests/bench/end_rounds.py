"""The whole way from a CSV file to a table: the floor, the pipeline, and other tools beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Final

from tests.bench.lab import together
from tests.bench.rounds import Rounds
from tests.bench.server import PEERS
from tests.bench.source import published

if TYPE_CHECKING:
    from collections.abc import Iterator


FLOOR: Final = "DuckDB read_csv, then COPY into the keyed table"
SLUICE: Final = "Sluice, end to end"
DLT: Final = "dlt merge"
DLT_KEYED: Final = "dlt merge, keyed table"
LOAD: Final = "first load"
SAME_SOURCE: Final = "same source again"
SAME_ROWS: Final = "same rows, another order"
CHANGED: Final = "1 % changed"
# Title, the file that is read, and the version that the table then holds.
_STEPS: Final = (
    (LOAD, "base", "base"),
    (SAME_SOURCE, "base", "base"),
    (SAME_ROWS, "shuffled", "base"),
    (CHANGED, "changed", "changed"),
)
_TABLE: Final = "whole"
# Where dlt writes; it stages in a second schema.
_PEER: Final = "peer"
_PEER_TABLE: Final = f"{_PEER}.rows"


def _days() -> Iterator[str]:
    day = datetime(2020, 1, 1, tzinfo=timezone.utc)
    while True:
        yield day.isoformat()
        day += timedelta(days=1)


@dataclass
class EndRounds(Rounds):
    """The whole way beside its floor, and other tools."""

    _as_of: Iterator[str] = field(default_factory=_days)

    def floor(self) -> None:
        """DuckDB's reader, then COPY of a ready file."""
        rows, file = self.files.rows, str(published(self.files.folder, "base"))
        reading = self.lab.measure(
            "csv_duckdb", expect={"kept": rows}, file=file, folder=str(self.lab.root)
        )
        self.lab.create(_TABLE)
        copying = self.lab.measure(
            "copy_keyed",
            expect={"inserted": rows},
            uri=self.lab.uri,
            table=_TABLE,
            file=str(self.files.folder / "base.csv"),
        )
        self.lab.check(_TABLE, self.files, "base")
        self.lab.drop(_TABLE)
        self.keep(FLOOR, together([reading, copying]))

    def sluice(self) -> None:
        """The tasks of the pipeline: first into an empty table, then over what it holds."""
        self.lab.create(_TABLE, watched=True)
        for title, file, version in _STEPS:
            self.lab.vacuum(_TABLE)
            measured = self.lab.measure(
                "end_sluice",
                expect=self._counts(title),
                uri=self.lab.uri,
                table=_TABLE,
                archived=self._archived(file),
                as_of=next(self._as_of),
                folder=str(self.lab.root),
            )
            self.lab.check(_TABLE, self.files, version)
            self.keep(f"{SLUICE}: {title}", measured)
        self.lab.drop(_TABLE)

    def dlt(self, name: str) -> None:
        """dlt's merge: into a table as it makes it, or with a key as the pipeline's table has it.

        Arguments:
            name: DLT or DLT_KEYED.
        """
        for schema in (_PEER, f"{_PEER}_staging"):
            self.lab.drop_schema(schema)
        if name == DLT_KEYED:
            self.lab.create_schema(_PEER)
            self.lab.create(_PEER_TABLE)
        state = mkdtemp(prefix="dlt-", dir=self.lab.root)
        for title, file, version in _STEPS:
            # A file that it has read it could leave out as well, by its time of change.
            if title == SAME_SOURCE:
                continue
            measured = self.lab.measure(
                "dlt_merge",
                expect={},
                python=str(PEERS),
                uri=self.lab.uri,
                file=str(published(self.files.folder, file)),
                folder=state,
            )
            self.lab.check(_PEER_TABLE, self.files, version)
            self.keep(f"{name}: {title}", measured)
            self.lab.vacuum(_PEER_TABLE)

    def _counts(self, title: str) -> dict[str, int]:
        rows, differs = self.files.rows, self.files.made["versions"]["changed"]["differs"]
        inserted = rows if title == LOAD else 0
        updated = differs if title == CHANGED else 0
        unchanged = rows - inserted - updated
        return {"inserted": inserted, "updated": updated, "unchanged": unchanged}

    def _archived(self, file: str) -> dict[str, str]:
        path = published(self.files.folder, file)
        key = str(path.relative_to(self.lab.root))
        return {"key": key, "sha256": self.files.made["files"][file]}
