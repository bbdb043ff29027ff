"""Files that go from one task of a run to the next, by way of the lake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from include.core.aws.objects import ObjectStore, Stored


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """Files that go from one task of a run to the next.

    Attributes:
        store: the bucket.
        prefix: start of the keys, without a slash at the end.
        folder: for local files.
    """

    store: ObjectStore
    prefix: str
    folder: Path

    def put(self, name: str, path: Path) -> Stored:
        """Store a file under a name, and return what the next task needs to get it."""
        key = f"{self.prefix}/{name}"
        return {"key": key, "sha256": self.store.put_file(key, path)}

    def get(self, stored: Stored, name: str) -> Path:
        """Fetch what put stored, as a local file of this name.

        Raises:
            ArchiveError: it is gone, or is not what was put there.
        """
        path = self.folder / name
        self.store.get_file(stored["key"], path, sha256=stored["sha256"])
        return path
