"""Guards of what is told of a row, in a dataset's own order of loads."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_EFFECTS: Final = "include/core/trace/effects.py"
_TRUE: Final = (
    "tests/unit/core/trace/test_effects.py"
    "::test_effect_that_is_told_is_true_whatever_is_not_looked_at"
)

GUARDS: Final = (
    Guard(
        "effects that are known",
        "a guess is told of a row whose earlier loads are not looked at",
        (Edit(_EFFECTS, 'if len(possible) == 1 else "unknown"', 'if possible else "updated"'),),
        (_TRUE,),
    ),
    Guard(
        "rows that were perhaps deleted",
        "a row that a load deleted is told to have been absent",
        (Edit(_EFFECTS, '"unknown" if load.counts["deleted"] else "absent"', '"absent"'),),
        (_TRUE,),
    ),
    Guard(
        "loads that perhaps changed nothing",
        "a row is told to be as an older load has it, which was superseded",
        (Edit(_EFFECTS, 'self.known or not load.counts["superseded"]', "True"),),
        (_TRUE,),
    ),
)
