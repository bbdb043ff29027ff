"""Places where csv_upload_to_sqs can deliver, each with buckets and a queue of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from tests.support.clients import client
from tests.support.deliveries import ANY, Place

if TYPE_CHECKING:
    from pathlib import Path

    from include.core.aws.objects import ObjectStore
    from tests.conftest import Aws


TYPED = CsvContract(
    columns=(
        Column(name="id", type="integer", header="ID"),
        Column(name="share", type="numeric"),
        Column(name="open", type="boolean"),
        Column(name="since", type="date"),
        Column(name="note", type="text"),
    )
)


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


def typed(place: Place, **settings: Any) -> Place:
    return replace(place, upload=replace(ANY, contract=TYPED, **settings))


def counts(read: int, *, rejected: int = 0) -> dict[str, int]:
    went = {"rejected": rejected, "duplicate": 0, "superseded": 0, "delivered": read - rejected}
    return {"read": read, **went}
