"""What the execution role may do, held against every call that whole pipelines make as it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from infra.aws.keys import key_connections
from infra.aws.settings import SETTINGS
from infra.local.layout import SHIPPED_GITHUB
from infra.local.processes.warden import guarded_group
from infra.local.stand_ins.api import ApiStandIn
from infra.local.stand_ins.github import GitHubStandIn
from tests.support.aws_calls import rights_of
from tests.support.aws_code import code_of, hooks_in, operations_in
from tests.support.iam_policies import Grant, Idle, compare
from tests.support.role_lab import API_KEY, CODE, open_lab
from tests.support.unloading_athena import UnloadingAthena

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.aws_calls import Call
    from tests.support.role_lab import Lab

# All of it looks at the calls of one lab, which needs a template of CDK.
pytestmark = pytest.mark.xdist_group("cdk")

ADDRESS = "ID,HouseNum,Street,Town,Zip\n"
NOON = "2020-12-05T12:00:00Z"
RUNS = (
    "migrate_warehouse",
    'covid_us_daily {"as_of": "2020-12-05T08:30:00Z"}',
    "messages csv_upload_to_sqs",
    "messages csv_upload_to_dynamodb",
    'csv_upload_to_dynamodb {"key": "uploads/dynamodb/a.csv", "again": true}',
    "messages table_export_to_kinesis",
    'table_export_to_kinesis {"prefix": "exports/acme/test_table/v1/", "again": true}',
    'table_export_to_kinesis {"prefix": "exports/acme/test_table/v2/", "again": true}',
    'table_export_to_kinesis {"prefix": "exports/acme/large_table/v1/", "again": true}',
    'table_export_to_kinesis {"prefix": "exports/acme/large_table/v2/", "again": true}',
    "kinesis_to_postgres",
    "weather_hourly",
    f'payments_hourly {{"as_of": "{NOON}"}}',
    "sweep_arrivals",
    'trace_row {"sink": "covid.us_daily", "key": "2020-11-11"}',
    'trace_row {"sink": "dynamodb:<items>", "key": "2"}',
    'trace_row {"sink": "exports.acme__test_table", "key": "1"}',
    f'trace_row {{"sink": "lake.payments_hourly", "key": {{"as_of": "{NOON}", "payment_id": ""}}}}',
    "summarise",
)
RARE = {
    "athena:StopQueryExecution",
    "glue:UpdateTable",
    "kinesis:DescribeStreamSummary",
    # Made where QuickSight is: test_charts_role_calls.py.
    "secretsmanager:DescribeSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
}
_ATHENA = "Athena does it with the rights of who starts a query"
_MWAA = (
    "MWAA does it itself: https://docs.aws.amazon.com/mwaa/latest/userguide/mwaa-create-role.html"
)
IDLE = (
    Idle(sid="ReadCode", why=_MWAA),
    Idle(sid="SeeThatTheAccountIsClosedToThePublic", why=_MWAA),
    Idle(sid="WriteAndShowLogs", why=_MWAA),
    Idle(sid="FindLogGroups", why=_MWAA),
    Idle(sid="TellOfHealth", why=_MWAA),
    Idle(sid="QueueTasks", why=_MWAA),
    Idle(sid="UseTheKeyOfTheEnvironment", why=_MWAA),
    Idle(
        sid="StreamChanges",
        actions=("kinesis:DescribeStreamSummary",),
        why="asked only where operations are lost, for how long the stream keeps records",
    ),
    Idle(
        sid="StreamChanges",
        actions=("kinesis:GetRecords",),
        why="it names an iterator, which is of the stream that gave it, and no stream",
    ),
    Idle(
        sid="CompareExports",
        actions=("athena:GetQueryExecution",),
        why="it names a query, which is of the workgroup that it was started in, and no workgroup",
    ),
    Idle(
        sid="CompareExports",
        actions=("athena:StopQueryExecution",),
        why="only a query that does not end is stopped",
    ),
    Idle(
        sid="MakeTables",
        actions=("glue:UpdateTable",),
        why="only a try that died leaves its tables to the next one",
    ),
    Idle(
        sid="KeepTables",
        actions=("glue:UpdateTable",),
        why="only a declaration that has changed changes its table",
    ),
    *(
        Idle(sid=sid, why=_ATHENA)
        for sid in ("LetAthenaFindTables", "LetAthenaFindTheLake", "LetAthenaWrite")
    ),
    Idle(sid="EncryptNotices", why="SNS does it for who publishes to an encrypted topic"),
    Idle(sid="DecryptSecrets", why="Secrets Manager does it for who reads an encrypted secret"),
    Idle(
        sid="ListUploads",
        actions=("s3:ListBucket",),
        why="S3 says that an object is not there only to who may list, else that it is forbidden",
    ),
    Idle(
        sid="LogInToTheWarehouse",
        resource="/sluice_migrations",
        why="RDS may refuse the owner's password and want a token, which no other server does",
    ),
    *(
        Idle(
            sid="LookUpConnectionsAndVariables",
            resource=f"/connections/{name}",
            why="Secrets Manager says that a secret is not there only to who may read its name",
        )
        for name in key_connections()
    ),
    Idle(
        sid="LookUpConnectionsAndVariables",
        resource="/variables/sluice_*",
        why="no DAG reads a variable yet; Airflow looks for those of people's own DAGs there",
    ),
)


@pytest.fixture(scope="module")
def lab(templates_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    root = tmp_path_factory.mktemp("role")
    platform = json.loads((templates_folder / "dev" / "platform.template.json").read_text())
    keys = dict.fromkeys(("api.openweathermap.org", "connect.squareup.com"), API_KEY)
    with (
        guarded_group(root) as group,
        GitHubStandIn(SHIPPED_GITHUB) as github,
        ApiStandIn(keys) as api,
    ):
        opened = open_lab(group, root, platform, github=github.url, api=api.url)
        with UnloadingAthena(opened.emulator.endpoint, opened.environment) as athena:
            opened.environment["AWS_ENDPOINT_URL_ATHENA"] = athena.url
            yield opened


@pytest.fixture(scope="module")
def calls(lab: Lab) -> list[Call]:
    """Every call of the runs, each of which has succeeded with the rights of the role."""
    lab.land("uploads/sqs/a.csv", "id\n1\n2\n")
    lab.land("exports/acme/test_table/v1/a.csv", "1;a;b;c\n2;a;b;c\n")
    lab.land("exports/acme/test_table/v2/a.csv", "1;a;b;c\n")
    lab.land("exports/acme/large_table/v1/a.csv", "1;a;b;c\n2;a;b;c\n")
    lab.land("exports/acme/large_table/v2/a.csv", "1;x;b;c\n2;a;b;c\n")
    lab.land("uploads/dynamodb/a.csv", f"{ADDRESS}1,1,Main,Town,00001\n2,2,Main,Town,00002\n")
    # One is there already, from an earlier file.
    item = {"id": {"S": "2"}, "file_version": {"S": "0"}}
    lab.emulator.client("dynamodb").put_item(TableName=lab.outputs["ItemsTable"], Item=item)
    # A summary of a sink that is no more goes.
    stale = {"Bucket": lab.outputs["LakeBucket"], "Key": "page/v1/sinks/gone.json"}
    lab.emulator.client("s3").put_object(**stale, Body=b'{"sink": "gone"}')
    return lab.run(*(run.replace("<items>", lab.outputs["ItemsTable"]) for run in RUNS))


def test_every_call_is_allowed_and_everything_that_is_allowed_is_called(
    lab: Lab, calls: list[Call]
) -> None:
    assert compare(rights_of(calls), lab.grants, IDLE) == []


@pytest.mark.thorough
def test_one_right_less_shows(lab: Lab, calls: list[Call]) -> None:
    rights = rights_of(calls)
    for grant in lab.grants:
        if grant.effect == "Allow" and not any(reason.excuses(grant) for reason in IDLE):
            # Two purposes may want the same right.
            same = (grant.action, grant.resource)
            left = [each for each in lab.grants if (each.action, each.resource) != same]
            assert [line for line in compare(rights, left, IDLE) if line[:3] == "not"], grant


@pytest.mark.thorough
def test_one_right_more_shows(lab: Lab, calls: list[Call]) -> None:
    for resource in {grant.resource for grant in lab.grants}:
        more = Grant("More", "Allow", "s3:DeleteObjectVersion", resource, {})
        found = compare(rights_of(calls), [*lab.grants, more], IDLE)
        assert found == [f"never used: {more}"]


def test_secrets_manager_is_asked_for_no_name_but_those_of_sluice(calls: list[Call]) -> None:
    asked = {c.params["SecretId"] for c in calls if c.name == "secretsmanager:GetSecretValue"}
    prefix = "sluice/dev/connections/"
    connections = {name.removeprefix(prefix) for name in asked if name.startswith(prefix)}
    ours = {"sluice_migrations", "sluice_warehouse"}
    assert connections == ours | set(key_connections())
    (password,) = (name for name in asked if not name.startswith(prefix))
    assert ":secret:rds!db-" in password


# A process that has nothing but the options of MWAA and the rights of the role.
LOOK = """
import json
from dataclasses import asdict
from airflow.sdk import Connection
from wiring.defaults import settings
found = Connection.get("sluice_warehouse")
told = {"host": found.host, "login": found.login, "schema": found.schema, **found.extra_dejson}
print(json.dumps([asdict(settings()), told]))
"""


def test_options_of_mwaa_lead_to_the_places_and_to_the_warehouse(lab: Lab) -> None:
    places, connection = json.loads(lab.python("-c", LOOK).splitlines()[-1])
    assert {name: places[name] for name in SETTINGS} == {
        setting: lab.outputs[output] for setting, output in SETTINGS.items()
    }
    assert connection == {
        "host": "127.0.0.1",
        "login": "sluice_loader",
        "schema": "warehouse",
        "iam": True,
    }


# What somebody would try who has taken over a DAG.
REFUSED: dict[str, Callable[[Lab], Any]] = {
    "delete raw data": lambda lab: lab.client("s3").delete_object(
        Bucket=lab.outputs["LakeBucket"], Key="raw/a"
    ),
    "change code": lambda lab: lab.client("s3").put_object(Bucket=CODE, Key="dags/a.py", Body=b""),
    "open a bucket": lambda lab: lab.client("s3").delete_public_access_block(
        Bucket=lab.outputs["LakeBucket"]
    ),
    "write what Athena found": lambda lab: lab.client("s3").put_object(
        Bucket=lab.outputs["LakeBucket"], Key="athena/unload/a", Body=b""
    ),
    "query elsewhere": lambda lab: lab.client("athena").start_query_execution(
        QueryString="select 1", WorkGroup="primary"
    ),
    "make a table elsewhere": lambda lab: lab.client("glue").create_table(
        DatabaseName="default", TableInput={"Name": "another"}
    ),
    "list buckets": lambda lab: lab.client("s3").list_buckets(),
    "read another secret": lambda lab: lab.client("secretsmanager").get_secret_value(
        SecretId="somebody-elses"
    ),
    "write a secret": lambda lab: lab.client("secretsmanager").put_secret_value(
        SecretId="sluice/dev/connections/sluice_warehouse", SecretString="{}"
    ),
    "list secrets": lambda lab: lab.client("secretsmanager").list_secrets(),
    "make a user": lambda lab: lab.client("iam").create_user(UserName="another"),
    "widen the role": lambda lab: lab.client("iam").attach_user_policy(
        UserName="dags", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    ),
    "take another role": lambda lab: lab.client("sts").assume_role(
        RoleArn="arn:aws:iam::000000000000:role/other", RoleSessionName="dags"
    ),
    "delete a stack": lambda lab: lab.client("cloudformation").delete_stack(
        StackName="sluice-pipelines"
    ),
    "delete logs": lambda lab: lab.client("logs").delete_log_group(
        logGroupName="airflow-sluice-dev-Task"
    ),
    "change the warehouse": lambda lab: lab.client("rds").modify_db_instance(
        DBInstanceIdentifier="warehouse", PubliclyAccessible=True
    ),
}


@pytest.mark.parametrize("deed", REFUSED)
def test_role_may_not(lab: Lab, deed: str) -> None:
    with pytest.raises(ClientError, match=r"not authorized|Access ?Denied|403"):
        REFUSED[deed](lab)


# What the hooks of Airflow call that DAGs make by their name, beside what is asked of their client.
HOOKS = {
    "AwsBaseHook": set(),
    "PostgresHook": {"rds-db:connect"},
    "SecretsManagerHook": {"secretsmanager:GetSecretValue"},
}
# Of Airflow: its backend of secrets, and the trigger of a queue.
OF_AIRFLOW = {"secretsmanager:GetSecretValue", "sqs:ReceiveMessage"}


def test_no_operation_in_the_code_is_missing_from_the_runs(calls: list[Call]) -> None:
    code, called = code_of("include", "dags"), {call.name for call in calls}
    written = operations_in(code)
    assert [names for names in written if not names & (called | RARE)] == []
    assert hooks_in(code) == HOOKS.keys()
    in_code = set().union(*written, *HOOKS.values(), OF_AIRFLOW)
    assert called - in_code == set()
