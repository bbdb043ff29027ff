"""What the stack promises as a whole, read from its templates as plain JSON."""

from __future__ import annotations

from tests.unit.infra_aws.templates import ACCOUNT, REGION, Template, resolved

PHYSICAL_NAMES = {
    "AlarmName",
    "ArchiveName",
    "BucketName",
    "ManagedPolicyName",
    "Name",
    "QueueName",
    "TableName",
    "TopicName",
}


def test_outputs_are_what_the_settings_name_and_the_policy_of_the_role(template: Template) -> None:
    assert set(template["Outputs"]) == {
        "LandingBucket",
        "LakeBucket",
        "JsonQueueUrl",
        "JsonDeadLetterQueueUrl",
        "ItemsTable",
        "ChangesStream",
        "GlueDatabase",
        "AthenaWorkgroup",
        "LakeDatabase",
        "LakeWorkgroup",
        "AlertsTopicArn",
        "CsvUploadToSqsQueueUrl",
        "CsvUploadToSqsDeadLetterQueueUrl",
        "CsvUploadToDynamodbQueueUrl",
        "CsvUploadToDynamodbDeadLetterQueueUrl",
        "TableExportToKinesisQueueUrl",
        "TableExportToKinesisDeadLetterQueueUrl",
        "EventsBus",
        "ObserverQueueUrl",
        "ObserverDeadLetterQueueUrl",
        "PipelinesPolicyArn",
    }


def test_template_deploys_as_it_is_without_bootstrap_parameters_or_rules(
    template: Template,
) -> None:
    assert set(template) == {"Description", "Outputs", "Resources"}


def test_template_has_only_resources_that_cloudformation_makes_itself(template: Template) -> None:
    assert {resource["Type"] for resource in template["Resources"].values()} == {
        "AWS::Athena::WorkGroup",
        "AWS::CloudWatch::Alarm",
        "AWS::DynamoDB::Table",
        "AWS::Events::Archive",
        "AWS::Events::EventBus",
        "AWS::Events::Rule",
        "AWS::Glue::Database",
        "AWS::IAM::ManagedPolicy",
        "AWS::KMS::Key",
        "AWS::Kinesis::Stream",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
    }


def test_names_that_are_not_left_to_cloudformation_are_the_stacks_own(template: Template) -> None:
    names = [
        resolved(resource["Properties"][given])
        for resource in template["Resources"].values()
        for given in PHYSICAL_NAMES & resource["Properties"].keys()
    ]
    own = [name for name in names if not name.startswith("sluice-some-")]
    assert sorted(own) == [
        "sluice-csv-upload-to-dynamodb-0a1b2c3d",
        "sluice-csv-upload-to-sqs-0a1b2c3d",
        "sluice-events-0a1b2c3d",
        "sluice-exports-0a1b2c3d",
        "sluice-lake-0a1b2c3d",
        f"sluice-landing-{ACCOUNT}-{REGION}-0a1b2c3d",
        "sluice-table-export-to-kinesis-0a1b2c3d",
    ]
