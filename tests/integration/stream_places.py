"""Places where a stream is read and applied, each with a stream and a warehouse of its own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.support.clients import client
from tests.support.published_changes import Publisher
from tests.support.stream_runs import StreamPlace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.core.aws.objects import ObjectStore
    from tests.conftest import Aws

SHARDS = 3
_numbers = itertools.count()


@pytest.fixture
def stream(aws: Aws) -> Iterator[str]:
    """A stream of its own, of three shards."""
    name, kinesis = f"changes-{next(_numbers)}", client("kinesis", aws.endpoint)
    kinesis.create_stream(StreamName=name, ShardCount=SHARDS)
    yield name
    kinesis.delete_stream(StreamName=name)


@pytest.fixture
def place(
    aws: Aws, warehouse_uri: str, loader_uri: str, stream: str, lake: ObjectStore, tmp_path: Path
) -> StreamPlace:
    return StreamPlace(
        loader_uri=loader_uri,
        owner_uri=warehouse_uri,
        aws=aws.endpoint,
        stream=stream,
        lake=lake.bucket,
        folder=tmp_path,
    )


@pytest.fixture
def publisher(aws: Aws, warehouse_uri: str, stream: str) -> Publisher:
    return Publisher(warehouse_uri, aws.endpoint, stream)
