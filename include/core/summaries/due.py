"""By when the next success of a scheduled dataset is expected."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from croniter import CroniterError, croniter

_LEAST, _MOST = timedelta(minutes=15), timedelta(hours=2)
# Of the time between two runs: a run takes a while, and may be tried again.
_SHARE: Final = 2


def due_after(schedule: str, as_of: datetime, *, step: timedelta = timedelta()) -> datetime | None:
    """Say when data is late that is of this moment.

    Arguments:
        schedule: a cron expression, UTC, or a word such as @daily.
        as_of: of the newest success, in UTC.
        step: the moments of runs are full steps: one of 8:07 has as_of 8:00 when a step is an hour.

    Returns:
        The first moment at which a run starts that is of a later one, and a grace: half the time
        between two runs, at least 15 minutes, at most two hours. None where a schedule names no
        times, such as @once.
    """
    # A run that starts within the step has the same as_of.
    after = as_of + step - timedelta(seconds=1) if step else as_of
    try:
        ticks = croniter(schedule, after)
        first: datetime = ticks.get_next(datetime)
        second: datetime = ticks.get_next(datetime)
    except (CroniterError, OverflowError):
        return None
    return first + min(max((second - first) / _SHARE, _LEAST), _MOST)
