"""Places where csv_upload_to_dynamodb can run, each with a bucket, a table and a bus of its own."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from include.core.runs.quarantine import read_rejected
from tests.support.clients import client
from tests.support.item_runs import ItemPlace

if TYPE_CHECKING:
    from pathlib import Path

    from include.core.arrivals.results import FileResult
    from include.core.aws.objects import ObjectStore
    from tests.conftest import Aws

HEADER = "ID,HouseNum,Street,Town,Zip\n"
_numbers = itertools.count()


def rows(count: int, *, town: str = "Springfield") -> str:
    lines = [f'{n:04},{n},"Main St, {n}",{town},0{n:04}\n' for n in range(count)]
    return HEADER + "".join(lines)


@pytest.fixture
def place(aws: Aws, ready_uri: str, landing: str, lake: ObjectStore, tmp_path: Path) -> ItemPlace:
    """A landing bucket, a table and a bus of one's own."""
    name = f"items-{next(_numbers)}"
    create_table(aws.endpoint, name)
    return ItemPlace(
        warehouse_uri=ready_uri,
        aws=aws.endpoint,
        landing=landing,
        lake=lake.bucket,
        table=name,
        bus=name,
        queue=_observed(aws, name),
        folder=tmp_path,
    )


def create_table(endpoint: str, name: str, *, key_type: str = "S") -> None:
    client("dynamodb", endpoint).create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": key_type}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _observed(aws: Aws, bus: str) -> str:
    events, sqs = client("events", aws.endpoint), client("sqs", aws.endpoint)
    queue = str(sqs.create_queue(QueueName=bus)["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    events.create_event_bus(Name=bus)
    events.put_rule(
        Name=bus,
        EventBusName=bus,
        EventPattern=json.dumps({"source": ["sluice.csv_upload_to_dynamodb"]}),
    )
    events.put_targets(
        Rule=bus,
        EventBusName=bus,
        Targets=[{"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}],
    )
    return queue


def without_version(items: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        key: {name: value for name, value in item.items() if name != "file_version"}
        for key, item in items.items()
    }


def lenient(place: ItemPlace, **changes: Any) -> ItemPlace:
    limit = replace(place.upload.rejects, rows=1000)
    return replace(place, upload=replace(place.upload, rejects=limit, **changes))


def rejected_rows(place: ItemPlace, result: FileResult) -> list[tuple[int | None, str]]:
    return [(row.line, row.code) for row in read_rejected(place.rejects_of(result))]
