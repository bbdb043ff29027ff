"""Code of others is what its README says."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parents[3] / "plugins" / "sluice_page" / "static" / "vendor"
ROW = re.compile(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", re.MULTILINE)


def test_vendored_files_are_those_of_the_sums_in_their_readme() -> None:
    written_down = dict(ROW.findall((VENDOR / "README.md").read_text("utf-8")))
    files = [path for path in VENDOR.rglob("*") if path.is_file() and path.name != "README.md"]
    assert written_down == {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }
    assert "uPlot.iife.min.js" in written_down
