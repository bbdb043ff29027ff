"""What was aimed at beside what was reached, and memory by the size of the file."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tests.bench.lab import Measurement

    Found = Mapping[str, Sequence[Measurement]]

# Peaks of two sizes are alike when the larger is at most so many times the smaller.
FLAT: Final = 1.5
# Megabytes that a worker may hold, however many rows there are.
MOST_MB: Final = 300


@dataclass(frozen=True, kw_only=True)
class Aim:
    """A number that should not be exceeded."""

    title: str
    reached: float
    most: float
    unit: str

    def __str__(self) -> str:
        verdict = "reached" if self.reached <= self.most else "missed"
        most = f"at most {self.most:.3g}"
        return f"{self.title:<62} {self.reached:7.2f} {self.unit:<15} {most}: {verdict}"


def seconds_of(one: Measurement) -> float:
    """Of the wall."""
    return one.seconds


def ratio(
    measured: Sequence[Measurement],
    floor: Sequence[Measurement],
    of: Callable[[Measurement], float] = seconds_of,
) -> float:
    """The median of the rounds' ratios: what is measured side by side sees the same weather."""
    # What takes long is measured in the first round alone.
    return median(of(one) / of(beside) for one, beside in zip(measured, floor, strict=False))


def memory(by_size: Mapping[int, Found], titles: Iterable[str]) -> list[str]:
    """A table of the worker's memory, a column a size; nothing where nothing was measured."""
    sizes = sorted(by_size)
    measured = [title for title in titles if title in by_size[sizes[0]]]
    if not measured:
        return []
    lines = [
        "Memory of the worker by rows, MB",
        f"{'':<48}" + "".join(f"{size:>14,}" for size in sizes),
    ]
    for title in measured:
        peaks = "".join(f"{peak(by_size[size][title]):>14.0f}" for size in sizes)
        lines.append(f"{title:<48}{peaks}")
    return [*lines, ""]


def growth(by_size: Mapping[int, Found], titles: Iterable[str]) -> list[Aim]:
    """That memory is flat, for each way that was measured."""
    return [
        Aim(
            title=f"memory, {title}",
            reached=max(peaks) / min(peaks),
            most=FLAT,
            unit="x, sizes",
        )
        for title in titles
        for peaks in [[peak(measured[title]) for measured in by_size.values() if title in measured]]
        if peaks
    ]


def most_memory(by_size: Mapping[int, Found], titles: Iterable[str], *, rows: int) -> list[Aim]:
    """That files of more than so many rows are read in little memory, if any was measured."""
    return [
        Aim(title=f"memory at {size:,} rows, {title}", reached=reached, most=MOST_MB, unit="MB")
        for size, found in by_size.items()
        if size > rows
        for title in titles
        if title in found
        for reached in [peak(found[title])]
    ]


def peak(measured: Sequence[Measurement]) -> float:
    """Megabytes that the worker held at most, in any run."""
    return max(one.peak_mb for one in measured)
