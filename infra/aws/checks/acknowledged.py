"""Every finding that stays, with its reason; synthesis fails on any other."""

from __future__ import annotations

from infra.aws.checks.acknowledgement import Acknowledgement

_BUCKETS = {
    "code": ("Code/Bucket/Resource",),
    "pipelines": ("Landing/Bucket/Resource", "Lake/Bucket/Resource"),
}

_OF_BUCKETS = tuple(
    Acknowledgement(rule=rule, stack=stack, resources=resources, reason=reason)
    for stack, resources in _BUCKETS.items()
    for rule, reason in {
        "AwsSolutions-S1": (
            "Who read or wrote which object is for CloudTrail's data events, as AWS advises: they "
            "come within minutes and none is lost, where access logs come at best effort. A trail "
            "is the account's, for all of its buckets."
        ),
        "NIST.800.53.R5-S3BucketLoggingEnabled": "See AwsSolutions-S1: a trail of the account records it.",
        "NIST.800.53.R5-S3BucketReplicationEnabled": (
            "Losing a whole region is not covered, which docs/recovery.md says together with what "
            "it would take. Every version of an object is kept against all that is smaller."
        ),
        "NIST.800.53.R5-S3DefaultEncryptionKMS": (
            "Objects are encrypted with keys of S3. The bucket is read by roles of this account "
            "alone, so a key of our own would be granted to the same roles and keep out nobody; "
            "partners who upload would need it too."
        ),
    }.items()
)

ACKNOWLEDGED: tuple[Acknowledgement, ...] = (
    *_OF_BUCKETS,
    Acknowledgement(
        rule="AwsSolutions-IAM5",
        stack="pipelines",
        resources=("PipelinesAccess/Policy/Resource",),
        details=(
            "Resource::<LakeBucket.Arn>/json/*",
            "Resource::<LakeBucket.Arn>/raw/*",
            "Resource::<LakeBucket.Arn>/work/*",
            "Resource::<LandingBucket.Arn>/uploads/*",
        ),
        reason=(
            "Names of objects are made by who uploads and by the date; the pipelines reach one "
            "folder of one bucket each way, and not the bucket."
        ),
    ),
    Acknowledgement(
        rule="AwsSolutions-SQS3",
        stack="pipelines",
        resources=("Observer/Queue/Resource",),
        reason=(
            "Nothing here consumes it, so nothing can fail to: it keeps events for four days for "
            "whoever reads them, and they can be replayed from the archive of the bus."
        ),
    ),
    Acknowledgement(
        rule="AwsSolutions-SQS3",
        stack="pipelines",
        resources=("Observer/DeadLetterQueue/Resource",),
        reason=(
            "It is the dead-letter queue of the rule that fills the observer queue, which "
            "EventBridge names in the rule's target and not in a queue's redrive policy."
        ),
    ),
    Acknowledgement(
        rule="NIST.800.53.R5-DynamoDBInBackupPlan",
        stack="pipelines",
        resources=("Items/Table/Resource",),
        reason=(
            "DynamoDB's continuous backups put the table back to any second of 35 days, which no "
            "backup plan does better; copies in another region are left out, as "
            "docs/recovery.md says."
        ),
    ),
)
