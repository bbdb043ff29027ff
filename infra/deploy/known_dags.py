"""Waits until Airflow knows the DAGs that were just put into its folder."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from infra.aws.declared_dags import declared_dags
from infra.common.airflow_rest import is_after
from infra.deploy.dag_files import PREFIX
from infra.deploy.errors import DeployError
from infra.deploy.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from datetime import datetime
    from pathlib import Path

    from infra.common.airflow_rest import AirflowRest
    from infra.deploy.waiting import Patience


def dags_of(package: Path) -> set[str]:
    """The ids of the DAGs that a package's DAG files declare."""
    return {dag.dag_id for dag in declared_dags(package / PREFIX)}


def wait_until_known(
    api: AirflowRest,
    dag_ids: AbstractSet[str],
    *,
    since: datetime | None,
    report: Callable[[str], None],
    patience: Patience,
) -> list[str]:
    """Wait until Airflow has read every DAG, and no DAG file has an error; returns all DAGs' ids.

    Arguments:
        api: of the environment.
        dag_ids: the DAGs that the files declare.
        since: when the files were put into the bucket; None if nothing has changed. What was
            read before MWAA can have copied them proves nothing, and an error of that time may
            come from half a copy.
        report: receives a line about what is waited for.
        patience: how long.

    Raises:
        DeployError: a file cannot be read, or a DAG was not read within the time.
    """
    copied = None if since is None else since + timedelta(seconds=patience.sync)
    if copied is not None:
        report(f"waiting for MWAA to copy the files and for Airflow to read {len(dag_ids)} DAGs")

    def look() -> list[str] | None:
        _check_errors(api, copied)
        dags = api.dags()
        fresh = {dag["dag_id"] for dag in dags if is_after(dag["last_parsed_time"], copied)}
        return sorted(dag["dag_id"] for dag in dags) if dag_ids <= fresh else None

    return wait_for(
        look,
        seconds=patience.dags,
        poll=patience.poll,
        what=f"Airflow did not read all of {', '.join(sorted(dag_ids))}",
    )


def _check_errors(api: AirflowRest, copied: datetime | None) -> None:
    lasting = [error for error in api.import_faults() if is_after(error["timestamp"], copied)]
    if lasting:
        texts = [f"{error['filename']}: {error['stack_trace']}" for error in lasting]
        raise DeployError("Airflow cannot read DAG files:\n" + "\n".join(texts))
