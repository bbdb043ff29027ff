"""Ends what a stack started when the stack's own process was killed: `warden ROOT`.

Holds the other end of a pipe. A line on it says that the stack has ended by itself; its end
without one says that nobody is left to end anything.
"""

from __future__ import annotations

import sys
from pathlib import Path

from infra.local.layout import Layout
from infra.local.leftovers import end_leftovers


def main() -> None:
    if not sys.stdin.readline():
        end_leftovers(Layout(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
