"""One measurement in a process of its own, so that its peak memory is its own.

Reads {"case": …, and the case's arguments} as JSON on standard input, prints a Measurement.
"""

from __future__ import annotations

import json
import resource
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

# Modules are imported when they are wanted: what one needs is no memory of another's cases.
CASES: Final = {
    "load_cases": ("copy_keyed", "copy_temporary", "plain", "sluice"),
    "csv_cases": ("csv_sluice", "csv_duckdb", "csv_reader"),
    "end_cases": ("end_sluice",),
    "change_cases": ("copy_operations", "changes_taken", "changes_applied"),
    "delta_cases": ("exports_made", "exports_counted", "snapshot_made", "delta_computed"),
    "lake_cases": ("lake_made", "lake_sluice", "lake_pyarrow"),
    "publish_cases": ("publish_computed", "publish_bare", "publish_parts"),
    "peer_cases": ("dlt_merge", "csv_diff"),
    "queue_cases": ("queue_bare", "queue_sluice", "queue_read", "queue_parts"),
    "item_cases": (
        "items_bare",
        "items_extract",
        "items_transform",
        "items_load",
        "items_observe",
    ),
}
_MODULES: Final = {case: module for module, cases in CASES.items() for case in cases}
_PROC_STATUS: Final = Path("/proc/self/status")


def main() -> None:
    json.dump(answer(**json.load(sys.stdin)), sys.stdout)


def answer(case: str, **arguments: Any) -> dict[str, Any]:
    """Run a case, or make the source's files, and return what came out."""
    if case == "make":
        folder = Path(arguments["folder"])
        made: dict[str, Any] = _import("source").make(folder, arguments["rows"])
        return made
    seconds, counts = getattr(_import(_MODULES[case]), case)(**arguments)
    return {"seconds": seconds, "peak_mb": _peak_mb(), "answer": counts}


def _import(module: str) -> Any:
    return import_module(f"tests.bench.{module}")


def _peak_mb() -> float:
    """Megabytes of memory that this process held at its peak."""
    if _PROC_STATUS.exists():
        # Linux counts the starter's memory in ru_maxrss, and not in this.
        lines = _PROC_STATUS.read_text().splitlines()
        (peak,) = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
        return int(peak) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
