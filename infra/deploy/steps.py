"""Announces what is done, and how long it took."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def say(text: str) -> None:
    """Print a line at once, so that it stands before what programs print that we start."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    """Print what happens within a step."""
    say("\n".join(f"    {line}" for line in text.splitlines()))


@contextmanager
def step(what: str) -> Iterator[None]:
    """Announce a step, and say its seconds once it is done."""
    say(f"==> {what}")
    began = time.monotonic()
    yield
    say(f"    {time.monotonic() - began:.1f} s")
