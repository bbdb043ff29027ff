"""Saves the chart that a run has left for the page, as a picture."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from include.core.summaries.summary import key_of
from infra.local import aws
from infra.local.pictures.drawing import draw

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from infra.local.state import Running


def save_pictures(running: Running, sinks: Iterable[str], folder: Path) -> list[Path]:
    """Draw the charts of sinks; those without a chart are left out.

    Arguments:
        running: the stack whose bucket has the charts.
        sinks: as the ledger knows them.
        folder: where the pictures are saved; one of the same sink is replaced.

    Returns:
        The files.
    """
    saved = []
    for sink in sinks:
        chart = _chart_of(running, sink)
        if chart and any(points["date"] for points in chart["points"].values()):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{quote(sink, safe='')}.svg"
            path.write_text(draw(chart), encoding="utf-8")
            saved.append(path)
    return saved


def _chart_of(running: Running, sink: str) -> dict[str, Any] | None:
    client = aws.client("s3", running.endpoint)
    try:
        found = client.get_object(Bucket=running.outputs["LakeBucket"], Key=key_of("charts", sink))
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise
    chart: dict[str, Any] = json.loads(found["Body"].read())
    return chart
