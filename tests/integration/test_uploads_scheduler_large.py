"""Files of many rows that land in S3, through the real triggerer and scheduler.

What looks at all items takes long from here on, so this comes after the other tests of uploads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.datasets import addresses
from tests.support.scheduled_runs import ScheduledRuns
from tests.support.upload_checks import check
from tests.support.uploads import ITEMS, SQS, Uploads

if TYPE_CHECKING:
    from infra.local.stack import Stack

ROWS = addresses.DATASET.chunk_rows + 1
PATIENCE_SECONDS = 900.0


@pytest.mark.thorough
def test_files_of_more_than_a_chunk_arrive_whole(stack: Stack) -> None:
    uploads = Uploads(ScheduledRuns(stack))
    files = [uploads.land(it, "many", uploads.text("many", ROWS)) for it in (SQS, ITEMS)]
    uploads.wait(files, seconds=PATIENCE_SECONDS)
    assert uploads.states(files) == ["done"] * len(files)
    check(uploads, files)
