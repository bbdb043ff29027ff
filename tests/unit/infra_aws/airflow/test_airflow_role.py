"""What the execution role may do beside the pipelines' resources, and whom it trusts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.resolved import Known, resolve
from tests.unit.infra_aws.templates import Template, of_type

HERE = "us-east-1:000000000000"
KNOWN = Known(
    outputs={"CodeBucket": "code", "PipelinesPolicyArn": "pipelines"},
    attributes={"DbiResourceId": "db-1", "MasterUserSecret.SecretArn": "master"},
)
READS_CODE = ["s3:GetBucket*", "s3:GetObject*", "s3:List*"]
KEY_USES = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*"]
LOGS = [
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:GetLogEvents",
    "logs:GetLogGroupFields",
    "logs:GetLogRecord",
    "logs:GetQueryResults",
    "logs:PutLogEvents",
]
QUEUES = [
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
]
# A star stands for the environment's name.
RIGHTS: dict[str, tuple[list[str], list[str]]] = {
    "ReadCode": (READS_CODE, ["arn:aws:s3:::code", "arn:aws:s3:::code/*"]),
    "SeeThatTheAccountIsClosedToThePublic": (["s3:GetAccountPublicAccessBlock"], ["*"]),
    "NameNoOtherBuckets": (["s3:ListAllMyBuckets"], ["*"]),
    "WriteAndShowLogs": (LOGS, [f"arn:aws:logs:{HERE}:log-group:airflow-sluice-{{}}-*"]),
    "FindLogGroups": (["logs:DescribeLogGroups"], ["*"]),
    "TellOfHealth": (
        ["airflow:PublishMetrics"],
        [f"arn:aws:airflow:{HERE}:environment/sluice-{{}}"],
    ),
    "PutMetrics": (["cloudwatch:PutMetricData"], ["*"]),
    "QueueTasks": (QUEUES, ["arn:aws:sqs:us-east-1:*:airflow-celery-*"]),
    "UseTheKeyOfTheEnvironment": (KEY_USES, ["the key of Airflow"]),
    "LookUpConnectionsAndVariables": (
        ["secretsmanager:GetSecretValue"],
        [
            f"arn:aws:secretsmanager:{HERE}:secret:sluice/{{}}/connections/sluice_*",
            *(
                f"arn:aws:secretsmanager:{HERE}:secret:sluice/{{}}/connections/{name}{end}"
                for name in ("github", "payments_api", "weather_api")
                for end in ("", "-??????")
            ),
            f"arn:aws:secretsmanager:{HERE}:secret:sluice/{{}}/variables/sluice_*",
        ],
    ),
    "ReadThePasswordOfTheOwner": (["secretsmanager:GetSecretValue"], ["master"]),
    "DecryptSecrets": (["kms:Decrypt"], ["the key of the warehouse"]),
    "LogInToTheWarehouse": (
        ["rds-db:connect"],
        [
            f"arn:aws:rds-db:{HERE}:dbuser:db-1/sluice_loader",
            f"arn:aws:rds-db:{HERE}:dbuser:db-1/sluice_migrations",
        ],
    ),
}
# Those that know no resource, or whose list has no bounds.
WITHOUT_RESOURCE = {
    "FindLogGroups",
    "NameNoOtherBuckets",
    "PutMetrics",
    "SeeThatTheAccountIsClosedToThePublic",
}
CHANGES = re.compile(
    r":(?:Attach|Create|Delete|Detach|Modify|Pass|Put|Remove|Restore|Rotate|Set|Tag|Untag|Update)"
    r"|:\*$|^\*"
)


def role_of(platform: Template) -> dict[str, Any]:
    """The role that the environment names."""
    (mwaa,) = of_type(platform, "AWS::MWAA::Environment").values()
    found: dict[str, Any] = platform["Resources"][mwaa["ExecutionRoleArn"]["Fn::GetAtt"][0]]
    properties: dict[str, Any] = found["Properties"]
    return properties


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements_of(platform: Template) -> dict[str, dict[str, Any]]:
    """Statements of the role's own policy by purpose, actions and resources as lists."""
    own = role_of(platform)["ManagedPolicyArns"][0]["Ref"]
    document = platform["Resources"][own]["Properties"]["PolicyDocument"]
    keys = keys_of(platform)
    found = {}
    for statement in document["Statement"]:
        resources = [resolve(each, KNOWN) for each in listed(statement["Resource"])]
        found[statement["Sid"]] = {
            **statement,
            "Action": listed(statement["Action"]),
            "Resource": [keys.get(each, each) for each in resources],
        }
    return found


def keys_of(platform: Template) -> dict[str, str]:
    """What keys are for, by what resolve makes of their ARNs."""
    (mwaa,) = of_type(platform, "AWS::MWAA::Environment").values()
    (database,) = of_type(platform, "AWS::RDS::DBInstance").values()
    return {
        resolve(mwaa["KmsKey"], KNOWN): "the key of Airflow",
        resolve(database["KmsKeyId"], KNOWN): "the key of the warehouse",
    }


