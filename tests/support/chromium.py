"""The machine's own Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

MISSING = "no Chromium on the PATH; on Debian: apt-get install chromium"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The browser's program, if there is one."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def started_chromium(program: str) -> Iterator[Browser]:
    """Run the browser for as long as the context lasts."""
    # Chromium's sandbox does not run as root.
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=[*_QUIET, *sandbox])
        yield started
        started.close()
