from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """A file to download to; whatever a test does, nothing but a whole file stays there."""
    path = tmp_path / "file.csv"
    yield path
    assert [entry.name for entry in tmp_path.iterdir()] in ([], ["file.csv"])
