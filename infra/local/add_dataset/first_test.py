"""The first test of a dataset: that it reads a sample, and counts each row of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from include.core.csv.faults import Counts

_MODULE: Final = '''"""The dataset {name} reads its sample, and accounts for every row of it."""

from __future__ import annotations

from pathlib import Path

from include.datasets.{name} import DATASET
from infra.local.try_file.trying import tried, workspace

SAMPLE = Path(__file__).with_name("{name}.csv")


def test_sample_goes_through_and_each_of_its_rows_is_counted() -> None:
    with workspace() as work, tried(DATASET, SAMPLE, work) as outcome:
        assert outcome.causes == ()
        assert outcome.trial is not None
        counts = outcome.trial.counts
        assert (counts.read, outcome.trial.kept) == ({read}, {kept})
        assert (counts.duplicate, counts.rejected) == ({duplicate}, {rejected})
'''


def first_test(name: str, counts: Counts) -> str:
    """Write the module.

    Arguments:
        name: the dataset's.
        counts: of its sample.
    """
    return _MODULE.format(
        name=name,
        read=counts.read,
        kept=counts.kept - counts.duplicate,
        duplicate=counts.duplicate,
        rejected=counts.rejected,
    )
