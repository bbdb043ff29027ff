"""Rows of a file dealt into hands by ranges of their key, each hand small enough for memory.

Rows of one key always come into one hand, so that copies and conflicts are settled hand by hand.
A row is a JSON array on a line: the line where it begins in the file, then each column's text or
null.
"""

from __future__ import annotations

import json
import zlib
from array import array
from bisect import bisect_right
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timezone
from heapq import heappushpop
from typing import TYPE_CHECKING, Any, Final

from include.contracts.values import RANGES
from include.core.aws.json_lines import write_lines
from include.core.csv.faults import Counts, Fault, Reject
from include.core.csv.rows import CsvRows, read_raw, read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from include.contracts.columns import Column
    from include.contracts.files import CsvContract

    Row = list[Any]
    Order = Callable[[str], Any]

_SAMPLE: Final = 10_000
"""Keys that say where hands begin: enough that a hand rarely has a fifth too many rows."""

_OPEN_FILES: Final = 200

_dump: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), check_circular=False
).encode


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A chunk of a file's good rows, as a local file of gzipped JSON lines.

    Attributes:
        path: the file.
        rows: how many.
        first_id, last_id: the least and the greatest of their keys.
    """

    path: Path
    rows: int
    first_id: str
    last_id: str


def cut_file(  # noqa: PLR0913 -- a file, its contract, and how and where it is cut
    path: Path,
    *,
    name: str,
    contract: CsvContract,
    key: Column,
    size_of: Callable[[int], int],
    folder: Path,
    on_reject: Callable[[Reject], None],
) -> tuple[Counts, list[Cut]]:
    """Cut the good rows of a CSV file into chunks, in order of key, with memory for one of them.

    Arguments:
        path: where the file is; gzip if name ends in .gz.
        name: what its owner calls it.
        contract: how it is written.
        key: its key column.
        size_of: how many rows a chunk is to have, of how many in all.
        folder: for the chunks, and for the rows on their way: a few times the file's size.
        on_reject: called with each rejected row, also before a fault of the whole file is found;
            rows whose key others have with other values come last.

    Raises:
        InputFileError: the file breaks its contract.
    """
    rows = read_rows(path, name=name, contract=contract)
    key_place = 1 + [column.name for column in rows.columns].index(key.name)
    order = int if key.type in RANGES else str
    spool = Spool(path=folder / "spool.jsonl", key_place=key_place, order=order)
    spool.write(rows, on_reject=on_reject)
    counts = rows.counts
    cuts: list[Cut] = []
    conflicts = array("q")
    beginnings = spool.beginnings(counts.kept, size=size_of(counts.kept))
    for dealt in spool.deal(beginnings, folder):
        hand = settle_hand(dealt, key_place, order)
        counts.duplicate += hand.duplicate
        conflicts.extend(hand.conflicts)
        if hand.rows:
            chunk = folder / f"chunk-{len(cuts)}.jsonl.gz"
            first, last = hand.rows[0][key_place], hand.rows[-1][key_place]
            cuts.append(
                Cut(path=chunk, rows=write_lines(chunk, hand.rows), first_id=first, last_id=last)
            )
    spool.path.unlink()
    for line, raw in read_raw(path, lines=sorted(conflicts), name=name, contract=contract):
        rejects = Reject.each_line(line, Fault("key_conflict"), raw, column=key.name)
        counts.reject_kept(rejects)
        for reject in rejects:
            on_reject(reject)
    return counts, cuts


@dataclass(kw_only=True)
class Spool:
    """All kept rows of a file, and a sample of their keys that every reading makes alike.

    Attributes:
        path: the rows.
        key_place: where in a row its key is.
        order: what keys are compared by.
        sample: digest and text of the keys whose digests are the greatest.
    """

    path: Path
    key_place: int
    order: Order
    sample: list[tuple[int, str]] = field(default_factory=list)

    def write(self, rows: CsvRows, *, on_reject: Callable[[Reject], None]) -> None:
        """Read a file to its end, which is where some of its faults show.

        Raises:
            InputFileError: the file breaks its contract.
        """
        moments = [i for i, column in enumerate(rows.columns) if column.type == "timestamptz"]
        with self.path.open("w", encoding="utf-8", newline="\n") as spool:
            for block in rows.blocks():
                for reject in block.rejects:
                    on_reject(reject)
                for place in moments:
                    block.columns[place] = [*map(_of_one_length, block.columns[place])]
                for row in zip(block.lines, *block.columns, strict=True):
                    self._note(row[self.key_place])
                    spool.write(_dump(row) + "\n")

    def _note(self, key: str) -> None:
        noted = (zlib.crc32(key.encode()), key)
        if len(self.sample) < _SAMPLE:
            self.sample.append(noted)
            if len(self.sample) == _SAMPLE:
                self.sample.sort()
        elif noted > self.sample[0]:
            heappushpop(self.sample, noted)

    def beginnings(self, rows: int, *, size: int) -> list[Any]:
        """The keys, as they are compared, at which the second hand and all further ones begin.

        Arguments:
            rows: how many rows were kept.
            size: how many a hand is to have.
        """
        keys = sorted(self.order(key) for _, key in self.sample)
        places = (start * len(keys) // rows for start in range(size, rows, size))
        return sorted({keys[place] for place in places})

    def deal(self, beginnings: Sequence[Any], folder: Path) -> Iterator[Path]:
        """Give the hands in order of key; each is gone when the next is asked for."""
        hands = len(beginnings) + 1
        for first in range(0, hands, _OPEN_FILES):
            paths = [
                folder / f"hand-{hand}.jsonl"
                for hand in range(first, min(first + _OPEN_FILES, hands))
            ]
            self._deal_some(beginnings, paths, first=first)
            for path in paths:
                yield path
                path.unlink()

    def _deal_some(self, beginnings: Sequence[Any], paths: Sequence[Path], *, first: int) -> None:
        with ExitStack() as opened, self.path.open(encoding="utf-8", newline="\n") as spool:
            files = [
                opened.enter_context(path.open("w", encoding="utf-8", newline="\n"))
                for path in paths
            ]
            for line in spool:
                key = self.order(json.loads(line)[self.key_place])
                hand = bisect_right(beginnings, key) - first
                if 0 <= hand < len(files):
                    files[hand].write(line)


def _of_one_length(moment: str | None) -> str | None:
    """Write a timestamp so that texts compare as the moments do."""
    if moment is None:
        return None
    read = datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone(timezone.utc)
    return read.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(kw_only=True)
class Hand:
    """The rows of one hand, one a key.

    Attributes:
        rows: in order of key.
        duplicate: how many exact copies of them were left out.
        conflicts: lines of rows whose key other rows have with other values.
    """

    rows: list[Row]
    duplicate: int
    conflicts: list[int]


def settle_hand(path: Path, key_place: int, order: Order) -> Hand:
    """Leave one row a key, or none where rows of a key differ.

    Arguments:
        path: what Spool.deal gave.
        key_place: where in a row its key is.
        order: what keys are compared by.
    """
    by_key: dict[str, list[Row]] = {}
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            row = json.loads(line)
            by_key.setdefault(row[key_place], []).append(row)
    hand = Hand(rows=[], duplicate=0, conflicts=[])
    for key in sorted(by_key, key=order):
        first, *others = by_key[key]
        if all(row[1:] == first[1:] for row in others):
            hand.rows.append(first)
            hand.duplicate += len(others)
        else:
            hand.conflicts += [row[0] for row in by_key[key]]
    return hand
