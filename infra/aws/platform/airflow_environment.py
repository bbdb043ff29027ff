"""The MWAA environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnParameter, Stack
from aws_cdk import aws_mwaa as mwaa
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from infra.aws.environment import Environment
    from infra.aws.platform.network import Network

AIRFLOW_VERSION = "3.2.1"


class AirflowEnvironment(Construct):
    """Airflow, run by MWAA.

    Attributes:
        environment: the MWAA environment.
    """

    def __init__(  # noqa: PLR0913 -- all keywords
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        network: Network,
        role: iam.Role,
        code_bucket: str,
        options: dict[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        versions = {
            name: CfnParameter(
                Stack.of(self), name, description=f"Version of {key} in the code bucket."
            ).value_as_string
            for name, key in {
                "PluginsVersion": "plugins.zip",
                "RequirementsVersion": "requirements.txt",
                "StartupScriptVersion": "startup.sh",
            }.items()
        }
        self.environment = mwaa.CfnEnvironment(
            self,
            "Environment",
            name=f"sluice-{environment.name}",
            airflow_version=AIRFLOW_VERSION,
            airflow_configuration_options=options,
            environment_class=environment.airflow_class,
            min_workers=environment.min_workers,
            max_workers=environment.max_workers,
            execution_role_arn=role.role_arn,
            source_bucket_arn=f"arn:aws:s3:::{code_bucket}",
            dag_s3_path="dags",
            plugins_s3_path="plugins.zip",
            plugins_s3_object_version=versions["PluginsVersion"],
            requirements_s3_path="requirements.txt",
            requirements_s3_object_version=versions["RequirementsVersion"],
            startup_script_s3_path="startup.sh",
            startup_script_s3_object_version=versions["StartupScriptVersion"],
            network_configuration=mwaa.CfnEnvironment.NetworkConfigurationProperty(
                security_group_ids=[network.airflow.security_group_id],
                subnet_ids=[subnet.subnet_id for subnet in network.vpc.private_subnets],
            ),
            webserver_access_mode="PUBLIC_ONLY" if environment.public_ui else "PRIVATE_ONLY",
        )
