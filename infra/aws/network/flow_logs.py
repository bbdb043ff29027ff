"""Who talked to whom in the VPC, or tried to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.aws.resources.log_encryption import admit_log_groups, encrypted_log_group
from infra.aws.resources.own_name import own_name
from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from infra.aws.environment import Environment
    from infra.aws.network.vpc import Network


class FlowLogs(Construct):
    """All traffic of the VPC, accepted and rejected, in an encrypted log group of its own.

    CDK's own construct would let the role pass itself on, which the service does not ask for.
    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, network: Network
    ) -> None:
        super().__init__(scope, construct_id)
        name = own_name("flow-logs")
        key = kms.Key(
            self,
            "Key",
            description=f"Sluice: flow logs of the network of {environment.name}.",
            enable_key_rotation=True,
            removal_policy=removal_policy(environment),
        )
        admit_log_groups(key, name)
        group = encrypted_log_group(self, "Group", environment=environment, key=key, name=name)
        ec2.CfnFlowLog(
            self,
            "FlowLog",
            deliver_logs_permission_arn=self._writer(group.attr_arn).role_arn,
            log_destination=group.attr_arn,
            log_destination_type="cloud-watch-logs",
            resource_id=network.vpc.vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
        )

    def _writer(self, group: str) -> iam.Role:
        flow_logs = Stack.of(self).format_arn(
            resource="vpc-flow-log", resource_name="*", service="ec2"
        )
        return iam.Role(
            self,
            "Writer",
            assumed_by=iam.ServicePrincipal("vpc-flow-logs.amazonaws.com").with_conditions(
                {
                    "ArnLike": {"aws:SourceArn": flow_logs},
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                }
            ),
            description="Sluice: writes the flow logs of the VPC.",
            inline_policies={
                "Write": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=[
                                "logs:CreateLogStream",
                                "logs:DescribeLogStreams",
                                "logs:PutLogEvents",
                            ],
                            resources=[group],
                        )
                    ]
                )
            },
        )
