"""Prints what is done, and how long it took."""

from __future__ import annotations

import textwrap
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# At once, so that it comes before what the programs print that are started.
report = partial(print, flush=True)


def detail(text: str) -> None:
    """Print what happens within a step."""
    report(textwrap.indent(text, "    "))


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print the name of a step, and its seconds once it is done."""
    report(f"==> {what}")
    began = time.monotonic()
    yield
    detail(f"{time.monotonic() - began:.1f} s")
