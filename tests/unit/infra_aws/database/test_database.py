"""What the warehouse promises: who gets in, what is kept and how long, and what is logged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.aws.environment import ENVIRONMENTS, Environment
from tests.unit.infra_aws.network.networks import the_only
from tests.unit.infra_aws.templates import (
    ACCOUNT,
    REGION,
    Template,
    behind,
    of_type,
    resolved,
)

INSTANCE = "AWS::RDS::DBInstance"
MINUTES_OF_A_DAY = 24 * 60


@pytest.fixture(params=sorted(ENVIRONMENTS))
def environment(request: pytest.FixtureRequest) -> Environment:
    return ENVIRONMENTS[request.param]


@pytest.fixture
def deployed(environment: Environment, request: pytest.FixtureRequest) -> Template:
    """The platform of the environment at hand."""
    template: Template = request.getfixturevalue(f"{environment.name}_platform")
    return template


def instance(template: Template) -> dict[str, Any]:
    return the_only(template, INSTANCE)


def key_of_the_warehouse(template: Template) -> str:
    """Return the logical id of the key that storage is encrypted with."""
    logical_id, attribute = instance(template)["KmsKeyId"]["Fn::GetAtt"]
    assert attribute == "Arn"
    return str(logical_id)


def parameters(template: Template) -> dict[str, str]:
    group = instance(template)["DBParameterGroupName"]["Ref"]
    found: dict[str, str] = of_type(template, "AWS::RDS::DBParameterGroup")[group]["Parameters"]
    return found


def log_groups(template: Template) -> dict[str, dict[str, Any]]:
    """Return the log groups of the instance by the export that RDS writes to them."""
    below = f"/aws/rds/instance/{resolved(instance(template)['DBInstanceIdentifier'])}/"
    found = {}
    for logical_id, group in of_type(template, "AWS::Logs::LogGroup").items():
        name = resolved(group["LogGroupName"])
        if name.startswith(below):
            found[name.removeprefix(below)] = template["Resources"][logical_id]
    return found


def minutes(clock: str) -> int:
    hours, rest = clock.split(":")
    return int(hours) * 60 + int(rest)


def test_postgres_18_takes_minor_versions_by_itself_and_no_major_one(platform: Template) -> None:
    found = instance(platform)
    # A minor version here would contradict the one that RDS has gone on to.
    assert (found["Engine"], found["EngineVersion"]) == ("postgres", "18")
    assert found["AutoMinorVersionUpgrade"] is True
    assert "AllowMajorVersionUpgrade" not in found


def test_warehouse_is_not_on_the_internet(platform: Template) -> None:
    assert instance(platform)["PubliclyAccessible"] is False


def test_plain_connections_are_refused(platform: Template) -> None:
    assert parameters(platform)["rds.force_ssl"] == "1"
    assert parameters(platform)["ssl_min_protocol_version"] == "TLSv1.2"


def test_owner_is_a_user_of_its_own_whose_password_rds_makes_and_changes(
    platform: Template,
) -> None:
    found = instance(platform)
    assert found["MasterUsername"] == "sluice_migrations"
    assert found["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in found
    key = {"Fn::GetAtt": [key_of_the_warehouse(platform), "Arn"]}
    assert found["MasterUserSecret"] == {"KmsKeyId": key}


def test_output_tells_where_rds_keeps_the_password(platform: Template) -> None:
    ((logical_id, _),) = of_type(platform, INSTANCE).items()
    assert platform["Outputs"]["DatabaseSecretArn"]["Value"] == {
        "Fn::GetAtt": [logical_id, "MasterUserSecret.SecretArn"]
    }


def test_users_log_in_by_iam(platform: Template) -> None:
    assert instance(platform)["EnableIAMDatabaseAuthentication"] is True


def test_charts_policy_lets_in_as_the_reader_of_charts_and_as_nobody_else(
    platform: Template,
) -> None:
    ((logical_id, _),) = of_type(platform, INSTANCE).items()
    _, policy = behind(platform, "ChartsPolicyArn")
    (allowed,) = policy["PolicyDocument"]["Statement"]
    assert (allowed["Effect"], allowed["Action"]) == ("Allow", "rds-db:connect")
    _, parts = allowed["Resource"]["Fn::Join"]
    resource_id = {"Fn::GetAtt": [logical_id, "DbiResourceId"]}
    assert parts.count(resource_id) == 1
    assert "".join(resolved(part) if part != resource_id else "db-1" for part in parts) == (
        f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-1/sluice_charts_reader"
    )
    assert policy.keys() & {"Groups", "Roles", "Users"} == set()


def test_storage_insights_and_password_are_under_one_key_that_changes_every_year(
    platform: Template,
) -> None:
    found = instance(platform)
    assert found["StorageEncrypted"] is True
    assert found["PerformanceInsightsKMSKeyId"] == found["KmsKeyId"]
    assert found["MasterUserSecret"]["KmsKeyId"] == found["KmsKeyId"]
    key = of_type(platform, "AWS::KMS::Key")[key_of_the_warehouse(platform)]
    assert key["EnableKeyRotation"] is True


def test_key_is_the_accounts_and_cloudwatchs_for_the_logs_of_the_warehouse(
    platform: Template,
) -> None:
    key = of_type(platform, "AWS::KMS::Key")[key_of_the_warehouse(platform)]
    account, *others = key["KeyPolicy"]["Statement"]
    assert resolved(account["Principal"]) == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    (logs,) = (
        statement
        for statement in others
        if resolved(statement["Principal"]) == {"Service": f"logs.{REGION}.amazonaws.com"}
    )
    prefix = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:"
    names = [resolved(g["Properties"]["LogGroupName"]) for g in log_groups(platform).values()]
    assert resolved(logs["Condition"]) == {
        "ArnEquals": {"kms:EncryptionContext:aws:logs:arn": sorted(prefix + name for name in names)}
    }
    others.remove(logs)
    assert {json.dumps(resolved(s["Principal"])) for s in others} <= {
        json.dumps({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    }


def test_storage_grows_by_itself_up_to_what_the_environment_allows(
    deployed: Template, environment: Environment
) -> None:
    found = instance(deployed)
    assert found["StorageType"] == "gp3"
    assert found["AllocatedStorage"] == str(environment.database_gib)
    assert found["MaxAllocatedStorage"] == environment.database_max_gib


def test_size_standby_and_backups_are_the_environments(
    deployed: Template, environment: Environment
) -> None:
    found = instance(deployed)
    assert found["DBInstanceClass"] == f"db.{environment.database_class}"
    assert found["MultiAZ"] is environment.database_standby
    assert found["BackupRetentionPeriod"] == environment.backup_days
    assert found["CopyTagsToSnapshot"] is True


def test_in_prod_the_warehouse_cannot_go_without_a_snapshot_that_can_be_read(
    prod_platform: Template,
) -> None:
    ((logical_id, found),) = of_type(prod_platform, INSTANCE).items()
    assert found["DeletionProtection"] is True
    assert found["DeleteAutomatedBackups"] is False
    resources = prod_platform["Resources"]
    removal = resources[logical_id]
    assert (removal["DeletionPolicy"], removal["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
    key = resources[key_of_the_warehouse(prod_platform)]
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_in_dev_the_warehouse_goes_with_its_stack_and_leaves_nothing(
    dev_platform: Template,
) -> None:
    ((logical_id, found),) = of_type(dev_platform, INSTANCE).items()
    assert found["DeletionProtection"] is False
    assert found["DeleteAutomatedBackups"] is True
    for left in (logical_id, key_of_the_warehouse(dev_platform)):
        removal = dev_platform["Resources"][left]
        assert (removal["DeletionPolicy"], removal["UpdateReplacePolicy"]) == ("Delete", "Delete")


def test_replacing_the_warehouse_by_an_empty_one_fails_for_its_name(platform: Template) -> None:
    assert resolved(instance(platform)["DBInstanceIdentifier"]) == "sluice-warehouse-0a1b2c3d"


def test_logs_are_kept_as_long_as_the_environment_says_under_the_key_of_the_warehouse(
    deployed: Template, environment: Environment
) -> None:
    found = log_groups(deployed)
    assert sorted(found) == sorted(instance(deployed)["EnableCloudwatchLogsExports"])
    assert sorted(found) == ["iam-db-auth-error", "postgresql", "upgrade"]
    kept = "Retain" if environment.keeps_data else "Delete"
    for group in found.values():
        assert group["Properties"]["RetentionInDays"] == environment.log_days
        assert group["Properties"]["KmsKeyId"] == instance(deployed)["KmsKeyId"]
        assert (group["DeletionPolicy"], group["UpdateReplacePolicy"]) == (kept, kept)


def test_log_groups_are_there_before_rds_would_make_them(platform: Template) -> None:
    ((logical_id, _),) = of_type(platform, INSTANCE).items()
    before = platform["Resources"][logical_id]["DependsOn"]
    groups = [platform["Resources"][name] for name in before]
    for group in log_groups(platform).values():
        assert group in groups


def test_who_comes_and_goes_and_waits_is_logged(platform: Template) -> None:
    found = parameters(platform)
    assert found["log_connections"] == "all"
    assert found["log_disconnections"] == found["log_lock_waits"] == "1"


def test_no_text_of_a_statement_and_no_row_of_an_error_is_logged(platform: Template) -> None:
    found = parameters(platform)
    assert found["log_statement"] == "none"
    assert found["log_min_duration_statement"] == "-1"
    assert found["log_min_error_statement"] == "panic"
    assert found["log_error_verbosity"] == "terse"


def test_slow_statements_are_found_without_their_values(platform: Template) -> None:
    assert parameters(platform)["shared_preload_libraries"] == "pg_stat_statements"
    found = instance(platform)
    assert found["EnablePerformanceInsights"] is True
    assert found["DatabaseInsightsMode"] == "standard"
    assert found["PerformanceInsightsRetentionPeriod"] == 7  # days, for nothing


def test_machine_is_watched_every_minute_by_rds_for_this_instance_only(platform: Template) -> None:
    found = instance(platform)
    assert found["MonitoringInterval"] == 60
    role = of_type(platform, "AWS::IAM::Role")[found["MonitoringRoleArn"]["Fn::GetAtt"][0]]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    name = resolved(found["DBInstanceIdentifier"])
    assert resolved(trust["Condition"]) == {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }


def test_backups_and_maintenance_are_apart_from_each_other_and_from_the_daily_dags(
    platform: Template,
) -> None:
    found = instance(platform)
    backup = [minutes(clock) for clock in found["PreferredBackupWindow"].split("-")]
    begin, end = found["PreferredMaintenanceWindow"].split("-")
    assert begin[:4] == end[:4] == "sun:"
    maintenance = [minutes(clock[4:]) for clock in (begin, end)]
    # Both windows in turn, then an hour in hand before 08:30.
    assert [*backup, *maintenance] == sorted([*backup, *maintenance])
    assert maintenance[1] + 60 <= minutes("08:30") < MINUTES_OF_A_DAY
