"""What MWAA, and with it every DAG, may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.aws.airflow.mwaa_rights import ARN, HERE, environment_arn
from infra.aws.keys import key_connections

if TYPE_CHECKING:
    from infra.aws.airflow.connections import Connections
    from infra.aws.database.instance import Database


class AirflowRole(Construct):
    """The execution role: rights to the pipelines' resources, to the warehouse, and MWAA's own.

    Attributes:
        role: the role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        statements: list[iam.PolicyStatement],
        pipelines_policy_arn: str,
    ) -> None:
        """Make the role.

        Arguments:
            scope: the construct that owns the role.
            construct_id: its name there.
            name: of the MWAA environment.
            statements: rights beside those to the pipelines' resources.
            pipelines_policy_arn: ARN of the policy of the pipelines' resources.
        """
        super().__init__(scope, construct_id)
        own = iam.ManagedPolicy(
            self,
            "Policy",
            description="Sluice: what MWAA needs, and the way into the warehouse.",
            statements=statements,
        )
        self.role = iam.Role(
            self,
            "Role",
            description="Sluice: MWAA and all DAGs.",
            assumed_by=_mwaa(name),
            managed_policies=[
                own,
                iam.ManagedPolicy.from_managed_policy_arn(self, "Pipelines", pipelines_policy_arn),
            ],
        )


def _mwaa(name: str) -> iam.IPrincipal:
    """MWAA, as long as it acts for this environment.

    https://docs.aws.amazon.com/mwaa/latest/userguide/cross-service-confused-deputy-prevention.html
    """
    return iam.PrincipalWithConditions(
        iam.CompositePrincipal(
            iam.ServicePrincipal("airflow.amazonaws.com"),
            iam.ServicePrincipal("airflow-env.amazonaws.com"),
        ),
        {
            "ArnEquals": {"aws:SourceArn": environment_arn(name)},
            "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
        },
    )


def warehouse_statements(connections: Connections, database: Database) -> list[iam.PolicyStatement]:
    """Return the statements to look up connections and to log in to the warehouse."""
    secrets = f"{ARN}:secretsmanager:{HERE}:secret:{connections.prefix}"
    via = f"secretsmanager.{Aws.REGION}.amazonaws.com"
    return [
        iam.PolicyStatement(
            sid="LookUpConnectionsAndVariables",
            actions=["secretsmanager:GetSecretValue"],
            # What the patterns of Airflow's options let through, and nothing else. Secrets Manager
            # ends an ARN in a hyphen and six characters of its own. A secret that is not there has
            # a name alone, and that it is not there it says only to who may read that.
            resources=[
                f"{secrets}/connections/sluice_*",
                *(
                    f"{secrets}/connections/{name}{end}"
                    for name in key_connections()
                    for end in ("", "-??????")
                ),
                f"{secrets}/variables/sluice_*",
            ],
        ),
        iam.PolicyStatement(
            sid="ReadThePasswordOfTheOwner",
            actions=["secretsmanager:GetSecretValue"],
            resources=[database.secret_arn],
        ),
        iam.PolicyStatement(
            sid="DecryptSecrets",
            actions=["kms:Decrypt"],
            resources=[database.key.key_arn],
            conditions={"StringEquals": {"kms:ViaService": via}},
        ),
        iam.PolicyStatement(
            sid="LogInToTheWarehouse",
            actions=["rds-db:connect"],
            # RDS may ask for a token of the owner as well, beside its password.
            resources=[database.loader_arn, database.owner_arn],
        ),
    ]
