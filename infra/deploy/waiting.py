"""How long a deployment waits for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from infra.common.waiting import until
from infra.deploy.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds to wait.

    Attributes:
        environment: until MWAA's environment is available; making one takes 20 to 40 minutes.
        sync: until MWAA has copied the DAG files from the bucket, which it does twice a minute.
        dags: until Airflow has read the copied DAG files.
        run: until a run has ended.
        poll: between two looks.
    """

    environment: float = 3600
    sync: float = 60
    dags: float = 900
    run: float = 1800
    poll: float = 5


def wait_for(look: Callable[[], Found | None], *, seconds: float, poll: float, what: str) -> Found:
    """Look until there is something, and return it.

    Raises:
        DeployError: there was nothing when seconds went by.
    """
    found = until(look, seconds=seconds, poll=poll)
    if found is None:
        raise DeployError(f"{what} within {seconds:.0f} s")
    return found
