"""The MWAA environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Aws, CfnParameter, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_mwaa as mwaa
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from constructs import IConstruct

    from infra.aws.airflow.logs import AirflowLogs
    from infra.aws.environment import Environment
    from infra.aws.network.vpc import Network

AIRFLOW_VERSION = "3.2.1"
_WAYS = (
    ec2.CfnRoute,
    ec2.CfnSecurityGroupEgress,
    ec2.CfnSecurityGroupIngress,
    ec2.CfnSubnetRouteTableAssociation,
)


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What an MWAA environment is given.

    Attributes:
        network: Airflow runs in its private subnets.
        role: what MWAA and all DAGs may do.
        key: encrypts MWAA's own data and its logs.
        logs: the log groups.
        code_bucket: name of the bucket that MWAA reads.
        options: Airflow's configuration, section.option to value.
    """

    network: Network
    role: iam.Role
    key: kms.IKey
    logs: AirflowLogs
    code_bucket: str
    options: dict[str, str]


class AirflowEnvironment(Construct):
    """Airflow, run by MWAA.

    Attributes:
        environment: the MWAA environment.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        foundation: Foundation,
    ) -> None:
        super().__init__(scope, construct_id)
        network = foundation.network
        self.environment = mwaa.CfnEnvironment(
            self,
            "Environment",
            name=environment.airflow_name,
            airflow_version=AIRFLOW_VERSION,
            airflow_configuration_options=foundation.options,
            environment_class=environment.airflow_class,
            schedulers=2,
            min_workers=environment.min_workers,
            max_workers=environment.max_workers,
            min_webservers=2,
            max_webservers=2,
            # An update waits for the tasks that run; none takes longer than half an hour.
            worker_replacement_strategy="GRACEFUL",
            # Hours after and before the daily runs, and when the fewest people work.
            weekly_maintenance_window_start="SUN:16:00",
            execution_role_arn=foundation.role.role_arn,
            kms_key=foundation.key.key_arn,
            logging_configuration=foundation.logs.configuration,
            network_configuration=mwaa.CfnEnvironment.NetworkConfigurationProperty(
                security_group_ids=[network.airflow.security_group_id],
                subnet_ids=[subnet.subnet_id for subnet in network.vpc.private_subnets],
            ),
            webserver_access_mode="PUBLIC_ONLY" if environment.public_ui else "PRIVATE_ONLY",
            source_bucket_arn=f"arn:{Aws.PARTITION}:s3:::{foundation.code_bucket}",
            dag_s3_path="dags",
            **self._versions(),
        )
        self.environment.node.add_dependency(foundation.logs, *_ways(network))

    def _versions(self) -> dict[str, str]:
        """What MWAA takes a version of; which one, the deployment says."""
        found: dict[str, str] = {}
        for parameter, part, key in (
            ("PluginsVersion", "plugins", "plugins.zip"),
            ("RequirementsVersion", "requirements", "requirements.txt"),
            ("StartupScriptVersion", "startup_script", "startup.sh"),
        ):
            version = CfnParameter(
                Stack.of(self),
                parameter,
                description=f"Version id of {key} in the code bucket.",
                min_length=1,
            )
            found |= {
                f"{part}_s3_path": key,
                f"{part}_s3_object_version": version.value_as_string,
            }
        return found


def _ways(network: Network) -> list[IConstruct]:
    """What lets the parts of Airflow out of the network, and to each other.

    Nothing of the environment names it, and without it the environment cannot be made: its parts
    call other services as soon as they start.
    """
    return [part for part in network.node.find_all() if isinstance(part, _WAYS)]
