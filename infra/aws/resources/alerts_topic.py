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
    """The alerts topic; the environment's address is subscribed, and has to confirm it.

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
            sns.CfnSubscription(
                self,
                "Email",
                topic_arn=self.topic.topic_arn,
                protocol="email",
                endpoint=environment.alerts_email,
            )
