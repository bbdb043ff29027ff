"""A committed repository to package."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.infra_package.checkouts import FILES, commit, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return commit(write(tmp_path / "checkout", FILES))
