"""What is measured, in which order: floors beside the ways, so that both see the same weather."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from tests.bench.rounds import Rounds
from tests.bench.source import published

if TYPE_CHECKING:
    from tests.bench.lab import Measurement

KEYED: Final = "COPY alone into the keyed table"
TEMPORARY: Final = "COPY alone into a temporary table"
PLAIN: Final = "execute_values"
SLUICE: Final = "Sluice"
LOAD: Final = "first load"
SAME: Final = "same rows again, compared"
DIGEST: Final = "same rows again, known by digest"
CHANGED: Final = "1 % changed"
CSV_READER: Final = "csv.reader alone"
CSV_DUCKDB: Final = "DuckDB read_csv, types declared"
CSV_SLUICE: Final = "Sluice, every row checked"
CSV_DAMAGED: Final = "Sluice, with 100 bad rows"

_FIRST_DAY: Final = datetime(2020, 1, 1, tzinfo=timezone.utc)


class LoadRounds(Rounds):
    """Loading and reading beside their floors."""

    def floors(self) -> None:
        """COPY alone, into both kinds of table."""
        file = str(self.files.folder / "base.csv")
        self.lab.create("keyed")
        counts = {"inserted": self.files.rows}
        self._measure(KEYED, "copy_keyed", expect=counts, table="keyed", file=file)
        self.lab.check("keyed", self.files, "base")
        counts = {"copied": self.files.rows}
        self._measure(TEMPORARY, "copy_temporary", expect=counts, table="keyed", file=file)
        self.lab.drop("keyed")

    def plain(self) -> None:
        """The way that is most often written by hand."""
        self.lab.create("plain")
        for title, version, counts in self._steps():
            if title == DIGEST:
                continue
            self.lab.vacuum("plain")
            file = str(self.files.folder / f"{version}.csv")
            self._measure(f"{PLAIN}: {title}", "plain", expect=counts, table="plain", file=file)
            self.lab.check("plain", self.files, version)
        self.lab.drop("plain")

    def sluice(self) -> None:
        """Sluice's own way."""
        self.lab.create("sluice", watched=True)
        days = iter(range(9))
        for title, version, counts in self._steps():
            if title != DIGEST:
                self.lab.vacuum("sluice")
                self.lab.touch("sluice")
            self._sluice(title, version, counts, next(days))
        self.lab.drop("sluice")

    def csv(self) -> None:
        """Read a CSV file into typed rows."""
        rows, bad, folder = self.files.rows, self.files.made["bad"], str(self.lab.root)
        file = str(published(self.files.folder, "base"))
        expect: dict[str, Any] = {"kept": rows}
        self._time(CSV_READER, "csv_reader", expect=expect, file=file)
        floor = self._time(CSV_DUCKDB, "csv_duckdb", expect=expect, file=file, folder=folder)
        expect = {"kept": rows, "rejected": 0, "sum": floor.answer["sum"]}
        self._time(CSV_SLUICE, "csv_sluice", expect=expect, file=file, folder=folder)
        damaged = str(published(self.files.folder, "damaged"))
        expect = {"kept": rows - bad, "rejected": bad}
        self._time(CSV_DAMAGED, "csv_sluice", expect=expect, file=damaged, folder=folder)

    def _steps(self) -> list[tuple[str, str, dict[str, int]]]:
        rows = self.files.rows
        same = {"inserted": 0, "updated": 0, "unchanged": rows}
        differs = self.files.made["versions"]["changed"]["differs"]
        return [
            (LOAD, "base", {"inserted": rows, "updated": 0, "unchanged": 0}),
            (SAME, "base", same),
            (DIGEST, "base", same),
            (
                CHANGED,
                "changed",
                {"inserted": 0, "updated": differs, "unchanged": rows - differs},
            ),
        ]

    def _sluice(self, title: str, version: str, counts: dict[str, int], day: int) -> None:
        self._measure(
            f"{SLUICE}: {title}",
            "sluice",
            expect=counts,
            table="sluice",
            file=str(self.files.folder / f"{version}.parquet"),
            sha256=self.files.made["versions"][version]["sha256"],
            rows=self.files.rows,
            as_of=(_FIRST_DAY + timedelta(days=day)).isoformat(),
            folder=str(self.lab.root),
        )
        self.lab.check("sluice", self.files, version)

    def _measure(self, title: str, case: str, **arguments: Any) -> Measurement:
        return self._time(title, case, uri=self.lab.uri, **arguments)

    def _time(self, title: str, case: str, **arguments: Any) -> Measurement:
        return self.keep(title, self.lab.measure(case, **arguments))
