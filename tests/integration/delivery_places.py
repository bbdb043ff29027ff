"""Places where csv_upload_to_sqs can deliver, each with buckets and a queue of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.clients import client
from tests.support.deliveries import Place

if TYPE_CHECKING:
    from pathlib import Path

    from include.core.objects import ObjectStore
    from tests.conftest import Aws


@pytest.fixture
def place(aws: Aws, ready_uri: str, landing: str, lake: ObjectStore, tmp_path: Path) -> Place:
    """A landing bucket and a queue of its own."""
    return Place(
        warehouse_uri=ready_uri,
        aws=aws.endpoint,
        landing=landing,
        lake=lake.bucket,
        queue_url=client("sqs", aws.endpoint).create_queue(QueueName=landing)["QueueUrl"],
        folder=tmp_path,
    )
