"""How the rows of a run's files are shared out over mapped tasks."""

from __future__ import annotations

from typing import Final

# Airflow maps a task at most 1,024 times (core.max_map_length).
_TASKS_A_RUN: Final = 1000


def rows_a_task(least: int, rows: int, *, files: int) -> int:
    """How many rows of a file one task takes on.

    Arguments:
        least: how many it takes on where the run has tasks enough.
        rows: of the file.
        files: how many the run has; they share its tasks.
    """
    tasks = max(_TASKS_A_RUN // files, 1)
    return max(least, -(-rows // tasks))
