"""Deploys an environment, from its templates to a run that succeeds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.common.airflow_rest import now
from infra.common.own_files import datasets_of_nobody
from infra.common.paths import POOLS
from infra.deploy import airflow_environment, code_files, dag_files, smoke, stacks
from infra.deploy.cdk import check_is_known
from infra.deploy.errors import DeployError
from infra.deploy.known_dags import dags_of, wait_until_known
from infra.deploy.mwaa_airflow import MwaaAirflow
from infra.deploy.stacks import stack_name
from infra.deploy.steps import detail, step
from infra.deploy.waiting import Patience

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infra.deploy.account import Account
    from infra.deploy.cdk import Cdk


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What is deployed where.

    Attributes:
        environment: name of the environment.
        account: where it goes.
        cdk: deploys the stacks.
        package: folder that `make package` made.
        patience: how long to wait for what.
    """

    environment: str
    account: Account
    cdk: Cdk
    package: Path
    patience: Patience = field(default_factory=Patience)

    def stack(self, part: str) -> str:
        """The name of a stack of this environment."""
        return stack_name(self.environment, part)


def deploy(to: Deployment, *, confirm: Callable[[], bool]) -> None:
    """Do all steps, each of which is safe to do again; stop at the first that fails.

    Arguments:
        to: what goes where.
        confirm: asked once, after all differences were shown and before anything is changed.

    Raises:
        DeployError: a step failed, or it was not confirmed.
        StackError: Airflow refused a call.
    """
    check_package(to.package)
    with step("synthesize the templates"):
        to.cdk.synthesize()
    with step("compare them with what is deployed"):
        for part in stacks.PARTS:
            found = stacks.find(to.account.client("cloudformation"), to.stack(part))
            stacks.check_can_change(found)
            if found is not None:
                check_is_known(found.name, to.cdk)
        to.cdk.diff()
    if not confirm():
        raise DeployError("not confirmed, nothing was changed")
    if not to.cdk.bootstrapped():
        with step(f"bootstrap account {to.account.number} in {to.account.region}"):
            to.cdk.bootstrap()
    versions = deploy_stacks(to)
    deploy_dags(to, versions)
    deploy_charts(to)


def check_package(package: Path) -> None:
    """Hold a folder to what `make package` makes, and its datasets to files that can be had.

    Raises:
        DeployError: names what is missing, or the datasets whose files are on one laptop alone.
    """
    wanted = [*code_files.PARAMETERS, dag_files.PREFIX]
    missing = [name for name in wanted if not (package / name).exists()]
    if missing or not dags_of(package):
        names = ", ".join(missing) or "a DAG file"
        raise DeployError(f"{package} lacks {names}: make package builds it")
    own = datasets_of_nobody(package / dag_files.PREFIX / "include" / "datasets")
    if own:
        raise DeployError(
            f"{', '.join(own)}: the file is on one laptop alone. Name owner, repository and path "
            "of one in include/datasets, then make package"
        )


def deploy_stacks(to: Deployment) -> dict[str, str]:
    """Deploy all stacks and the files that the last one names; returns the files' versions.

    Raises:
        DeployError: says which stack failed, and of the platform what MWAA says about it.
    """
    with step(f"deploy {to.stack('code')}"):
        to.cdk.deploy(to.stack("code"))
    with step("upload plugins, requirements and startup script"):
        s3 = to.account.client("s3")
        versions, uploaded = code_files.upload(s3, _code_bucket(to), to.package)
        detail(f"uploaded {', '.join(uploaded)}" if uploaded else "all there already")
    with step(f"deploy {to.stack('pipelines')}"):
        to.cdk.deploy(to.stack("pipelines"))
    mwaa, name = to.account.client("mwaa"), f"sluice-{to.environment}"
    if airflow_environment.find(mwaa, name) is None:
        with step("put the DAG files where MWAA will look for them when it is made"):
            detail(f"uploaded {len(_sync(to).uploaded)}")
    with step(f"deploy {to.stack('platform')} (20 to 40 minutes the first time)"):
        try:
            to.cdk.deploy(to.stack("platform"), parameters=versions, force=True)
        except DeployError as error:
            found = airflow_environment.find(mwaa, name)
            raise DeployError(f"{error}. {airflow_environment.what_failed(found)}") from error
    return versions


def deploy_dags(to: Deployment, versions: dict[str, str]) -> None:
    """Bring the DAGs to an environment whose stacks are deployed, and try them.

    Raises:
        DeployError: says what failed.
        StackError: Airflow refused a call.
    """
    mwaa = to.account.client("mwaa")
    with step("bring the DAG files up to date"):
        changes = _sync(to)
        synced = now() if changes.uploaded or changes.deleted else None
        for done, keys in (("uploaded", changes.uploaded), ("deleted", changes.deleted)):
            detail("\n".join([f"{done} {len(keys)}", *(f"  {key}" for key in keys)]))
        detail(f"kept {changes.kept}")
    with step("wait for Airflow"):
        name = _output(to, "platform", "AirflowEnvironment")
        found = airflow_environment.wait_until_available(
            mwaa, name, report=detail, patience=to.patience
        )
        airflow_environment.check_versions(found, versions)
        api = MwaaAirflow(mwaa, name, pause=to.patience.poll)
        declared = dags_of(to.package)
        known = wait_until_known(api, declared, since=synced, report=detail, patience=to.patience)
        detail(f"Airflow knows {', '.join(known)}")
    with step("set the pools"):
        pools = json.loads(POOLS.read_text())
        api.set_pools(pools)
        detail(", ".join(f"{pool} {traits['slots']}" for pool, traits in pools.items()))
    url = f"https://{found['WebserverUrl']}"
    for dag_id in smoke.DAGS:
        with step(f"run {dag_id}"):
            smoke.run(api, dag_id, url=url, report=detail, patience=to.patience)


def deploy_charts(to: Deployment) -> None:
    """Deploy what QuickSight shows, where the environment has it.

    It comes last: QuickSight logs in to the warehouse when it is told of it, as a user that the
    run of migrate_warehouse has made.

    Raises:
        DeployError: the stack failed.
    """
    charts = to.stack("charts")
    if to.cdk.has(charts):
        with step(f"deploy {charts}"):
            to.cdk.deploy(charts, force=True)


def _sync(to: Deployment) -> dag_files.Changes:
    return dag_files.sync(to.account.client("s3"), _code_bucket(to), to.package)


def _code_bucket(to: Deployment) -> str:
    return _output(to, "code", "CodeBucket")


def _output(to: Deployment, part: str, key: str) -> str:
    return stacks.output(to.account.client("cloudformation"), to.stack(part), key)
