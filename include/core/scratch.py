"""Folders for temporary files that a killed task leaves behind only until it is tried again."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def scratch_folder(*names: str, root: Path | None = None) -> Iterator[Path]:
    """An empty folder of this task's own, gone at the end.

    Its name is made of the task's, so that a new try finds and empties what a killed one left.

    Arguments:
        names: what distinguishes one task from another, such as DAG, run, task and map index.
        root: where such folders live; the system's temporary folder when None.
    """
    base = (root or Path(tempfile.gettempdir())) / "sluice"
    folder = base / quote("~".join(names), safe="")
    # What a killed try of the same task left.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
