"""All guards, one after the other: a line for each, and a sum."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from tests.mutants.guard import stale
from tests.mutants.trial import Copy

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from tests.mutants.guard import Guard
    from tests.mutants.trial import Outcome

_FIRST_SECONDS: Final = 1200.0
_SHOWN: Final = 100  # characters of a test's name and parameters
_VERDICTS: Final = {
    "failed": "killed",
    "passed": "SURVIVED",
    "timeout": "TIMEOUT",
    "broken": "BROKEN",
}


def try_all(
    guards: Sequence[Guard],
    *,
    root: Path,
    workers: int,
    say: Callable[[str], None],
    folder: Path | None = None,
) -> int:
    """Take each guard away in a copy of the code, and run the tests that it names.

    Arguments:
        guards: which.
        root: the repository; nothing below it is changed.
        workers: how many are tried at once, each with servers of its own.
        say: prints a line.
        folder: where the copies go for the time; the system's temporary one when None.

    Returns:
        0 when a test died with each of them, else 1.
    """
    began = time.monotonic()
    verdicts: Counter[str] = Counter()
    fresh = []
    for guard in guards:
        if missing := stale(guard, root):
            verdicts["STALE"] += 1
            say(f"STALE     {guard.name}: {missing}")
        else:
            fresh.append(guard)
    with _copies(root, max(1, min(workers, len(fresh))), folder) as copies:
        if not _all_pass(fresh, copies[0], workers, say):
            return 1
        with closing(_outcomes(fresh, copies)) as outcomes:
            for guard, outcome in outcomes:
                verdict = _VERDICTS[outcome.verdict]
                verdicts[verdict] += 1
                say(f"{verdict:<9} {guard.name} ({outcome.seconds:.0f} s){_details(outcome)}")
    survivors = len(guards) - verdicts["killed"]
    others = [f"{number} {verdict}" for verdict, number in verdicts.items() if verdict != "killed"]
    detail = f" ({', '.join(others)})" if others else ""
    seconds = time.monotonic() - began
    say(f"{len(guards)} mutants, {survivors} survivors{detail}, in {seconds:.0f} s")
    return 1 if survivors else 0


def _all_pass(
    guards: Sequence[Guard], copy: Copy, workers: int, say: Callable[[str], None]
) -> bool:
    """Run all tests that are named, once, with every guard in its place."""
    tests = list(dict.fromkeys(test for guard in guards for test in guard.tests))
    if not tests:
        return True
    spread = () if workers == 1 else ("-p", "xdist", "-n", str(workers), "--dist", "loadgroup")
    outcome = copy.run(tests, seconds=_FIRST_SECONDS, options=spread)
    if outcome.verdict == "passed":
        say(f"{len(tests)} tests pass with every guard in its place ({outcome.seconds:.0f} s)")
        return True
    say(f"With every guard in its place, tests end as: {outcome.verdict}\n{outcome.output}")
    return False


def _outcomes(
    guards: Sequence[Guard], copies: Sequence[Copy]
) -> Generator[tuple[Guard, Outcome], None, None]:
    free: SimpleQueue[Copy] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def attempt(guard: Guard) -> Outcome:
        copy = free.get()
        try:
            return copy.try_out(guard)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as threads:
        under_way = {threads.submit(attempt, guard): guard for guard in guards}
        try:
            for done in as_completed(under_way):
                yield under_way[done], done.result()
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            for copy in copies:
                copy.stop()
            raise


def _details(outcome: Outcome) -> str:
    if outcome.verdict == "failed":
        return f": {outcome.failed[0].partition('::')[2][:_SHOWN]}"
    if outcome.verdict == "broken":
        return f"\n{outcome.output}"
    return ""


@contextmanager
def _copies(root: Path, number: int, within: Path | None) -> Iterator[list[Copy]]:
    folder = Path(tempfile.mkdtemp(prefix="sluice-mutants-", dir=within))
    try:
        yield [Copy(root, folder / str(place)) for place in range(number)]
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder; servers that were killed may write to it for a moment yet."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)
