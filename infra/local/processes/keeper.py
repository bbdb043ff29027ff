"""What starts a program of a stack again that has ended by itself."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from infra.common.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.local.processes.group import Group, Program

_STARTS: Final = 3  # again, in the life of a stack: what always ends is to be looked at
_LOOK_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Keeper:
    """Starts programs of a group again.

    Attributes:
        group: the programs.
        starts: what starts each that may end, by its name.
        say: receives a line about each start.
    """

    group: Group
    starts: Mapping[str, Callable[[], Program]]
    say: Callable[[str], None]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _replaced: list[str] = field(default_factory=list)

    def replaces(self, program: Program) -> bool:
        """Start a program that has ended again, unless it may not end or ends too often.

        Arguments:
            program: one of the group that has ended; after that it is none of the group.

        Returns:
            Whether the group goes on without it.

        Raises:
            StackError: the group has been closed.
        """
        with self._lock:
            if program not in self.group.programs:
                return True  # replaced already
            times = self._replaced.count(program.name) + 1
            if program.name not in self.starts or times > _STARTS:
                return False
            self._replaced.append(program.name)
            self.group.programs.remove(program)
            self.say(
                f"{program.name} ended with {program.process.returncode} and is started again "
                f"({times} of {_STARTS} times). Its log: {program.log}"
            )
            self.starts[program.name]()
            return True

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Look each second for as long as the context lasts."""
        done = threading.Event()
        thread = threading.Thread(target=self._watch, args=(done,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _watch(self, done: threading.Event) -> None:
        # Who waits for the group learns by a look of his own that it is closed.
        with contextlib.suppress(StackError):
            while not done.wait(_LOOK_SECONDS):
                for program in self.group.ended():
                    self.replaces(program)
