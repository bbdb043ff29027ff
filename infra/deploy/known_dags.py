"""Waits until Airflow knows the DAGs that were just put into its folder."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from infra.common.airflow_rest import is_after
from infra.deploy.errors import DeployError
from infra.deploy.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from infra.common.airflow_rest import AirflowRest
    from infra.deploy.waiting import Patience


def wait_until_known(
    api: AirflowRest,
    files: set[str],
    *,
    since: datetime | None,
    tell: Callable[[str], None],
    patience: Patience,
) -> list[str]:
    """Wait until Airflow has read every DAG file, and none of them in vain; returns the DAGs' ids.

    Arguments:
        api: of the environment.
        files: names of the files in the folder of DAGs.
        since: when the files were put into the bucket; None if nothing has changed. What was
            read before MWAA can have copied them proves nothing, and an error of that time may
            come from half a copy.
        tell: given a line about what is waited for.
        patience: how long.

    Raises:
        DeployError: a file cannot be read, or was not within the time.
    """
    settled = None if since is None else since + timedelta(seconds=patience.sync)
    if settled is not None:
        tell(f"waiting for MWAA to copy the files and for Airflow to read them ({len(files)})")

    def look() -> list[str] | None:
        _check_errors(api, settled)
        dags = api.dags()
        fresh = [dag for dag in dags if is_after(dag["last_parsed_time"], settled)]
        read = {PurePosixPath(dag["fileloc"]).name for dag in fresh}
        return sorted(dag["dag_id"] for dag in dags) if files <= read else None

    return wait_for(
        look,
        seconds=patience.dags,
        poll=patience.poll,
        what=f"Airflow did not read all of {', '.join(sorted(files))}",
    )


def _check_errors(api: AirflowRest, settled: datetime | None) -> None:
    lasting = [e for e in api.import_faults() if is_after(e["timestamp"], settled)]
    if lasting:
        texts = [f"{error['filename']}: {error['stack_trace']}" for error in lasting]
        raise DeployError("Airflow cannot read DAG files:\n" + "\n".join(texts))