def name_of(platform: Template) -> str:
    (mwaa,) = of_type(platform, "AWS::MWAA::Environment").values()
    return str(mwaa["Name"]).removeprefix("sluice-")


def test_every_purpose_is_one_statement_and_nothing_is_allowed_beside(platform: Template) -> None:
    expected = {
        sid: (actions, [resource.format(name_of(platform)) for resource in resources])
        for sid, (actions, resources) in RIGHTS.items()
    }
    found = statements_of(platform)
    assert {sid: (each["Action"], each["Resource"]) for sid, each in found.items()} == expected


def test_role_has_its_own_policy_and_that_of_the_pipelines_and_no_other(
    platform: Template,
) -> None:
    role = role_of(platform)
    own, pipelines = role["ManagedPolicyArns"]
    assert platform["Resources"][own["Ref"]]["Type"] == "AWS::IAM::ManagedPolicy"
    assert resolve(pipelines, KNOWN) == "pipelines"
    assert "Policies" not in role
    for policy in platform["Resources"].values():
        if policy["Type"] == "AWS::IAM::Policy":
            assert "AirflowRole" not in json.dumps(policy["Properties"].get("Roles", []))


@pytest.mark.parametrize("service", ["airflow.amazonaws.com", "airflow-env.amazonaws.com"])
def test_mwaa_takes_the_role_for_this_environment_of_this_account_alone(
    platform: Template, service: str
) -> None:
    trusted = role_of(platform)["AssumeRolePolicyDocument"]["Statement"]
    assert len(trusted) == 2
    (statement,) = (each for each in trusted if each["Principal"] == {"Service": service})
    environment = f"arn:aws:airflow:{HERE}:environment/sluice-{name_of(platform)}"
    assert resolve(statement["Condition"], KNOWN) == {
        "ArnEquals": {"aws:SourceArn": environment},
        "StringEquals": {"aws:SourceAccount": "000000000000"},
    }
    assert (statement["Action"], statement["Effect"]) == ("sts:AssumeRole", "Allow")


def test_star_stands_for_all_resources_only_where_an_action_knows_none(platform: Template) -> None:
    found = statements_of(platform)
    assert {sid for sid, each in found.items() if "*" in each["Resource"]} == WITHOUT_RESOURCE


def test_keys_are_used_by_way_of_the_services_that_encrypt_with_them(platform: Template) -> None:
    found = statements_of(platform)
    via = {
        sid: resolve(each["Condition"], KNOWN)["StringEquals"]["kms:ViaService"]
        for sid, each in found.items()
        if each["Action"][0].startswith("kms:")
    }
    assert via == {
        "UseTheKeyOfTheEnvironment": ["s3.us-east-1.amazonaws.com", "sqs.us-east-1.amazonaws.com"],
        "DecryptSecrets": "secretsmanager.us-east-1.amazonaws.com",
    }


def test_role_lists_no_buckets_whatever_another_policy_says(platform: Template) -> None:
    effects = {sid: each["Effect"] for sid, each in statements_of(platform).items()}
    assert [sid for sid, effect in effects.items() if effect == "Deny"] == ["NameNoOtherBuckets"]


def test_role_changes_no_infrastructure_no_rights_and_no_code(platform: Template) -> None:
    changing = {
        action
        for statement in statements_of(platform).values()
        for action in statement["Action"]
        if CHANGES.search(action)
    }
    # Logs and metrics of its own, and messages of MWAA's queue.
    assert changing == {
        "cloudwatch:PutMetricData",
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:DeleteMessage",
    }


def test_role_takes_no_other_role_and_touches_neither_rights_nor_stacks(
    platform: Template,
) -> None:
    services = {
        action.split(":")[0]
        for statement in statements_of(platform).values()
        for action in statement["Action"]
    }
    assert services == {
        *("airflow", "cloudwatch", "kms", "logs", "rds-db", "s3", "secretsmanager", "sqs"),
    }


def test_raw_data_cannot_be_deleted_by_the_pipelines_policy_either(template: Template) -> None:
    (policy,) = of_type(template, "AWS::IAM::ManagedPolicy").values()
    actions = [
        action
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    ]
    changing = {action for action in actions if CHANGES.search(action)}
    assert changing == {
        "cloudwatch:PutMetricData",
        "events:PutEvents",
        "glue:CreateTable",
        "glue:UpdateTable",
        "kinesis:PutRecords",
        "s3:DeleteObject",
        "s3:PutObject",
        "sqs:DeleteMessage",
    }
    assert not any("*" in action for action in actions)
    (deleting,) = (
        statement
        for statement in policy["PolicyDocument"]["Statement"]
        if "s3:DeleteObject" in listed(statement["Action"])
    )
    folders = [resource["Fn::Join"][1][1:] for resource in listed(deleting["Resource"])]
    assert folders == [["exports/*"], ["page/*"]]
