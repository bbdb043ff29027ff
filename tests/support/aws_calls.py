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


def _query(params: Mapping[str, Any]) -> list[Right]:
    """A query is of its workgroup; Athena asks Glue and S3 in the name of who asks it.

    https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html
    """
    if "WorkGroup" not in params:
        return []  # its id stands for it
    database, statement = params["QueryExecutionContext"]["Database"], params["QueryString"]
    bucket, prefix = re.findall(r"to 's3://([^/]+)/([^']+)'", statement)[0]
    tables = re.findall(rf'"{database}"."(\w+)"', statement)
    lake = f"arn:aws:s3:::{bucket}"
    return [
        Right(
            "athena:StartQueryExecution", ARN.format("athena", f"workgroup/{params['WorkGroup']}")
        ),
        *_of_glue("GetDatabase", database),
        *_of_glue("GetTable", database, *tables),
        Right("s3:GetBucketLocation", lake),
        Right("s3:ListBucket", lake, {"s3:prefix": prefix}),
        Right("s3:PutObject", f"{lake}/{prefix}1"),
        Right("s3:PutObject", f"{lake}/athena/results/1"),
        Right("s3:AbortMultipartUpload", f"{lake}/{prefix}1"),
        Right("s3:ListMultipartUploadParts", f"{lake}/{prefix}1"),
    ]


def _table(params: Mapping[str, Any]) -> str:
    return str(params["TableInput"]["Name"])


def _of_glue(action: str, database: str, *tables: str) -> list[Right]:
    """Glue asks for the catalog, the database and the tables."""
    places = ["catalog", f"database/{database}", *(f"table/{database}/{name}" for name in tables)]
    return [Right(f"glue:{action}", ARN.format("glue", place)) for place in places]


def _publish(params: Mapping[str, Any]) -> list[Right]:
    return [Right("sns:Publish", params["TopicArn"])]


def _secret(params: Mapping[str, Any]) -> list[Right]:
    name = params["SecretId"]
    # IAM sees the ARN, which has six characters more than the name.
    arn = name if name.startswith("arn:") else ARN.format("secretsmanager", f"secret:{name}-abcdef")
    return [Right("secretsmanager:GetSecretValue", arn)]


def _login(params: Mapping[str, Any]) -> list[Right]:
    # The server knows which instance it is; the token names its address only.
    return [
        Right("rds-db:connect", ARN.format("rds-db", f"dbuser:{RESOURCE_ID}/{params['DBUser']}"))
    ]


RESOURCE_ID = "db-ABCDEFGHIJKL01234"
NEEDED: dict[str, Callable[[Mapping[str, Any]], list[Right]]] = {
    "athena:GetQueryExecution": _query,
    "athena:StartQueryExecution": _query,
    "dynamodb:BatchExecuteStatement": _statements,
    "dynamodb:BatchGetItem": _keys,
    "events:PutEvents": _events,
    "glue:BatchDeleteTable": lambda params: _of_glue(
        "BatchDeleteTable", params["DatabaseName"], *params["TablesToDelete"]
    ),
    "glue:CreateTable": lambda params: _of_glue(
        "CreateTable", params["DatabaseName"], _table(params)
    ),
    "glue:UpdateTable": lambda params: _of_glue(
        "UpdateTable", params["DatabaseName"], _table(params)
    ),
    "kinesis:DescribeStreamSummary": _stream("DescribeStreamSummary"),
    "kinesis:GetRecords": _stream("GetRecords"),
    "kinesis:GetShardIterator": _stream("GetShardIterator"),
    "kinesis:ListShards": _stream("ListShards"),
    "kinesis:PutRecords": _stream("PutRecords"),
    "rds-db:connect": _login,
    "s3:DeleteObject": _object("DeleteObject"),
    "s3:GetObject": _object("GetObject"),
    "s3:HeadObject": _object("GetObject"),
    "s3:ListObjectVersions": _listing("ListBucketVersions"),
    "s3:ListObjectsV2": _listing("ListBucket"),
    "s3:PutObject": _object("PutObject"),
    "secretsmanager:GetSecretValue": _secret,
    "sns:Publish": _publish,
    "sqs:ChangeMessageVisibilityBatch": _queue("ChangeMessageVisibility"),
    "sqs:DeleteMessageBatch": _queue("DeleteMessage"),
    "sqs:ReceiveMessage": _queue("ReceiveMessage"),
    "sqs:SendMessageBatch": _queue("SendMessage"),
}


def rights_of(calls: Iterable[Call]) -> set[Right]:
    """What the calls take.

    Raises:
        KeyError: NEEDED lacks an operation.
    """
    return {right for call in calls for right in NEEDED[call.name](call.params)}
