"""Where the notice of every run, every alarm and the budget is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.aws.resources.publishers import PUBLISHERS

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from infra.aws.environment import Environment


class AlertsTopic(Construct):
    """The alerts topic; the environment's addresses are subscribed, and have to confirm it.

    Attributes:
        topic: the topic. Roles of this account publish to it, and the services that report what
            goes wrong in this account.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True, master_key=key)
        for publisher in PUBLISHERS:
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=publisher.sid,
                    actions=["sns:Publish"],
                    principals=[iam.ServicePrincipal(publisher.service)],
                    resources=[self.topic.topic_arn],
                    conditions={
                        "ArnLike": {"aws:SourceArn": publisher.source_arn},
                        # The pattern of the ARN has the account in it already.
                        "StringEqualsIfExists": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                    },
                )
            )
        if environment.alerts_email is not None:
            self._mail("Email", environment.alerts_email)
        if environment.failures_email is not None:
            # By an attribute of notices. Alarms have none, and pass no filter.
            self._mail("FailuresEmail", environment.failures_email, {"status": ["failed"]})

    def _mail(
        self, construct_id: str, address: str, only: dict[str, list[str]] | None = None
    ) -> None:
        sns.CfnSubscription(
            self,
            construct_id,
            topic_arn=self.topic.topic_arn,
            protocol="email",
            endpoint=address,
            filter_policy=only,
        )
