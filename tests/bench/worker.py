"""One measurement in a process of its own, so that its peak memory is its own.

Reads {"case": …, and the case's arguments} as JSON on standard input, prints a Measurement.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.bench import csv_cases, load_cases, source

if TYPE_CHECKING:
    from collections.abc import Callable

CASES: Final[dict[str, Callable[..., tuple[float, dict[str, Any]]]]] = {
    case.__name__: case
    for case in (
        load_cases.copy_keyed,
        load_cases.copy_temporary,
        load_cases.plain,
        load_cases.sluice,
        csv_cases.csv_sluice,
        csv_cases.csv_duckdb,
        csv_cases.csv_reader,
    )
}


def main() -> None:
    json.dump(answer(**json.load(sys.stdin)), sys.stdout)


def answer(case: str, **arguments: Any) -> dict[str, Any]:
    """Run a case, or make the source's files, and tell what came out."""
    if case == "make":
        return source.make(Path(arguments.pop("folder")), **arguments)
    seconds, counts = CASES[case](**arguments)
    return {"seconds": seconds, "peak_mb": _peak_mb(), "answer": counts}


def _peak_mb() -> float:
    """Megabytes of memory that this process held at most."""
    # Linux counts the starter's memory in until the program is loaded: lab imports no DuckDB.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e6 / 1024)


if __name__ == "__main__":
    main()
