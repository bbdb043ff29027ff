"""Files of one chunk, which the task that has read them writes as well."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from include.pipelines.csv_upload_to_dynamodb.extract import extract
from include.pipelines.csv_upload_to_dynamodb.load import load
from include.pipelines.csv_upload_to_dynamodb.observe import observe
from include.pipelines.csv_upload_to_dynamodb.transform import transform

if TYPE_CHECKING:
    from include.contracts.uploads import ItemUpload
    from include.core.arrivals.claim import ReceivedFile
    from include.pipelines.csv_upload_to_dynamodb.chunks import ExtractedFile
    from include.pipelines.csv_upload_to_dynamodb.resources import ItemResources


def take_in(
    upload: ItemUpload, file: ReceivedFile, *, files: int, resources: ItemResources
) -> ExtractedFile:
    """Extract a file, and take the chunk of one that has no more through all stages.

    Three tasks less are a second or two less each. Arguments are those of extract; errors also
    those of transform, load and observe.
    """
    extracted = extract(upload, file, files=files, resources=resources)
    if len(extracted["chunks"]) != 1:
        return extracted
    (chunk,) = extracted["chunks"]
    transformed = transform(upload, chunk, resources=_apart(resources, "transform"))
    loaded = load(upload, transformed, resources=_apart(resources, "load"))
    observed = observe(upload, loaded, resources=_apart(resources, "observe"))
    return {**extracted, "observed": [observed]}


def _apart(resources: ItemResources, stage: str) -> ItemResources:
    """The same with a folder of its own, as a task of its own has it."""
    folder = resources.folder / stage
    folder.mkdir()
    return replace(resources, folder=folder)
