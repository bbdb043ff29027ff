"""Objects that go or change between tasks, and folders that are full: nothing is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import pytest

from include.errors import ArchiveError
from tests.support.clients import client
from tests.support.pipeline_runs import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.invariants import Trial
    from tests.support.resumable_runs import Place

    Harm = Callable[[Place, str], None]

V1, V2 = moment("2020-12-01"), moment("2020-12-02")
KIB = 1024


def delete(place: Place, key: str) -> None:
    client("s3", place.aws).delete_object(Bucket=place.bucket, Key=key)


def overwrite(place: Place, key: str) -> None:
    """Other bytes, as a stranger writes them: without what Sluice notes beside an object."""
    client("s3", place.aws).put_object(Bucket=place.bucket, Key=key, Body=b"date,cases,deaths\n")


def damage(place: Place, key: str) -> None:
    """Other bytes under the same notes."""
    s3 = client("s3", place.aws)
    found = s3.get_object(Bucket=place.bucket, Key=key)
    body, notes = found["Body"].read() + b"\n", found["Metadata"]
    s3.put_object(Bucket=place.bucket, Key=key, Body=body, Metadata=notes)


def refuse(trial: Trial) -> None:
    with pytest.raises(ArchiveError):
        trial.run(V2, "harmed")
    trial.check_all_or_nothing()
    assert trial.place.tasks().query("select run_id from ops.run") == [("before",)]


def test_archived_file_that_is_gone_is_fetched_again_by_the_task_that_makes_it(
    trial: Trial,
) -> None:
    trial.run(V1, "before")
    delete(trial.place, trial.place.download(V2, "harmed")[0]["key"])
    refuse(trial)
    trial.place.clear("harmed", "download")
    trial.run(V2, "harmed")
    trial.check_healed()


@pytest.mark.parametrize("harm", [overwrite, damage])
def test_archived_file_that_was_altered_stops_runs_until_it_is_fetched_again(
    trial: Trial, harm: Harm
) -> None:
    trial.run(V1, "before")
    harm(trial.place, trial.place.download(V2, "harmed")[0]["key"])
    refuse(trial)
    trial.place.clear("harmed", "download")
    refuse(trial)
    trial.place.clear("harmed", "download")
    trial.run(V2, "harmed", refetch=True)
    trial.check_healed()


@pytest.mark.parametrize("harm", [delete, overwrite, damage])
@pytest.mark.parametrize("handed_over", ["snapshot", "rejects"])
def test_hand_over_that_is_not_what_was_put_there_stops_the_run(
    trial: Trial, handed_over: Literal["snapshot", "rejects"], harm: Harm
) -> None:
    trial.run(V1, "before")
    harm(trial.place, trial.place.prepare(V2, "harmed")[handed_over]["key"])
    refuse(trial)
    trial.place.clear("harmed", "clean_and_merge")
    trial.run(V2, "harmed")
    trial.check_healed()


@contextmanager
def small(folder: Path, size: int) -> Iterator[None]:
    """A folder that holds so many bytes and no more, while the `with` block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={size}", "sluice-small"]
    mounted = subprocess.run(["mount", *options, str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small folder can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.thorough(usual=2)
@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0,
    reason="a folder of a fixed size takes root on Linux",
)
@pytest.mark.parametrize(
    ("task", "size"),
    [
        ("download", 128 * KIB),
        ("clean_and_merge", 128 * KIB),
        ("clean_and_merge", 1280 * KIB),
        ("upsert", 32 * KIB),
    ],
)
def test_task_whose_temporary_folder_is_full_is_tried_again(
    large: Trial, task: str, size: int
) -> None:
    large.run(V1, "before")
    if task != "download":
        large.place.download(V2, "full")
    if task == "upsert":
        large.place.prepare(V2, "full")
    with small(large.place.scratch, size):
        assert large.worker(V2, "full").end() == "OSError"
        large.check_all_or_nothing()
    large.run(V2, "full")
    large.check_healed()
