"""AWS and Airflow as the role of MWAA meets them: policies of the templates, enforced.

The emulator checks each call of a user who has the two policies of the execution role and nothing
else. Its Airflow has the options that MWAA is given, and its secrets are those of the template.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import psycopg2

from infra.local import aws, ports
from infra.local import postgres as servers
from infra.local.layout import Layout
from infra.local.state import Secrets
from tests.support.aws_calls import ARN, RESOURCE_ID, Call, read_calls
from tests.support.guarded_aws import start_guarded
from tests.support.iam_policies import Grant, grants_of
from tests.support.resolved import Known, of_type, resolve
from tests.support.role_rights import keys_of_a_user, statements_of_the_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.local.processes.group import Group

REPOSITORY = Path(__file__).parents[2]
MASTER = "rds!db-0a1b2c3d"
CODE = "sluice-code"
API_KEY = "a-key-of-apis"


@dataclass(frozen=True, kw_only=True)
class Lab:
    """Where DAGs run as their role.

    Attributes:
        emulator: it; its own clients may do everything.
        outputs: of the pipelines' stack.
        statements: of both policies.
        environment: of the process that runs DAGs.
        folder: for what is written down.
    """

    emulator: aws.Emulator
    outputs: dict[str, str]
    statements: list[dict[str, Any]]
    environment: dict[str, str]
    folder: Path

    @property
    def grants(self) -> list[Grant]:
        return grants_of(self.statements)

    def client(self, service: Any) -> Any:
        """A client with the rights of the role."""
        return boto3.client(
            service,
            endpoint_url=self.emulator.endpoint,
            region_name=aws.REGION,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def land(self, key: str, text: str) -> None:
        """Upload a file."""
        self.emulator.client("s3").put_object(
            Bucket=self.outputs["LandingBucket"], Key=key, Body=text.encode()
        )

    def run(self, *runs: str) -> list[Call]:
        """Do runs in a process of their own, as recorded_runs says; returns their calls."""
        calls = self.folder / "calls.jsonl"
        self.python("-m", "tests.support.recorded_runs", str(calls), *runs)
        return read_calls(calls)

    def python(self, *arguments: str) -> str:
        """What a program prints that has the environment of the DAGs; it has to succeed."""
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]
        return done.stdout


def open_lab(
    group: Group, root: Path, platform: Mapping[str, Any], *, github: str, api: str
) -> Lab:
    """Start all that DAGs need.

    Arguments:
        group: what the programs belong to.
        root: folder of the lab.
        platform: template of the platform, as CDK made it.
        github: URL of the stand-in for GitHub.
        api: URL of the stand-in for APIs, which takes API_KEY.
    """
    layout = Layout(root)
    emulator, outputs = start_guarded(group, layout)
    server = _warehouse(group, layout)
    master = _put_secret(emulator, MASTER, username="sluice", password=server.secrets.sluice)
    emulator.client("s3").create_bucket(Bucket=CODE)
    known = Known(
        outputs={**outputs, "CodeBucket": CODE},
        attributes=_attributes(master),
        references=_put_generated(emulator, platform),
    )
    _put_connections(emulator, platform, known, server)
    statements = statements_of_the_role(emulator, outputs["PipelinesPolicyArn"], platform, known)
    environment = {
        **_options(platform, known),
        **_environment(layout, emulator, keys_of_a_user(emulator, statements)),
        "AIRFLOW__SLUICE__GITHUB_API_URL": github,
        "AIRFLOW__SLUICE__GITHUB_RAW_URL": github,
        "AIRFLOW__SLUICE__API_STAND_IN": api,
        "AIRFLOW__SLUICE__API_LATE_SECONDS": str(100 * 365 * 24 * 3600),
    }
    airflow = Path(sys.executable).parent / "airflow"
    subprocess.run([airflow, "db", "migrate"], env=environment, check=True, capture_output=True)
    return Lab(
        emulator=emulator,
        outputs=outputs,
        statements=statements,
        environment=environment,
        folder=root,
    )


def _attributes(master: str) -> dict[str, str]:
    return {
        "DbiResourceId": RESOURCE_ID,
        "Endpoint.Address": ports.HOST,
        "MasterUserSecret.SecretArn": master,
    }


def _warehouse(group: Group, layout: Layout) -> servers.Server:
    """A server that lets the loader in with any password, as RDS does if a token is good."""
    server = servers.start(group, layout, Secrets.of(layout))
    rules = layout.postgres / "pg_hba.conf"
    rules.write_text(f"host all sluice_loader {ports.HOST}/32 trust\n{rules.read_text()}")
    with closing(psycopg2.connect(server.uri("postgres", "postgres"))) as opened:
        opened.cursor().execute("select pg_reload_conf()")
    return server


def _put_secret(emulator: aws.Emulator, name: str, **value: Any) -> str:
    made = emulator.client("secretsmanager").create_secret(
        Name=name, SecretString=json.dumps(value)
    )
    return str(made["ARN"])


def _put_generated(emulator: aws.Emulator, platform: Mapping[str, Any]) -> dict[str, str]:
    """The secrets whose password Secrets Manager makes; returns what their ARNs fit."""
    found = {}
    for logical_id, resource in platform["Resources"].items():
        if "GenerateSecretString" in resource["Properties"]:
            secret = resource["Properties"]
            template = json.loads(secret["GenerateSecretString"]["SecretStringTemplate"])
            _put_secret(emulator, secret["Name"], **template, password="never")  # noqa: S106 -- it opens nothing
            found[logical_id] = ARN.format("secretsmanager", f"secret:{secret['Name']}-??????")
    return found


def _put_connections(
    emulator: aws.Emulator, platform: Mapping[str, Any], known: Known, server: servers.Server
) -> None:
    """The connections of the template, but for what this server has otherwise."""
    owner = {"sluice_migrations": {"login": "sluice"}}
    secrets = of_type(platform, "AWS::SecretsManager::Secret")
    for secret in (each for each in secrets if "SecretString" in each):
        connection = json.loads(resolve(secret["SecretString"], known))
        for name in ("sslmode", "sslrootcert"):
            del connection["extra"][name]
        name = secret["Name"].rsplit("/", 1)[-1]
        here = {"port": server.port, **owner.get(name, {})}
        _put_secret(emulator, secret["Name"], **connection | here)
    # As `make secret` does.
    folder = secret["Name"].rsplit("/", 1)[0]
    for name in ("payments_api", "weather_api"):
        _put_secret(emulator, f"{folder}/{name}", conn_type="http", password=API_KEY)


def _options(platform: Mapping[str, Any], known: Known) -> dict[str, str]:
    """The options of the template, as MWAA hands them to Airflow."""
    (mwaa,) = of_type(platform, "AWS::MWAA::Environment")
    options = resolve(mwaa["AirflowConfigurationOptions"], known)
    return {f"AIRFLOW__{name.replace('.', '__').upper()}": value for name, value in options.items()}


def _environment(layout: Layout, emulator: aws.Emulator, keys: dict[str, str]) -> dict[str, str]:
    """What the process of the DAGs has beside the options of MWAA."""
    foreign = ("AIRFLOW", "AWS_", "PYTHON", "SLUICE_")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    return {
        **inherited,
        **aws.environment(emulator.endpoint),
        **keys,
        "AIRFLOW_HOME": str(layout.airflow_home),
        # Tasks name their temporary folders; those of another lab may have the same names.
        "TMPDIR": str(layout.root),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'dags'}",
        # MWAA gives workers' backend arguments of its own, for one that we do not have. If these
        # counted, nothing would be found.
        # https://github.com/aws/amazon-mwaa-docker-images, python/mwaa/config/airflow.py
        "AIRFLOW__WORKERS__SECRETS_BACKEND_KWARGS": '{"connections_lookup_pattern": "^never$"}',
        # Nobody waits here, and the sweep is to miss a file at once.
        "AIRFLOW__SLUICE__RETRY_SECONDS": "1",
        "AIRFLOW__SLUICE__SWEEP_GRACE_SECONDS": "0",
    }
