"""The table of guards, by what they guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.mutants.table import (
    changes,
    exports,
    files,
    lake,
    loads,
    page,
    questions,
    repairs,
    sinks,
    sources,
    traces,
    uploads,
)

if TYPE_CHECKING:
    from tests.mutants.guard import Guard

_ROOMS: Final = (
    loads,
    questions,
    sinks,
    sources,
    files,
    uploads,
    changes,
    exports,
    lake,
    repairs,
    traces,
    page,
)

GUARDS: Final[tuple[Guard, ...]] = tuple(guard for room in _ROOMS for guard in room.GUARDS)
