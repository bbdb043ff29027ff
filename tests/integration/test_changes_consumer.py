"""The consumer that the documentation prints, as somebody else would run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from infra.local import aws as emulators
from tests.integration.stream_places import place, publisher, stream
from tests.support.document_blocks import ALL
from tests.support.published_changes import LINES, THINGS, line, things

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.published_changes import Publisher
    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "publisher", "stream"]

PAGE = "docs/changes.md"


@pytest.fixture
def consumer(tmp_path: Path) -> Path:
    """The program as a file."""
    (block,) = [block for block in ALL[PAGE] if block.language == "python"]
    assert len([each for each in block.text.splitlines() if each]) <= 30
    program = tmp_path / "consumer.py"
    program.write_text(block.text)
    return program


def test_consumer_of_the_documentation_ends_with_the_rows_of_the_newest_exports(
    place: StreamPlace, publisher: Publisher, consumer: Path
) -> None:
    publisher.into = ("shardId-000000000000",)
    publisher.publish(THINGS, "v1", things(1, 2, 3))
    # As after a split: what follows goes into other shards.
    publisher.into = ("shardId-000000000001", "shardId-000000000002")
    publisher.publish(LINES, "v1", [line(1, 1), line(1, 2)])
    newest = [*things(2), *things(3, c1=""), *things(*range(4, 40))]
    again = publisher.publish(THINGS, "v2", newest)
    publisher.put(again.records)
    begun = publisher.begin(THINGS, "v3", things(1))
    publisher.put(begun.records[:5])
    environment = {**os.environ, **emulators.environment(place.aws)}
    done = subprocess.run(
        [sys.executable, str(consumer), place.stream],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(each.split(" ", 1) for each in done.stdout.splitlines())
    assert sorted(json.loads(found["acme/test_table"]), key=THINGS.key_of) == newest
    assert json.loads(found["acme/order_lines"]) == [line(1, 1), line(1, 2)]
