"""Cases of the benchmarks in forks of a process that has loaded what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.bench.worker import answer
from tests.support.worker_processes import processes

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path


def fork(request: dict[str, Any], *, python: str, root: Path) -> tuple[int, dict[str, Any]]:  # noqa: ARG001 -- a fork has the interpreter of its server, and ends by itself
    """Run a case, as tests.bench.workers.Work does; its memory begins with what is loaded."""
    receiving, sending = processes.Pipe(duplex=False)
    process = processes.Process(target=_answer, args=(request, sending))
    process.start()
    sending.close()
    try:
        answered: dict[str, Any] = receiving.recv()
    except EOFError:
        answered = {}
    process.join()
    return process.exitcode or 0, answered


def _answer(request: dict[str, Any], sending: Connection) -> None:
    sending.send(answer(**request))
