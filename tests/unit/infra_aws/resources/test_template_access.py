"""What the role that runs the DAGs may do, statement by statement."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.infra_aws.templates import REGION, Template, arn_behind, behind, resolved

PURPOSES = [
    "CompareExports",
    "CountGoodHours",
    "DeliverFiles",
    "DropOldFiles",
    "EncryptNotices",
    "FetchDifferences",
    "KeepFiles",
    "KeepTables",
    "LetAthenaFindTables",
    "LetAthenaFindTheLake",
    "LetAthenaWrite",
    "ListFiles",
    "ListUploads",
    "LookAtDeadLetters",
    "MakeTables",
    "ReadUploads",
    "SendNotices",
    "SendRows",
    "StreamChanges",
    "TakeArrivals",
    "TellOfStages",
    "WriteItems",
]


def granted(template: Template) -> dict[str, dict[str, Any]]:
    """Return the policy's statements by purpose, actions and resources as lists."""
    _, policy = behind(template, "PipelinesPolicyArn")
    found = {}
    for statement in policy["PolicyDocument"]["Statement"]:
        for part in ("Action", "Resource"):
            value = statement[part]
            statement[part] = value if isinstance(value, list) else [value]
        found[statement["Sid"]] = statement
    return found


def objects(template: Template, output: str, below: str) -> dict[str, Any]:
    return {"Fn::Join": ["", [arn_behind(template, output), f"/{below}"]]}


def here(service: str, *name: Any) -> dict[str, Any]:
    """The ARN of what is in this account and region, by the parts of its name."""
    region, account = {"Ref": "AWS::Region"}, {"Ref": "AWS::AccountId"}
    first, *others = name
    parts = ["arn:", {"Ref": "AWS::Partition"}, f":{service}:", region, ":", account, f":{first}"]
    return {"Fn::Join": ["", [*parts, *others]]}


def catalog(template: Template, output: str = "GlueDatabase") -> list[dict[str, Any]]:
    """The ARNs of a database, of its tables, and of the catalog that has them."""
    database = {"Ref": behind(template, output)[0]}
    return [
        here("glue", "catalog"),
        here("glue", "database/", database),
        here("glue", "table/", database, "/*"),
    ]


def workgroup(template: Template) -> dict[str, Any]:
    """The ARN of the workgroup of exports."""
    return here("athena", "workgroup/", {"Ref": behind(template, "AthenaWorkgroup")[0]})


def test_each_purpose_is_one_statement_and_nothing_is_granted_beside(template: Template) -> None:
    assert sorted(granted(template)) == PURPOSES
    assert {statement["Effect"] for statement in granted(template).values()} == {"Allow"}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_wildcard_stands_for_actions_or_whole_resources(
    template: Template, purpose: str
) -> None:
    statement = granted(template)[purpose]
    assert not any("*" in action for action in statement["Action"])
    tables = [*catalog(template), *catalog(template, "LakeDatabase")]
    for resource in statement["Resource"]:
        if (purpose, resource) == ("CountGoodHours", "*"):
            continue
        assert isinstance(resource, dict)
        if resource in (*tables, workgroup(template)):
            continue
        ends = resource.get("Fn::Join", ["", [""]])[1][-1].removeprefix("/")
        folders = (
            "athena/results/*",
            "athena/unload/*",
            "exports/*",
            "json/*",
            "lake/*",
            "page/*",
            "raw/*",
            "uploads/*",
            "work/*",
        )
        assert ends in ("", *folders, ":database/default")


def test_policy_is_attached_to_nothing_here(template: Template) -> None:
    _, policy = behind(template, "PipelinesPolicyArn")
    assert policy.keys() & {"Groups", "Roles", "Users"} == set()


def test_what_lands_is_read_version_by_version_and_never_written(template: Template) -> None:
    statement = granted(template)["ReadUploads"]
    assert statement["Action"] == ["s3:GetObjectVersion"]
    assert statement["Resource"] == [
        objects(template, "LandingBucket", below) for below in ("exports/*", "uploads/*")
    ]


def test_landing_bucket_is_listed_below_what_lands(template: Template) -> None:
    statement = granted(template)["ListUploads"]
    assert statement["Action"] == ["s3:ListBucket", "s3:ListBucketVersions"]
    assert statement["Resource"] == [arn_behind(template, "LandingBucket")]
    assert statement["Condition"] == {
        "StringLikeIfExists": {"s3:prefix": ["exports/*", "uploads/*"]}
    }


def test_own_files_are_put_and_read_in_their_folders(template: Template) -> None:
    statement = granted(template)["KeepFiles"]
    assert statement["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert statement["Resource"] == [
        {"Fn::Join": ["/", [arn_behind(template, "LakeBucket"), f"{folder}/*"]]}
        for folder in ("exports", "lake", "page", "raw", "work")
    ]
    listing = granted(template)["ListFiles"]
    assert listing["Action"] == ["s3:ListBucket"]
    assert listing["Resource"] == [arn_behind(template, "LakeBucket")]
    folders = ("exports", "lake", "page", "raw", "work", "athena/unload")
    prefixes = {"s3:prefix": [f"{folder}/*" for folder in folders]}
    assert listing["Condition"] == {"StringLikeIfExists": prefixes}


