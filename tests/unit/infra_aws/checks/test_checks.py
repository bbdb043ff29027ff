"""What the security checks find has a reason, and every reason has what it is for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.aws.checks.__main__ import table
from infra.aws.checks.acknowledged import ACKNOWLEDGED
from infra.aws.checks.acknowledgement import Acknowledgement, compare, lasting
from infra.aws.checks.finding import Finding, parse
from infra.aws.environment import ENVIRONMENTS
from infra.common.paths import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

RunCdk = Callable[..., subprocess.CompletedProcess[str]]

# It prints what is found beside the findings of every environment.
ALL_THERE_IS = """
import json
from dataclasses import replace
from infra.aws.app import add_stacks, new_app
from infra.aws.charts.choices import QuickSight
from infra.aws.checks.acknowledged import ACKNOWLEDGED
from infra.aws.checks.acknowledgement import lasting
from infra.aws.checks.plugin import find
from infra.aws.environment import DEV
from infra.aws.github import GitHub
from infra.aws.uploads import Partner
app = new_app()
stacks = add_stacks(app, environment=replace(
    DEV,
    alerts_email="data-platform@example.com",
    charts_cidrs=("10.9.0.0/22",),
    crawler=True,
    endpoints=("logs", "secretsmanager", "sqs"),
    failures_email="on-call@example.com",
    github=GitHub(repository="example-org/sluice"),
    nat_gateways=2,
    partners=(Partner(name="Acme", principal="111122223333", prefix="uploads/sqs/acme/"),),
    public_ui=False,
    quicksight=QuickSight(authors="analysts", readers="colleagues"),
    ui_cidrs=("10.8.0.0/22",),
))
app.synth()
beside = find(stacks).keys() - set(lasting(ACKNOWLEDGED, "dev"))
print(json.dumps(sorted(map(str, beside))))
"""

LOGGING = Acknowledgement(
    rules=("Rule-1", "Rule-2"),
    stack="pipelines",
    resources=("Landing/Bucket", "of {environment}/Bucket"),
    environments=("dev",),
    reason="A trail of the account records it.",
)


def test_reason_covers_each_of_its_rules_at_each_of_its_resources() -> None:
    found = {
        Finding("pipelines", resource, rule)
        for resource in ("Landing/Bucket", "of dev/Bucket")
        for rule in ("Rule-1", "Rule-2")
    }
    difference = compare(found, [LOGGING], "dev")
    assert (difference.unexplained, difference.stale) == ([], [])


@pytest.mark.parametrize(
    "other",
    [
        Finding("code", "Landing/Bucket", "Rule-1"),
        Finding("pipelines", "Landing/Bucket/Policy", "Rule-1"),
        Finding("pipelines", "Landing/Bucket", "Rule-3"),
        Finding("pipelines", "Landing/Bucket", "Rule-1", "Action::s3:*"),
    ],
)
def test_reason_covers_no_other_stack_resource_rule_or_detail(other: Finding) -> None:
    difference = compare({*LOGGING.findings("dev"), other}, [LOGGING], "dev")
    assert (difference.unexplained, difference.stale) == ([other], [])


def test_reason_for_one_environment_is_none_for_another() -> None:
    found = Finding("pipelines", "Landing/Bucket", "Rule-1")
    assert compare({found}, [LOGGING], "prod").unexplained == [found]


def test_reason_for_what_is_no_longer_found_is_stale() -> None:
    gone, *found = sorted(LOGGING.findings("dev"))
    difference = compare(set(found), [LOGGING], "dev")
    assert (difference.unexplained, difference.stale) == ([], [gone])


def test_reason_for_what_is_made_on_demand_waits_for_its_finding() -> None:
    waiting = replace(LOGGING, optional=True)
    difference = compare(set(), [waiting], "dev")
    assert (difference.unexplained, difference.stale) == ([], [])
    assert compare(set(waiting.findings("dev")), [waiting], "dev").unexplained == []


@pytest.mark.parametrize(
    ("reported", "read"),
    [
        ("Pack-S1", ("Pack-S1", "")),
        ("Pack-IAM5[Action::s3:List*]", ("Pack-IAM5", "Action::s3:List*")),
        ("Pack-IAM5[Resource::<LakeB1D32E10.Arn>/a/*]", ("Pack-IAM5", "Resource::<Lake.Arn>/a/*")),
        (
            'Pack-IAM5[R::{"Fn::GetStackOutput":{"StackName":"a-code","OutputName":"Bucket"}}/*]',
            ("Pack-IAM5", "R::<a-code.Bucket>/*"),
        ),
    ],
)
def test_finding_is_read_without_what_cdk_makes_of_paths(
    reported: str, read: tuple[str, str]
) -> None:
    finding = parse("code", "sluice-dev-code/Code/from Airflow59A753A4:443", reported)
    assert finding == Finding("code", "Code/from Airflow:443", *read)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_finding_has_two_reasons(environment: str) -> None:
    covered = Counter(f for given in ACKNOWLEDGED for f in given.findings(environment))
    assert [finding for finding, times in covered.items() if times > 1] == []


def test_each_reason_is_said_in_a_sentence_and_not_by_who_it_concerns() -> None:
    for given in ACKNOWLEDGED:
        assert given.reason[0].isupper()
        assert given.reason.endswith(".")
        assert len(given.reason.split()) >= 12
        assert "applicable" not in given.reason


def test_table_has_each_reason_with_its_rules_and_how_many_findings_stay() -> None:
    rows = table().splitlines()
    for given in ACKNOWLEDGED:
        (row,) = (r for r in rows if r.endswith(f"{given.reason} |") and given.stack in r[:12])
        assert all(rule in row for rule in given.rules)
    counts = [len(lasting(ACKNOWLEDGED, name)) for name in ENVIRONMENTS]
    assert rows[-1] == f"Findings that stay: {counts[0]} in dev, {counts[1]} in prod."


def test_templates_say_nothing_of_the_checks(templates_folder: Path) -> None:
    for path in templates_folder.glob("*/*.template.json"):
        resources = json.loads(path.read_text())["Resources"].values()
        assert [resource for resource in resources if "Metadata" in resource] == []


def test_synthesis_fails_on_what_has_no_reason_and_on_reasons_for_nothing(
    run_cdk: RunCdk, tmp_path: Path
) -> None:
    shutil.copytree(REPOSITORY / "infra" / "aws", tmp_path / "infra" / "aws")
    for path, old, new in (
        ("checks/acknowledged/pipelines.py", "Items/Table/Resource", "Things/Table/Resource"),
        ("airflow/logs.py", 'log_level="INFO"', 'log_level="WARNING"'),
    ):
        source = tmp_path / "infra" / "aws" / path
        assert source.read_text().count(old) == 1
        source.write_text(source.read_text().replace(old, new))
    synth = run_cdk("-m", "infra.aws.synth", "--folder", str(tmp_path / "made"), folder=tmp_path)
    assert (synth.returncode, synth.stdout) == (1, "")
    told = [line for line in synth.stderr.splitlines() if "FATAL" in line]
    assert len(told) == 3
    assert "DynamoDBInBackupPlan at pipelines/Items/Table/Resource" in told[0]
    assert "Sluice-MWAAAllLoggingInfo at platform/Airflow/Environment" in told[1]
    assert "no longer found" in told[2]
    assert "DynamoDBInBackupPlan at pipelines/Things/Table/Resource" in told[2]
    assert not (tmp_path / "made").exists()


def test_environment_that_asks_for_all_there_is_has_a_reason_for_each_finding(
    run_cdk: RunCdk,
) -> None:
    done = run_cdk("-c", ALL_THERE_IS)
    assert (done.returncode, done.stderr) == (0, "")
    optional = [f for a in ACKNOWLEDGED if a.optional for f in a.findings("dev")]
    assert json.loads(done.stdout) == sorted(map(str, optional))


def test_nothing_is_acknowledged_but_in_the_table() -> None:
    sources = (REPOSITORY / "infra" / "aws").rglob("*.py")
    by_cdk = re.compile(r"\.acknowledge(_\w+)?\(")
    assert [path for path in sources if by_cdk.search(path.read_text())] == []
