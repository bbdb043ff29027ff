"""Calls to AWS, the rights that they take, and whether policies give these rights and no others.

Which operation takes which right: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

ARN = "arn:aws:{}:us-east-1:000000000000:{}"  # where the emulator is
_PARTIQL = {"insert": "Insert", "select": "Select", "update": "Update", "delete": "Delete"}


@dataclass(frozen=True)
class Call:
    """One call, as a client's user made it.

    Attributes:
        service: as botocore names it.
        operation: such as GetObject.
        params: what it was given.
    """

    service: str
    operation: str
    params: Mapping[str, Any]

    def to_json(self) -> str:
        return json.dumps(vars(self), default=lambda _: "bytes of a file")

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"


def read_calls(path: Path) -> list[Call]:
    return [Call(**json.loads(line)) for line in path.read_text().splitlines()]


@dataclass(frozen=True)
class Right:
    """What IAM is asked for one call.

    Attributes:
        action: such as s3:GetObject.
        resource: an ARN.
        context: condition keys that the call has.
    """

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict, hash=False)


def _object(action: str) -> Callable[[Mapping[str, Any]], list[Right]]:
    def needed(params: Mapping[str, Any]) -> list[Right]:
        version = "Version" if params.get("VersionId") else ""
        resource = f"arn:aws:s3:::{params['Bucket']}/{params['Key']}"
        return [Right(f"s3:{action}{version}", resource)]

    return needed


def _listing(action: str) -> Callable[[Mapping[str, Any]], list[Right]]:
    def needed(params: Mapping[str, Any]) -> list[Right]:
        context = {"s3:prefix": params["Prefix"]} if "Prefix" in params else {}
        return [Right(f"s3:{action}", f"arn:aws:s3:::{params['Bucket']}", context)]

    return needed


def _queue(action: str) -> Callable[[Mapping[str, Any]], list[Right]]:
    def needed(params: Mapping[str, Any]) -> list[Right]:
        name = urlsplit(params["QueueUrl"]).path.rsplit("/", 1)[-1]
        return [Right(f"sqs:{action}", ARN.format("sqs", name))]

    return needed


def _statements(params: Mapping[str, Any]) -> list[Right]:
    found = []
    for each in params["Statements"]:
        verb, table = re.match(r'(\w+)\b[^"]*"([^"]+)"', each["Statement"].strip()).groups()  # type: ignore[union-attr]
        action = f"dynamodb:PartiQL{_PARTIQL[verb.lower()]}"
        found.append(Right(action, ARN.format("dynamodb", f"table/{table}")))
    return found


def _keys(params: Mapping[str, Any]) -> list[Right]:
    return [
        Right("dynamodb:BatchGetItem", ARN.format("dynamodb", f"table/{table}"))
        for table in params["RequestItems"]
    ]


def _events(params: Mapping[str, Any]) -> list[Right]:
    return [
        Right(
            "events:PutEvents",
            ARN.format("events", f"event-bus/{entry['EventBusName']}"),
            {"events:source": entry["Source"]},
        )
        for entry in params["Entries"]
    ]


def _stream(action: str) -> Callable[[Mapping[str, Any]], list[Right]]:
    def needed(params: Mapping[str, Any]) -> list[Right]:
        # A page of a list has a token for the name, and an iterator is of the stream that gave it.
        name = params.get("StreamName")
        return [Right(f"kinesis:{action}", ARN.format("kinesis", f"stream/{name}"))] if name else []

    return needed


def _publish(params: Mapping[str, Any]) -> list[Right]:
    return [Right("sns:Publish", params["TopicArn"])]


def _secret(action: str) -> Callable[[Mapping[str, Any]], list[Right]]:
    def needed(params: Mapping[str, Any]) -> list[Right]:
        name = params["SecretId"]
        # IAM sees the ARN, which has six characters more than the name.
        made_up = ARN.format("secretsmanager", f"secret:{name}-abcdef")
        arn = name if name.startswith("arn:") else made_up
        return [Right(f"secretsmanager:{action}", arn)]

    return needed


def _ingestion(action: str) -> Callable[[Mapping[str, Any]], list[Right]]:
    def needed(params: Mapping[str, Any]) -> list[Right]:
        name = f"dataset/{params['DataSetId']}/ingestion/{params['IngestionId']}"
        return [Right(f"quicksight:{action}", ARN.format("quicksight", name))]

    return needed


def _login(params: Mapping[str, Any]) -> list[Right]:
    # The server knows which instance it is; the token names its address only.
    return [
        Right("rds-db:connect", ARN.format("rds-db", f"dbuser:{RESOURCE_ID}/{params['DBUser']}"))
    ]


def _workgroup(action: str) -> Callable[[Mapping[str, Any]], list[Right]]:
    def needed(params: Mapping[str, Any]) -> list[Right]:
        # A query is of the workgroup that it was started in, which no other call names.
        name = params.get("WorkGroup")
        arn = ARN.format("athena", f"workgroup/{name}")
        return [Right(f"athena:{action}", arn)] if name else []

    return needed


def _tables(action: str) -> Callable[[Mapping[str, Any]], list[Right]]:
    def needed(params: Mapping[str, Any]) -> list[Right]:
        database = params["DatabaseName"]
        names = params.get("TablesToDelete") or [params.get("TableInput", params)["Name"]]
        resources = ["catalog", f"database/{database}", *(f"table/{database}/{n}" for n in names)]
        return [Right(f"glue:{action}", ARN.format("glue", each)) for each in resources]

    return needed


def _metrics(params: Mapping[str, Any]) -> list[Right]:
    return [Right("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": params["Namespace"]})]


RESOURCE_ID = "db-ABCDEFGHIJKL01234"
NEEDED: dict[str, Callable[[Mapping[str, Any]], list[Right]]] = {
    "athena:GetQueryExecution": _workgroup("GetQueryExecution"),
    "athena:StartQueryExecution": _workgroup("StartQueryExecution"),
    "cloudwatch:PutMetricData": _metrics,
    "dynamodb:BatchExecuteStatement": _statements,
    "dynamodb:BatchGetItem": _keys,
    "events:PutEvents": _events,
    "glue:BatchDeleteTable": _tables("BatchDeleteTable"),
    "glue:CreateTable": _tables("CreateTable"),
    "glue:GetTable": _tables("GetTable"),
    "glue:UpdateTable": _tables("UpdateTable"),
    "kinesis:DescribeStreamSummary": _stream("DescribeStreamSummary"),
    "kinesis:GetRecords": _stream("GetRecords"),
    "kinesis:GetShardIterator": _stream("GetShardIterator"),
    "kinesis:ListShards": _stream("ListShards"),
    "kinesis:PutRecords": _stream("PutRecords"),
    "quicksight:CreateIngestion": _ingestion("CreateIngestion"),
    "quicksight:DescribeIngestion": _ingestion("DescribeIngestion"),
    "rds-db:connect": _login,
    "s3:DeleteObject": _object("DeleteObject"),
    "s3:GetObject": _object("GetObject"),
    "s3:HeadObject": _object("GetObject"),
    "s3:ListObjectVersions": _listing("ListBucketVersions"),
    "s3:ListObjectsV2": _listing("ListBucket"),
    "s3:PutObject": _object("PutObject"),
    "secretsmanager:DescribeSecret": _secret("DescribeSecret"),
    "secretsmanager:GetSecretValue": _secret("GetSecretValue"),
    "secretsmanager:PutSecretValue": _secret("PutSecretValue"),
    "secretsmanager:UpdateSecretVersionStage": _secret("UpdateSecretVersionStage"),
    "sns:Publish": _publish,
    "sqs:ChangeMessageVisibilityBatch": _queue("ChangeMessageVisibility"),
    "sqs:GetQueueAttributes": _queue("GetQueueAttributes"),
    "sqs:DeleteMessageBatch": _queue("DeleteMessage"),
    "sqs:ReceiveMessage": _queue("ReceiveMessage"),
    "sqs:SendMessageBatch": _queue("SendMessage"),
    "sts:GetCallerIdentity": lambda _: [],  # anybody may ask who they are
}


def rights_of(calls: Iterable[Call]) -> set[Right]:
    """What the calls take.

    Raises:
        KeyError: NEEDED lacks an operation.
    """
    return {right for call in calls for right in NEEDED[call.name](call.params)}