def test_nothing_is_deleted_but_rows_of_exports_and_summaries_and_no_version_of_them(
    template: Template,
) -> None:
    deleting = {
        sid: (statement["Action"], statement["Resource"])
        for sid, statement in granted(template).items()
        if any("Delete" in action for action in statement["Action"])
    }
    bucket = arn_behind(template, "LakeBucket")
    lake = [{"Fn::Join": ["/", [bucket, f"{folder}/*"]]} for folder in ("exports", "page")]
    queues = granted(template)["TakeArrivals"]
    assert deleting == {
        "DropOldFiles": (["s3:DeleteObject"], lake),
        # Glue's tables are names for what is in the lake.
        "MakeTables": (granted(template)["MakeTables"]["Action"], catalog(template)),
        "TakeArrivals": (queues["Action"], queues["Resource"]),
    }


def test_exports_are_compared_in_one_workgroup_as_tables_of_one_database(
    template: Template,
) -> None:
    statement = granted(template)["CompareExports"]
    assert statement["Action"] == [
        "athena:GetQueryExecution",
        "athena:StartQueryExecution",
        "athena:StopQueryExecution",
    ]
    assert statement["Resource"] == [workgroup(template)]
    statement = granted(template)["MakeTables"]
    assert statement["Action"] == ["glue:BatchDeleteTable", "glue:CreateTable", "glue:UpdateTable"]
    assert statement["Resource"] == catalog(template)
    statement = granted(template)["FetchDifferences"]
    assert statement["Action"] == ["s3:GetObject"]
    lake = arn_behind(template, "LakeBucket")
    assert statement["Resource"] == [{"Fn::Join": ["/", [lake, "athena/unload/*"]]}]


def test_tables_of_the_lake_are_looked_up_made_and_changed_in_one_database_and_never_deleted(
    template: Template,
) -> None:
    statement = granted(template)["KeepTables"]
    assert statement["Action"] == ["glue:CreateTable", "glue:GetTable", "glue:UpdateTable"]
    assert statement["Resource"] == catalog(template, "LakeDatabase")
    assert "Condition" not in statement


def test_good_hours_are_counted_among_the_metrics_of_sluice_and_no_others(
    template: Template,
) -> None:
    statement = granted(template)["CountGoodHours"]
    assert statement["Action"] == ["cloudwatch:PutMetricData"]
    assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Sluice"}}


def test_nothing_that_people_found_by_queries_is_read_or_written(template: Template) -> None:
    for statement in granted(template).values():
        for resource in statement["Resource"]:
            assert "athena/*" not in str(resource)
            assert "athena/lake" not in str(resource)


def test_what_athena_needs_of_the_role_is_allowed_to_athena_alone(template: Template) -> None:
    lake = arn_behind(template, "LakeBucket")
    expected = {
        "LetAthenaFindTables": (
            ["glue:GetDatabase", "glue:GetTable"],
            [*catalog(template), here("glue", "database/default")],
        ),
        "LetAthenaFindTheLake": (
            ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
            [lake],
        ),
        "LetAthenaWrite": (
            ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"],
            [{"Fn::Join": ["/", [lake, f"athena/{folder}/*"]]} for folder in ("results", "unload")],
        ),
    }
    for purpose, (actions, resources) in expected.items():
        statement = granted(template)[purpose]
        assert (statement["Action"], statement["Resource"]) == (actions, resources)
        assert statement["Condition"] == {
            "ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}
        }


def test_files_that_are_for_others_are_put_and_never_read_again(template: Template) -> None:
    statement = granted(template)["DeliverFiles"]
    assert statement["Action"] == ["s3:PutObject"]
    assert statement["Resource"] == [
        {"Fn::Join": ["/", [arn_behind(template, "LakeBucket"), "json/*"]]}
    ]


def test_arrivals_are_taken_from_the_queues_of_each_pipeline(template: Template) -> None:
    statement = granted(template)["TakeArrivals"]
    assert statement["Action"] == [
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:ReceiveMessage",
    ]
    assert statement["Resource"] == [
        arn_behind(template, "CsvUploadToSqsQueueUrl"),
        arn_behind(template, "CsvUploadToDynamodbQueueUrl"),
        arn_behind(template, "TableExportToKinesisQueueUrl"),
    ]


def test_rows_are_sent_to_the_json_queue_and_to_no_other(template: Template) -> None:
    statement = granted(template)["SendRows"]
    assert statement["Action"] == ["sqs:SendMessage"]
    assert statement["Resource"] == [arn_behind(template, "JsonQueueUrl")]


def test_items_are_inserted_updated_and_looked_up_by_key(template: Template) -> None:
    statement = granted(template)["WriteItems"]
    assert statement["Action"] == [
        "dynamodb:BatchGetItem",
        "dynamodb:PartiQLInsert",
        "dynamodb:PartiQLUpdate",
    ]
    assert statement["Resource"] == [arn_behind(template, "ItemsTable")]


def test_events_are_put_on_the_bus_in_the_pipelines_name_only(template: Template) -> None:
    statement = granted(template)["TellOfStages"]
    assert statement["Action"] == ["events:PutEvents"]
    assert statement["Resource"] == [arn_behind(template, "EventsBus")]
    assert statement["Condition"] == {
        "StringEquals": {"events:source": "sluice.csv_upload_to_dynamodb"}
    }


def test_notices_are_encrypted_with_the_key_of_the_topic_and_only_by_way_of_sns(
    template: Template,
) -> None:
    statement = granted(template)["EncryptNotices"]
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statement["Resource"] == [behind(template, "AlertsTopicArn")[1]["KmsMasterKeyId"]]
    assert resolved(statement["Condition"]) == {
        "StringEquals": {"kms:ViaService": f"sns.{REGION}.amazonaws.com"}
    }


def test_notices_are_published_to_the_alerts_topic(template: Template) -> None:
    statement = granted(template)["SendNotices"]
    assert statement["Action"] == ["sns:Publish"]
    assert statement["Resource"] == [{"Ref": behind(template, "AlertsTopicArn")[0]}]
