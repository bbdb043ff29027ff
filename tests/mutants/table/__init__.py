"""The table of guards, by what they guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.mutants.table import loads, sources, uploads

if TYPE_CHECKING:
    from tests.mutants.guard import Guard

GUARDS: Final[tuple[Guard, ...]] = (*loads.GUARDS, *sources.GUARDS, *uploads.GUARDS)
