"""Discovery of what is in the lake, for environments that want it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws, Fn
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.aws.resources.lake_bucket import TABLES
from infra.aws.resources.log_encryption import admit_log_groups
from infra.aws.resources.own_name import own_name
from infra.aws.resources.queries import catalog_arns, lake_database
from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3

    from infra.aws.environment import Environment

# Glue makes the group and names it: after the role and the configuration where there is one.
_LOGS = "/aws-glue/crawlers*"
_HERE = f"{Aws.REGION}:{Aws.ACCOUNT_ID}"


class LakeCrawler(Construct):
    """A crawler of Glue over lake/, with a database and a role of its own.

    The declared tables are in another database, which the role cannot change: what a crawler
    guesses from files must not become what a declaration says. It looks at all files, once a night:
    those of a partition are replaced.

    Attributes:
        database: where it puts its tables.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, lake: s3.IBucket
    ) -> None:
        super().__init__(scope, construct_id)
        self.database = lake_database(
            self,
            "Database",
            name=f"{environment.name}_found",
            has="tables that the crawler found in the lake.",
        )
        key = kms.Key(
            self,
            "Key",
            description=f"Sluice: logs of the crawler of {environment.name}.",
            enable_key_rotation=True,
            removal_policy=removal_policy(environment),
        )
        admit_log_groups(key, _LOGS)
        glue.CfnCrawler(
            self,
            "Crawler",
            name=own_name("lake"),
            description="Sluice: finds tables in lake/.",
            role=self._role(lake).role_arn,
            database_name=self.database.ref,
            crawler_security_configuration=self._encrypted_by(key),
            recrawl_policy=glue.CfnCrawler.RecrawlPolicyProperty(
                recrawl_behavior="CRAWL_EVERYTHING"
            ),
            # Between the hours at which datasets are fetched.
            schedule=glue.CfnCrawler.ScheduleProperty(schedule_expression="cron(40 2 * * ? *)"),
            schema_change_policy=glue.CfnCrawler.SchemaChangePolicyProperty(
                delete_behavior="LOG", update_behavior="UPDATE_IN_DATABASE"
            ),
            targets=glue.CfnCrawler.TargetsProperty(
                s3_targets=[glue.CfnCrawler.S3TargetProperty(path=lake.s3_url_for_object(TABLES))]
            ),
        )

    def _encrypted_by(self, key: kms.IKey) -> str:
        """Have logs encrypted; the crawler writes no files that could be."""
        kind = glue.CfnSecurityConfiguration
        logs = kind.CloudWatchEncryptionProperty(
            cloud_watch_encryption_mode="SSE-KMS", kms_key_arn=key.key_arn
        )
        files = kind.S3EncryptionProperty(s3_encryption_mode="SSE-S3")
        made = kind(
            self,
            "Encryption",
            name=own_name("crawler"),
            encryption_configuration=kind.EncryptionConfigurationProperty(
                cloud_watch_encryption=logs, s3_encryptions=[files]
            ),
        )
        return made.ref

    def _role(self, lake: s3.IBucket) -> iam.Role:
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            description="Sluice: what the crawler reads and where it writes.",
            statements=[*_reading(lake), *_writing(self.database)],
        )
        return iam.Role(
            self,
            "Role",
            description="Sluice: the crawler of the lake.",
            assumed_by=iam.PrincipalWithConditions(
                iam.ServicePrincipal("glue.amazonaws.com"),
                {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            ),
            managed_policies=[policy],
        )


def _reading(lake: s3.IBucket) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="ReadTables",
            actions=["s3:GetObject"],
            resources=[Fn.join("/", [lake.bucket_arn, f"{TABLES}*"])],
        ),
        iam.PolicyStatement(
            sid="ListTables",
            actions=["s3:ListBucket"],
            resources=[lake.bucket_arn],
            conditions={"StringLike": {"s3:prefix": [f"{TABLES}*"]}},
        ),
    ]


def _writing(database: glue.CfnDatabase) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="WriteWhatWasFound",
            actions=[
                "glue:BatchCreatePartition",
                "glue:BatchGetPartition",
                "glue:CreateTable",
                "glue:GetDatabase",
                "glue:GetPartitions",
                "glue:GetTable",
                "glue:GetTables",
                "glue:UpdatePartition",
                "glue:UpdateTable",
            ],
            resources=catalog_arns(database),
        ),
        iam.PolicyStatement(
            sid="WriteLogs",
            actions=[
                "logs:AssociateKmsKey",
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
            ],
            resources=[f"arn:{Aws.PARTITION}:logs:{_HERE}:log-group:{_LOGS}"],
        ),
    ]
