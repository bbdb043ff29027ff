"""True and false: the declared spellings, or the words that Postgres takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.core.csv.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.contracts.columns import Column

# https://www.postgresql.org/docs/18/datatype-boolean.html
TRUE_WORDS: Final = ("true", "t", "yes", "y", "on", "1")
FALSE_WORDS: Final = ("false", "f", "no", "n", "off", "0")


def booleans(column: Column) -> Callable[[str], str]:
    """Build the parser of a boolean column; letter case counts in declared spellings alone."""
    spelled = dict.fromkeys(column.true_values, "true")
    spelled |= dict.fromkeys(column.false_values, "false")
    words = {} if column.true_values else dict.fromkeys(TRUE_WORDS, "true")
    words |= {} if column.false_values else dict.fromkeys(FALSE_WORDS, "false")

    def parse(text: str) -> str:
        value = spelled.get(text) or words.get(text.lower())
        if value is None:
            raise Fault("not_a_boolean")
        return value

    return parse
