"""The end of a deployment before the real Airflow: its DAGs, its pools and runs of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.aws.declared_dags import declared_dags
from infra.common.airflow_rest import now
from infra.common.paths import POOLS
from infra.deploy import smoke
from infra.deploy.known_dags import wait_until_known
from infra.deploy.mwaa_airflow import MwaaAirflow
from infra.deploy.waiting import Patience
from tests.support.mwaa_stand_in import MwaaStandIn, forward

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack

PATIENCE = Patience(sync=0, dags=120, run=180, poll=0.3)


@pytest.fixture
def mwaa(stack: Stack) -> Iterator[MwaaStandIn]:
    with MwaaStandIn({"Name": "sluice-dev"}, forward(stack.running.ui_url)) as stand_in:
        yield stand_in


def test_deployment_ends_with_the_warehouse_migrated_and_a_dataset_loaded(
    stack: Stack, mwaa: MwaaStandIn
) -> None:
    api = MwaaAirflow(mwaa.client(), "sluice-dev")
    declared = {dag.dag_id for dag in declared_dags()}
    since = now() - timedelta(days=1)
    told: list[str] = []
    known = wait_until_known(api, declared, since=since, report=told.append, patience=PATIENCE)
    assert set(smoke.DAGS) < declared <= set(known)  # other tests of this stack add DAGs

    pools = json.loads(POOLS.read_text())
    api.set_pools(pools)
    for name, traits in pools.items():
        assert traits.items() <= stack.api.call("GET", f"/pools/{name}").items()

    for dag_id in smoke.DAGS:
        smoke.run(api, dag_id, url=stack.running.ui_url, report=told.append, patience=PATIENCE)
    links = [line.split(": ")[1] for line in told if " succeeded: " in line]
    assert [link.split("/")[4] for link in links] == list(smoke.DAGS)
    for dag_id, link in zip(smoke.DAGS, links, strict=True):
        assert stack.api.run_state(dag_id, link.rsplit("/", 1)[1]) == "success"
    assert max(len(path) for _, path in mwaa.asked) <= 64
