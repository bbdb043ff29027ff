"""What the role that runs the DAGs may do with the pipelines' resources."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.aws.resources.events_bus import SOURCE


class PipelinesAccess(Construct):
    """The policy to attach to the execution role, one statement a purpose.

    Attributes:
        policy: the policy; empty until something is allowed.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.policy = iam.ManagedPolicy(
            self, "Policy", description="Sluice: what the pipelines do with their resources."
        )

    def allow(
        self,
        sid: str,
        actions: list[str],
        *resources: str,
        conditions: dict[str, dict[str, object]] | None = None,
    ) -> None:
        """Allow actions on resources.

        Arguments:
            sid: the purpose.
            actions: such as s3:GetObject.
            resources: their ARNs.
            conditions: under which they are allowed.
        """
        self.policy.add_statements(
            iam.PolicyStatement(
                sid=sid, actions=actions, resources=list(resources), conditions=conditions
            )
        )

    def allow_athena(self, sid: str, actions: list[str], *resources: str) -> None:
        """Allow what Athena does with the rights of who starts a query, and only to Athena.

        https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena-calledvia.html
        """
        via: dict[str, dict[str, object]] = {
            "ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}
        }
        self.allow(sid, actions, *resources, conditions=via)

    def allow_list(self, sid: str, actions: list[str], bucket: str, *prefixes: str) -> None:
        """Allow to list what a bucket has below prefixes, and to learn that an object is missing.

        S3 says "not found" only to who may list, else "forbidden". That question names no prefix,
        so the condition has to let it pass.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        """
        below = [f"{prefix}*" for prefix in prefixes]
        self.allow(sid, actions, bucket, conditions={"StringLikeIfExists": {"s3:prefix": below}})

    def allow_events(self, sid: str, bus: str) -> None:
        """Allow to put events on a bus in the pipeline's name, and in no other."""
        self.allow(
            sid, ["events:PutEvents"], bus, conditions={"StringEquals": {"events:source": SOURCE}}
        )

    def allow_metrics(self, sid: str, namespace: str) -> None:
        """Allow to put metrics of one namespace, and of no other.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
        """
        self.policy.add_statements(
            iam.PolicyStatement(
                sid=sid,
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],  # the action knows no resource
                conditions={"StringEquals": {"cloudwatch:namespace": namespace}},
            )
        )
