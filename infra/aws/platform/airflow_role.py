"""What MWAA, and with it every DAG, may do."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct


class AirflowRole(Construct):
    """The execution role.

    Attributes:
        role: the role.
    """

    def __init__(self, scope: Construct, construct_id: str, *, pipelines_policy_arn: str) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.CompositePrincipal(
                iam.ServicePrincipal("airflow.amazonaws.com"),
                iam.ServicePrincipal("airflow-env.amazonaws.com"),
            ),
            managed_policies=[
                iam.ManagedPolicy.from_managed_policy_arn(self, "Pipelines", pipelines_policy_arn)
            ],
        )
