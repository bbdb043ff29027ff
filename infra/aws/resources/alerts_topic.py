"""Where the notice of every run is published."""

from __future__ import annotations

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct


class AlertsTopic(Construct):
    """The alerts topic, encrypted with the key that SNS keeps in the account.

    Attributes:
        topic: the topic. Roles of this account can publish to it; AWS services that publish by
            themselves (CloudWatch alarms, S3 events) cannot, since that key's policy is fixed.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self,
            "Topic",
            enforce_ssl=True,
            master_key=kms.Alias.from_alias_name(self, "Key", "alias/aws/sns"),
        )
