"""Loads where QuickSight is: what they call, with which rights, and that it fails none of them."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from infra.local.layout import SHIPPED_GITHUB
from infra.local.processes.warden import guarded_group
from infra.local.stand_ins.github import GitHubStandIn
from tests.support.aws_calls import rights_of
from tests.support.charts_templates import synthesize_charts
from tests.support.iam_policies import Idle, compare
from tests.support.quicksight_stand_in import QuickSightStandIn
from tests.support.role_lab import open_lab

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from tests.support.aws_calls import Call
    from tests.support.role_lab import Lab

# All of it looks at the calls of one lab, which needs a template of CDK.
pytestmark = pytest.mark.xdist_group("cdk")

DATA_SETS = ("sluice-dev-covid_us_daily", "sluice-dev-covid_us_states_daily")
SECRET = "sluice/dev/quicksight"  # noqa: S105 -- its name
PURPOSES = ("RenewThePasswordOfCharts", "EncryptThePasswordOfCharts", "RefreshCharts")
MOMENT = "2020-12-05T08:30:00Z"
IDLE = (
    Idle(
        sid="EncryptThePasswordOfCharts",
        why="Secrets Manager does it for who writes an encrypted secret",
    ),
)


@pytest.fixture(scope="module")
def quicksight() -> Iterator[QuickSightStandIn]:
    with QuickSightStandIn(*DATA_SETS) as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def lab(
    run_cdk: Callable[..., subprocess.CompletedProcess[str]],
    quicksight: QuickSightStandIn,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lab]:
    root = tmp_path_factory.mktemp("charts")
    made = synthesize_charts(run_cdk, tmp_path_factory.mktemp("templates"))
    platform = json.loads((made / "dev" / "platform.template.json").read_text())
    with guarded_group(root) as group, GitHubStandIn(SHIPPED_GITHUB) as github:
        opened = open_lab(group, root, platform, github=github.url, api="http://127.0.0.1:1")
        opened.environment["AWS_ENDPOINT_URL_QUICKSIGHT"] = quicksight.url
        yield opened


@pytest.fixture(scope="module")
def calls(lab: Lab) -> list[Call]:
    """Every call of a deployment's run, of a load of each table, and of a dry run."""
    asked = json.dumps({"as_of": MOMENT})
    return lab.run(
        "migrate_warehouse",
        f"covid_us_daily {asked}",
        f"covid_us_states_daily {asked}",
        'covid_us_daily {"dry_run": true, "as_of": "' + MOMENT + '"}',
    )


def test_every_call_about_quicksight_is_allowed_and_all_that_is_allowed_is_called(
    lab: Lab, calls: list[Call]
) -> None:
    grants = [grant for grant in lab.grants if grant.sid in PURPOSES]
    assert {grant.sid for grant in grants} == {*PURPOSES}
    rights = {right for right in rights_of(calls) if "quicksight" in right.resource}
    assert compare(rights, grants, IDLE) == []


def test_each_load_has_its_data_set_read_once_and_a_dry_run_has_not(
    calls: list[Call], quicksight: QuickSightStandIn
) -> None:
    assert [call.name for call in calls].count("quicksight:CreateIngestion") == len(DATA_SETS)
    for data_set in DATA_SETS:
        assert len(quicksight.ingestions[data_set]) == 1


def kept(lab: Lab) -> dict[str, Any]:
    found = lab.emulator.client("secretsmanager").get_secret_value(SecretId=SECRET)
    value: dict[str, Any] = json.loads(found["SecretString"])
    return value


def test_password_that_the_deployments_run_has_made_opens_the_warehouse(
    lab: Lab, calls: list[Call]
) -> None:
    # Once: the loads found that it was not due.
    assert [call.name for call in calls].count("secretsmanager:PutSecretValue") == 1
    secrets = lab.emulator.client("secretsmanager")
    stages = secrets.describe_secret(SecretId=SECRET)["VersionIdsToStages"]
    assert len(stages) == 2
    connection = secrets.get_secret_value(SecretId="sluice/dev/connections/sluice_warehouse")
    place = json.loads(connection["SecretString"])
    opened = psycopg2.connect(
        host=place["host"],
        port=place["port"],
        dbname=kept(lab)["dbname"],
        user=kept(lab)["username"],
        password=kept(lab)["password"],
    )
    with closing(opened), opened.cursor() as cursor:
        cursor.execute("select current_user, count(*) > 0 from covid.us_states_daily group by 1")
        assert cursor.fetchall() == [("sluice_quicksight", True)]


@pytest.mark.thorough(usual=1)
@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize("trouble", ["no data set", "failed ingestions"])
def test_load_succeeds_whatever_quicksight_says_after_a_few_tries(
    lab: Lab, quicksight: QuickSightStandIn, trouble: str
) -> None:
    quicksight.ingestions.clear()
    if trouble == "no data set":
        quicksight.data_sets.clear()
    else:
        quicksight.data_sets |= {*DATA_SETS}
        quicksight.ends = "FAILED"
    lab.run(f"covid_us_daily {json.dumps({'as_of': MOMENT})}")
    tries = quicksight.ingestions[DATA_SETS[0]]
    assert len(tries) == len(set(tries)) == 3


@pytest.mark.usefixtures("calls")
def test_load_succeeds_where_the_secret_is_gone_and_leaves_the_charts(
    lab: Lab, quicksight: QuickSightStandIn
) -> None:
    quicksight.ingestions.clear()
    lab.emulator.client("secretsmanager").delete_secret(
        SecretId=SECRET, ForceDeleteWithoutRecovery=True
    )
    lab.run(f"covid_us_daily {json.dumps({'as_of': MOMENT})}")
    assert not quicksight.ingestions
