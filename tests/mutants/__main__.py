"""Takes each guard away and looks whether a test dies: `python -m tests.mutants [WORD]`.

Exits with 1 when a guard is not missed, when tests of a mutant hang or cannot be run, when they
fail with the guard in its place, or when the table names what is no longer there.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.mutants import document
from tests.mutants.rounds import try_all
from tests.mutants.table import GUARDS

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
STOPPED: Final = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Try guards, or write the page about them; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="only guards that have one of these in their name")
    parser.add_argument("--workers", type=int, default=2, help="how many are tried at once")
    parser.add_argument("--page", action="store_true", help=f"write {document.PAGE}, try nothing")
    options = parser.parse_args(arguments)
    if options.page:
        (ROOT / document.PAGE).write_text(document.page(GUARDS), encoding="utf-8")
        return 0
    words = options.words or [""]
    chosen = [guard for guard in GUARDS if any(word in guard.name for word in words)]
    # As Ctrl-C does it, so that copies and servers go.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return try_all(chosen, root=ROOT, workers=options.workers, say=_say)
    except KeyboardInterrupt:
        return STOPPED


def _say(text: Any) -> None:
    print(text, flush=True)  # noqa: T201 -- the result of the command


if __name__ == "__main__":
    sys.exit(main())
