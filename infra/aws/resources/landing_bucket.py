"""Where files from outside arrive: uploads/ and exports/."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.aws.resources.own_name import own_name
from infra.aws.resources.private_bucket import private_bucket

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns

    from infra.aws.environment import Environment
    from infra.aws.uploads import Partner, UploadPipeline


class LandingBucket(Construct):
    """The landing bucket; a run names the version of the object that it reads.

    S3 tries a topic before it takes it into a bucket's notifications. So the topic's policy has to
    name the bucket before there is one, and the bucket has a name that is known beforehand.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-s3-bucket-notificationconfig.html

    Attributes:
        arn: ARN of the bucket, for what has to be there before it.
        bucket: the bucket.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        # All accounts and regions share the names of buckets.
        name = own_name(f"landing-{Aws.ACCOUNT_ID}-{Aws.REGION}")
        self.arn = f"arn:{Aws.PARTITION}:s3:::{name}"
        self.bucket = private_bucket(
            self,
            environment=environment,
            lifecycle_rules=[
                # Long after any event for an overwritten version has been worked off or swept up.
                s3.LifecycleRule(noncurrent_version_expiration=Duration.days(90)),
            ],
            name=name,
        )
        self._announced: list[s3.CfnBucket.TopicConfigurationProperty] = []

    def announce(
        self, pipeline: UploadPipeline, *, topic: sns.Topic, policy: sns.TopicPolicy
    ) -> None:
        """Publish an event to a topic for every file of a pipeline.

        Arguments:
            pipeline: whose prefix is no other one's, nor the beginning of one.
            topic: receives the events.
            policy: lets the bucket publish to it; S3 tries that at once.
        """
        rule = s3.CfnBucket.FilterRuleProperty
        self._announced += [
            s3.CfnBucket.TopicConfigurationProperty(
                event="s3:ObjectCreated:*",
                topic=topic.topic_arn,
                filter=s3.CfnBucket.NotificationFilterProperty(
                    s3_key=s3.CfnBucket.S3KeyFilterProperty(
                        rules=[
                            rule(name="prefix", value=pipeline.prefix),
                            rule(name="suffix", value=suffix),
                        ]
                    )
                ),
            )
            for suffix in pipeline.suffixes
        ]
        # CDK's own way sets notifications by a Lambda function.
        bucket = cast("s3.CfnBucket", self.bucket.node.default_child)
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            topic_configurations=self._announced
        )
        bucket.node.add_dependency(policy)

    def admit(self, partner: Partner) -> None:
        """Let a partner put files into its place, whole or in parts, and nothing else."""
        account = partner.principal.isdigit()
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=f"UploadsOf{partner.name}",
                actions=[
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                    "s3:PutObject",
                ],
                principals=[
                    iam.AccountPrincipal(partner.principal)
                    if account
                    else iam.ArnPrincipal(partner.principal)
                ],
                resources=[self.bucket.arn_for_objects(f"{partner.prefix}*")],
                conditions={
                    # A file that is encrypted with the partner's own key could not be read.
                    "StringEqualsIfExists": {"s3:x-amz-server-side-encryption": "AES256"}
                },
            )
        )
