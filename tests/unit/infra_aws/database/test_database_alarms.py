"""What somebody is told of the warehouse."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from tests.unit.infra_aws.alarms import alarms, dimensions, watched
from tests.unit.infra_aws.templates import Template, of_type

RunCdk = Callable[..., subprocess.CompletedProcess[str]]

GIB = 1024**3
# It prints the memory of each class that is named, or what is said of one that is not known.
MEMORY = """
import sys
from infra.aws.database.alarms import memory_gib
for database_class in sys.argv[1:]:
    try:
        print(memory_gib(database_class))
    except ValueError as error:
        print(error)
"""


def test_alarms_of_the_warehouse_watch_the_warehouse(platform: Template) -> None:
    ((logical_id, _),) = of_type(platform, "AWS::RDS::DBInstance").items()
    watching = [a for a in alarms(platform).values() if watched(a)["Namespace"] == "AWS/RDS"]
    assert len(watching) >= 4
    for alarm in watching:
        assert dimensions(alarm) == {"DBInstanceIdentifier": {"Ref": logical_id}}


def test_storage_is_told_of_only_where_it_should_have_grown_by_itself(platform: Template) -> None:
    ((_, database),) = of_type(platform, "AWS::RDS::DBInstance").items()
    alarm = alarms(platform)["database-storage"]
    grows_at = int(database["AllocatedStorage"]) * GIB / 10
    assert 0 < alarm["Threshold"] < grows_at
    assert (alarm["Statistic"], alarm["ComparisonOperator"]) == ("Minimum", "LessThanThreshold")


@pytest.mark.parametrize(
    ("environment", "memory_gib", "connections"), [("dev", 2, 134), ("prod", 8, 540)]
)
def test_connections_and_memory_are_told_of_by_what_the_class_has(
    request: pytest.FixtureRequest, environment: str, memory_gib: int, connections: int
) -> None:
    found = alarms(request.getfixturevalue(f"{environment}_platform"))
    most = memory_gib * GIB / 9531392
    assert found["database-connections"]["Threshold"] == connections < 0.8 * most
    assert found["database-memory"]["Threshold"] == memory_gib * GIB // 20


def test_credits_are_watched_where_the_class_has_them(
    dev_platform: Template, prod_platform: Template
) -> None:
    assert "database-credits" in alarms(dev_platform)
    assert "database-credits" not in alarms(prod_platform)


def test_rds_tells_of_failovers_failures_and_storage(platform: Template) -> None:
    ((logical_id, _),) = of_type(platform, "AWS::RDS::DBInstance").items()
    ((_, events),) = of_type(platform, "AWS::RDS::EventSubscription").items()
    assert (events["SourceType"], events["SourceIds"]) == ("db-instance", [{"Ref": logical_id}])
    assert events["EventCategories"] == ["failover", "failure", "low storage"]
    assert events["SnsTopicArn"]["Fn::GetStackOutput"]["OutputName"] == "AlertsTopicArn"
    assert events.get("Enabled", True)


def test_memory_of_a_class_is_known_or_asked_for(run_cdk: RunCdk) -> None:
    known = {"t4g.micro": 1, "t4g.medium": 4, "m7g.2xlarge": 32, "r7g.large": 16}
    done = run_cdk("-c", MEMORY, *known, "x2g.large", "m7g.metal")
    *sizes, family, size = done.stdout.splitlines()
    assert sizes == [str(gib) for gib in known.values()]
    for name, answer in (("x2g.large", family), ("m7g.metal", size)):
        assert answer.startswith(f"memory of {name} is not known")
