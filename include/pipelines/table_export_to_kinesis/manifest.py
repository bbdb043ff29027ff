"""The manifest of an export of several files: their names, sizes and SHA-256."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypedDict

from include.errors import ArrivalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.core.arrivals.claim import ReceivedFile
    from include.pipelines.table_export_to_kinesis.states import LandedFile

MANIFEST: Final = "_manifest.json"
_MANIFEST_BYTES: Final = 1_000_000


class ListedFile(TypedDict):
    """What a manifest says of a file."""

    size: int
    sha256: str


def read_manifest(client: Any, files: Sequence[ReceivedFile]) -> dict[str, ListedFile] | None:
    """What the manifest among files says, by name of file; None without one.

    Arguments:
        client: a boto3 S3 client.
        files: of one export.

    Raises:
        ArrivalError: it is no manifest.
    """
    found = next((file for file in files if file["key"].endswith(f"/{MANIFEST}")), None)
    if found is None:
        return None
    problem = ArrivalError(
        f'{MANIFEST} is not JSON of the form {{"files": [{{"name", "size", "sha256"}}]}}'
    )
    if found["size"] > _MANIFEST_BYTES:
        raise problem
    answer = client.get_object(
        Bucket=found["bucket"], Key=found["key"], VersionId=found["version_id"]
    )
    try:
        entries = json.loads(answer["Body"].read())["files"]
        manifest = {
            str(entry["name"]): ListedFile(size=int(entry["size"]), sha256=str(entry["sha256"]))
            for entry in entries
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        raise problem from None
    if len(manifest) != len(entries) or not manifest:
        raise problem
    return manifest


def refuse_unlisted(files: Mapping[str, LandedFile], manifest: Mapping[str, ListedFile]) -> None:
    """Refuse files that a manifest does not list, or lists with another size.

    Raises:
        ArrivalError: names the first of them.
    """
    for name, landed in files.items():
        if name not in manifest:
            raise ArrivalError(f"{MANIFEST} of this version does not list {name}")
        listed = manifest[name]["size"]
        if listed != landed["size"]:
            raise ArrivalError(f"{name} has {landed['size']} bytes, and {MANIFEST} says {listed}")
