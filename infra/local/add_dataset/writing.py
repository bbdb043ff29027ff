"""Files that appear together or not at all, and never in the place of others."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write files that are not there yet, in their order.

    Raises:
        FileExistsError: one is there by now; none of the others is left.
        OSError: one cannot be written; likewise.
    """
    fresh = {target: target.with_name(f".{target.name}.{os.getpid()}") for target in files}
    made: list[Path] = []
    try:
        for target, content in files.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh[target].write_bytes(content)
        for target in files:
            # Unlike a rename it fails where the name is taken.
            os.link(fresh[target], target)
            made.append(target)
    except BaseException:
        for target in made:
            target.unlink()
        raise
    finally:
        for path in fresh.values():
            path.unlink(missing_ok=True)


def difference(target: Path, content: bytes, *, name: str, shown: bool) -> Iterator[str]:
    """Give the lines of a unified diff from a file that is there to one that would be written.

    Arguments:
        target: the file that is there.
        content: what would be written.
        name: what the file is called.
        shown: its lines may be shown; else there is one line that says that it differs.
    """
    there = target.read_bytes()
    if there == content:
        return
    if not shown:
        yield f"{name} has other content ({len(there)} bytes, not {len(content)})"
        return
    before, after = (each.decode(errors="replace").splitlines() for each in (there, content))
    yield from difflib.unified_diff(
        before, after, name, f"{name} as it would be written", lineterm=""
    )
