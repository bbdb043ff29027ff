"""Findings that stay in the stacks of the code and of the pipelines."""

from __future__ import annotations

from infra.aws.checks.acknowledgement import Acknowledgement

_GLUE = "arn:<AWS::Partition>:glue:<AWS::Region>:<AWS::AccountId>"
_LOGS = "arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group"
_BUCKETS = {
    "code": ("Code/Bucket/Resource",),
    "pipelines": ("Lake/Bucket/Resource", "Landing/Bucket/Resource"),
}

_OF_BUCKETS = tuple(
    Acknowledgement(rules=rules, stack=stack, resources=resources, reason=reason)
    for stack, resources in _BUCKETS.items()
    for rules, reason in {
        ("AwsSolutions-S1", "NIST.800.53.R5-S3BucketLoggingEnabled"): (
            "AWS recommends CloudTrail's data events to record who read or wrote which object, "
            "since access logs are delivered at best effort. A trail is the account's own, for "
            "all of its buckets, and is not made here."
        ),
        ("NIST.800.53.R5-S3BucketReplicationEnabled",): (
            "The loss of a whole region is not covered: docs/recovery.md says so, and what it "
            "would take. Against all that is smaller, versions that are overwritten or deleted "
            "are kept for 90 days or longer, save for scratch of runs in work/ and athena/, rows "
            "of exports, which are kept for as long as backups of the warehouse, and files of "
            "lake/, which are built anew from the archive."
        ),
        ("NIST.800.53.R5-S3DefaultEncryptionKMS",): (
            "Objects are encrypted with keys of S3. Bucket policies and roles decide who reads; "
            "a key of our own would be granted to the same roles and so keep no one out, while "
            "partners who upload would need it as well."
        ),
    }.items()
)

_OF_REST = (
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="pipelines",
        resources=("PipelinesAccess/Policy/Resource",),
        details=(
            *(
                f"Resource::<LakeBucket.Arn>/{folder}/*"
                for folder in (
                    "athena/results",
                    "athena/unload",
                    "exports",
                    "json",
                    "lake",
                    "page",
                    "raw",
                    "work",
                )
            ),
            *(f"Resource::<LandingBucket.Arn>/{folder}/*" for folder in ("exports", "uploads")),
        ),
        reason=(
            "Objects are named by who uploads them, by commits and by runs, so the names cannot be "
            "known; the rights end at these ten folders of two buckets."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="pipelines",
        resources=("PipelinesAccess/Policy/Resource",),
        details=(f"Resource::{_GLUE}:table/<QueriesDatabase>/*",),
        reason=(
            "Tables are named by the exports that they stand for, while these are compared; the "
            "database is there for nothing else."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="pipelines",
        resources=("PipelinesAccess/Policy/Resource",),
        details=(f"Resource::{_GLUE}:table/<LakeQueriesDatabase>/*",),
        reason=(
            "Tables are named by datasets, and a new dataset makes its own; the database is there "
            "for nothing else."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="pipelines",
        resources=("PipelinesAccess/Policy/Resource",),
        details=("Resource::*",),
        reason=(
            "The action cloudwatch:PutMetricData knows no resource; a condition names the one "
            "namespace, and a test holds every other statement to resources."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="pipelines",
        resources=("Crawler/Policy/Resource",),
        details=(
            "Resource::<LakeBucket.Arn>/lake/*",
            f"Resource::{_GLUE}:table/<CrawlerDatabase>/*",
            f"Resource::{_LOGS}:/aws-glue/crawlers*",
        ),
        optional=True,
        reason=(
            "What a crawler finds is what nobody could name before: it reads one folder, writes "
            "tables of a database of its own, and logs to groups that Glue names."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-SQS3",),
        stack="pipelines",
        resources=("Observer/Queue/Resource",),
        reason=(
            "Who observes events reads this queue from outside; nothing here consumes it and could "
            "fail to. The bus keeps an archive to replay them from."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-SQS3",),
        stack="pipelines",
        resources=("Observer/DeadLetterQueue/Resource",),
        reason=(
            "It is a dead-letter queue itself: EventBridge names it in the rule that fills the "
            "observer queue, where cdk-nag looks at redrive policies of queues alone."
        ),
    ),
    Acknowledgement(
        rules=("NIST.800.53.R5-DynamoDBInBackupPlan",),
        stack="pipelines",
        resources=("Items/Table/Resource",),
        reason=(
            "Continuous backups put the table back to any second of the last 35 days. A plan would "
            "add copies in another region, which is not covered: see docs/recovery.md."
        ),
    ),
)

OF_PIPELINES = (*_OF_BUCKETS, *_OF_REST)
