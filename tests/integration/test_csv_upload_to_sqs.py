from __future__ import annotations

import csv
import io
import itertools
from typing import TYPE_CHECKING

import pytest

from include.core.contract import CsvContract
from include.core.upload_contract import JsonUpload
from tests.support.deliveries import Place
from tests.support.json_queue_consumer import check_delivered, consume

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from include.core.objects import ObjectStore
    from tests.conftest import Aws

ANY = JsonUpload(
    name="any",
    title="Any",
    description="Any file.",
    owner="tests",
    prefix="uploads/sqs/",
    contract=CsvContract(columns=(), unknown_columns="add", null_tokens=()),
)
_numbers = itertools.count()


@pytest.fixture
def place(warehouse_uri: str, aws: Aws, lake: ObjectStore, tmp_path: Path) -> Place:
    """A landing bucket and a queue of its own."""
    s3, name = aws.client("s3"), f"landing-sqs-{next(_numbers)}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return Place(
        upload=ANY,
        warehouse_uri=warehouse_uri,
        aws=aws.endpoint,
        landing=name,
        lake=lake.bucket,
        queue_url=aws.client("sqs").create_queue(QueueName=name)["QueueUrl"],
        folder=tmp_path,
    )


def written(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def rows_of(count: int) -> bytes:
    return written([("id", "town"), *((n, f"Town {n}") for n in range(1, count + 1))])


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 1000])
def test_every_row_is_a_message(place: Place, count: int) -> None:
    content = rows_of(count)
    file = place.put(content)
    result = place.deliver(file)
    assert result["counts"] == {
        "read": count,
        "rejected": 0,
        "duplicate": 0,
        "superseded": 0,
        "delivered": count,
    }
    consumed = consume(place.messages())
    check_delivered(consumed, content, file)
    assert consumed.repeats == 0
