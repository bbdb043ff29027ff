"""Versions of objects in the landing bucket: which, in which order, and their bytes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from include.core.arrivals.versions import fetch, look_up
from include.errors import ArrivalError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from include.core.arrivals.versions import FileVersion
    from tests.support.landing_bucket import Bucket


_numbers = itertools.count()


@pytest.fixture
def fetched(bucket: Bucket, tmp_path: Path) -> Callable[[FileVersion], str]:
    """Fetches what was looked up."""

    def get(file: FileVersion) -> str:
        fetch(bucket.s3, file, tmp_path / "file")
        return (tmp_path / "file").read_text()

    return get


def test_newest_version_is_found_with_what_s3_says_of_it(bucket: Bucket) -> None:
    bucket.put("a.csv", "old")
    newest = bucket.put("a.csv", "newer")
    found = bucket.look_up("a.csv")
    head = bucket.s3.head_object(Bucket=bucket.name, Key="a.csv")
    assert (found["bucket"], found["key"], found["version_id"]) == (bucket.name, "a.csv", newest)
    assert (found["size"], f'"{found["etag"]}"') == (5, head["ETag"])
    assert found["stored_at"] == head["LastModified"].isoformat()


def test_named_version_is_read_though_it_has_been_overwritten(
    bucket: Bucket, fetched: Callable[[FileVersion], str]
) -> None:
    old = bucket.put("a.csv", "old")
    found = bucket.look_up("a.csv", old)
    bucket.put("a.csv", "newer")
    assert fetched(found) == "old"
    assert bucket.look_up("a.csv", old) == found


def test_object_that_was_deleted_is_an_error_that_says_what_to_do(bucket: Bucket) -> None:
    version = bucket.put("a.csv")
    bucket.delete("a.csv")
    for named in (None, version):
        with pytest.raises(
            ArrivalError, match=r"^It was deleted after it arrived\. Upload it again"
        ):
            bucket.look_up("a.csv", named)
    with pytest.raises(ArrivalError, match="was deleted after it arrived"):
        bucket.look_up("a.csv", withdrawn=True)


def test_version_of_a_deleted_object_is_taken_where_it_is_asked_for(
    bucket: Bucket, fetched: Callable[[FileVersion], str]
) -> None:
    version = bucket.put("a.csv", "old")
    bucket.delete("a.csv")
    assert fetched(bucket.look_up("a.csv", version, withdrawn=True)) == "old"


def test_object_that_was_uploaded_again_after_it_was_deleted_has_all_its_versions(
    bucket: Bucket,
) -> None:
    before = bucket.put("a.csv")
    bucket.delete("a.csv")
    after = bucket.put("a.csv")
    assert bucket.look_up("a.csv")["version_id"] == after
    assert bucket.look_up("a.csv", before)["order"] < bucket.look_up("a.csv", after)["order"]


def test_delete_marker_is_no_version_of_a_file(bucket: Bucket) -> None:
    bucket.put("a.csv")
    marker = bucket.s3.delete_object(Bucket=bucket.name, Key="a.csv")["VersionId"]
    bucket.put("a.csv")
    with pytest.raises(ArrivalError, match="There is no version"):
        bucket.look_up("a.csv", marker)


def test_version_that_was_removed_for_good_is_an_error(bucket: Bucket) -> None:
    old = bucket.put("a.csv")
    bucket.put("a.csv")
    bucket.delete("a.csv", old)
    with pytest.raises(ArrivalError, match=f"^There is no version '{old}'$"):
        bucket.look_up("a.csv", old)


@pytest.mark.parametrize("key", ["none.csv", "a", "a.csv/", "a.cs"])
def test_object_that_is_not_there_is_an_error(bucket: Bucket, key: str) -> None:
    bucket.put("a.csv")
    with pytest.raises(ArrivalError, match=r"^There is no such object$"):
        bucket.look_up(key)


def test_error_shows_a_key_with_harmful_characters_harmless(bucket: Bucket) -> None:
    with pytest.raises(ArrivalError) as refused:
        bucket.look_up("a\u202e.csv", "v\n")
    assert str(refused.value).isprintable()


def test_bucket_that_is_not_there_is_no_fault_of_the_file(bucket: Bucket) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        look_up(bucket.s3, "no-such-bucket", "a.csv", None)


def test_order_of_a_version_stays_when_others_come_and_go(bucket: Bucket) -> None:
    first = bucket.put("a.csv", "1")
    second = bucket.put("a.csv", "2")
    before = [bucket.look_up("a.csv", version)["order"] for version in (first, second)]
    bucket.delete("a.csv")
    deleted = bucket.look_up("a.csv", second, withdrawn=True)["order"]
    third = bucket.put("a.csv", "3")
    after = [bucket.look_up("a.csv", version)["order"] for version in (first, second, third)]
    assert before == after[:2]
    assert deleted == before[1] < after[2]


def test_order_is_total_over_keys(bucket: Bucket) -> None:
    keys = ["a.csv", "b.csv", "c.csv"]
    files = [bucket.look_up(key, bucket.put(key)) for key in keys for _ in range(2)]
    assert len({file["order"] for file in files}) == len(files)
    by_order = sorted(files, key=lambda file: file["order"])
    moments = [file["stored_at"] for file in by_order]
    assert moments == sorted(moments)


@pytest.mark.parametrize("text", ["", "x", "id\n1\n" * 500_000], ids=["empty", "byte", "chunks"])
def test_bytes_come_as_they_were_put(
    bucket: Bucket, fetched: Callable[[FileVersion], str], text: str
) -> None:
    bucket.put("a.csv", text)
    assert fetched(bucket.look_up("a.csv")) == text


def test_version_that_vanished_after_it_was_looked_up_is_an_error(
    bucket: Bucket, fetched: Callable[[FileVersion], str]
) -> None:
    bucket.put("a.csv")
    found = bucket.look_up("a.csv")
    bucket.delete("a.csv", found["version_id"])
    with pytest.raises(ArrivalError, match=f"^Its version {found['version_id']} is gone"):
        fetched(found)


@pytest.mark.parametrize(
    ("looked_up", "message"),
    [({"etag": "0" * 32}, "other content than when"), ({"size": 7}, "has 5 bytes, 7 were")],
)
def test_other_content_than_was_looked_up_is_an_error(
    bucket: Bucket,
    fetched: Callable[[FileVersion], str],
    looked_up: dict[str, Any],
    message: str,
) -> None:
    bucket.put("a.csv")
    with pytest.raises(ArrivalError, match=message):
        fetched(cast("FileVersion", {**bucket.look_up("a.csv"), **looked_up}))


def test_bucket_that_is_gone_is_no_fault_of_the_file(
    bucket: Bucket, fetched: Callable[[FileVersion], str]
) -> None:
    bucket.put("a.csv")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        fetched(bucket.look_up("a.csv") | {"bucket": "no-such-bucket"})
