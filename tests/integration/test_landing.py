"""Versions of objects in the landing bucket: which, in which order, and their bytes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from include.core.landing import fetch, list_versions, look_up
from include.errors import ArrivalError
from tests.support.clients import s3_in_pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Aws

_numbers = itertools.count()


@dataclass
class Bucket:
    """A bucket with versions, through a client of its own."""

    s3: Any
    name: str

    def put(self, key: str, text: str = "id\n1\n") -> str:
        put = self.s3.put_object(Bucket=self.name, Key=key, Body=text.encode())
        return str(put["VersionId"])

    def delete(self, key: str, version_id: str | None = None) -> None:
        named = {"VersionId": version_id} if version_id else {}
        self.s3.delete_object(Bucket=self.name, Key=key, **named)

    def look_up(
        self, key: str, version_id: str | None = None, *, withdrawn: bool = False
    ) -> dict[str, Any]:
        return look_up(self.s3, self.name, key, version_id, withdrawn=withdrawn)

    def listed(self, prefix: str = "") -> list[tuple[str, str, bool]]:
        found = list_versions(self.s3, self.name, prefix)
        return [(each["key"], each["version_id"], each["is_latest"]) for each in found]


@pytest.fixture
def bucket(aws: Aws, landing: str) -> Bucket:
    """Times are as S3 gives them, to the second."""
    return Bucket(s3=s3_in_pages(aws.endpoint), name=landing)


@pytest.fixture
def fetched(bucket: Bucket, tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    """Fetches what was looked up."""

    def get(file: dict[str, Any]) -> str:
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
    bucket: Bucket, fetched: Callable[[dict[str, Any]], str]
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
        with pytest.raises(ArrivalError, match=r"was deleted after it arrived\. Upload it again"):
            bucket.look_up("a.csv", named)
    with pytest.raises(ArrivalError, match="was deleted after it arrived"):
        bucket.look_up("a.csv", withdrawn=True)


def test_version_of_a_deleted_object_is_taken_where_it_is_asked_for(
    bucket: Bucket, fetched: Callable[[dict[str, Any]], str]
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
    with pytest.raises(ArrivalError, match="there is no version"):
        bucket.look_up("a.csv", marker)


def test_version_that_was_removed_for_good_is_an_error(bucket: Bucket) -> None:
    old = bucket.put("a.csv")
    bucket.put("a.csv")
    bucket.delete("a.csv", old)
    with pytest.raises(ArrivalError, match=f"a.csv: there is no version '{old}'"):
        bucket.look_up("a.csv", old)


@pytest.mark.parametrize("key", ["none.csv", "a", "a.csv/", "a.cs"])
def test_object_that_is_not_there_is_an_error(bucket: Bucket, key: str) -> None:
    bucket.put("a.csv")
    with pytest.raises(ArrivalError, match="there is no such object"):
        bucket.look_up(key)


def test_error_shows_a_key_with_harmful_characters_harmless(bucket: Bucket) -> None:
    with pytest.raises(ArrivalError) as refused:
        bucket.look_up("a\u202e.csv", "v\n")
    assert str(refused.value).isprintable()


def test_bucket_that_is_not_there_is_no_fault_of_the_file(bucket: Bucket) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        look_up(bucket.s3, "no-such-bucket", "a.csv", None)


@pytest.mark.parametrize("page", [1, 2, 3, 1000])
def test_keys_that_begin_alike_are_not_taken_for_one_another(
    aws: Aws, bucket: Bucket, page: int
) -> None:
    keys = ["a.csv", "a.csv.gz", "a.csv/b", "a.csv/b.csv", "a.cs"]
    versions = {key: [bucket.put(key, key + str(n)) for n in range(2)] for key in keys}
    bucket.s3 = s3_in_pages(aws.endpoint, page)
    for key in keys:
        assert bucket.look_up(key)["version_id"] == versions[key][1]
        assert bucket.look_up(key, versions[key][0])["version_id"] == versions[key][0]
    with pytest.raises(ArrivalError, match="no version"):
        bucket.look_up("a.csv", versions["a.csv.gz"][0])


def test_keys_that_begin_alike_cost_one_page_more_at_most(aws: Aws, bucket: Bucket) -> None:
    for number in range(12):
        bucket.put(f"a.csv/{number}")
    bucket.put("a.csv")
    bucket.s3 = s3_in_pages(aws.endpoint, 2)
    calls: list[str] = []

    def count(model: Any, **_: Any) -> None:
        calls.append(model.name)

    bucket.s3.meta.events.register("before-call.s3.ListObjectVersions", count)
    bucket.look_up("a.csv")
    bucket.s3.meta.events.unregister("before-call.s3.ListObjectVersions", count)
    assert len(calls) == 1


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_versions_of_one_second_are_in_order_of_their_upload(
    aws: Aws, bucket: Bucket, page: int
) -> None:
    versions = [bucket.put("a.csv", str(number)) for number in range(4)]
    bucket.s3 = s3_in_pages(aws.endpoint, page)
    orders = [bucket.look_up("a.csv", version)["order"] for version in versions]
    assert orders == sorted(set(orders))


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


def test_emulator_lists_versions_newest_first_as_s3_does(bucket: Bucket) -> None:
    versions = [bucket.put("a.csv", str(number)) for number in range(4)]
    listed = bucket.s3.list_object_versions(Bucket=bucket.name)["Versions"]
    assert [each["VersionId"] for each in listed] == versions[::-1]
    assert [each["IsLatest"] for each in listed] == [True, False, False, False]


def test_listing_has_every_version_but_directory_markers_and_deleted_objects(
    bucket: Bucket,
) -> None:
    bucket.put("in/")
    bucket.put("in/dir/")
    old, new = bucket.put("in/a.csv"), bucket.put("in/a.csv")
    bucket.put("in/deleted.csv")
    bucket.delete("in/deleted.csv")
    before = bucket.put("in/returned.csv")
    bucket.delete("in/returned.csv")
    after = bucket.put("in/returned.csv")
    bucket.put("inside.csv")
    assert bucket.listed("in/") == [
        ("in/a.csv", new, True),
        ("in/a.csv", old, False),
        ("in/returned.csv", after, True),
        ("in/returned.csv", before, False),
    ]


@pytest.mark.parametrize("page", [1, 2, 3, 5, 7])
def test_deleted_objects_are_left_out_across_pages(aws: Aws, bucket: Bucket, page: int) -> None:
    kept = []
    for number in range(6):
        key = f"{number}.csv"
        versions = [bucket.put(key), bucket.put(key)]
        if number % 2:
            bucket.delete(key)
        else:
            kept += [(key, versions[1], True), (key, versions[0], False)]
    bucket.s3 = s3_in_pages(aws.endpoint, page)
    assert bucket.listed() == kept


@pytest.mark.parametrize("number", [0, 1, 10, 11])
def test_listing_is_whole_at_the_borders_of_its_pages(
    aws: Aws, bucket: Bucket, number: int
) -> None:
    keys = [f"{each:03}.csv" for each in range(number)]
    for key in keys:
        bucket.put(key)
    bucket.s3 = s3_in_pages(aws.endpoint, 10)
    assert [key for key, _, _ in bucket.listed()] == keys


def test_listing_goes_beyond_a_thousand(aws: Aws, bucket: Bucket) -> None:
    keys = [f"{number:04}.csv" for number in range(1001)]
    # As many requests of boto3 take longer than all other tests here.
    connection = HTTPConnection(urlsplit(aws.endpoint).netloc)
    for key in keys:
        connection.request("PUT", f"/{bucket.name}/{key}", body=b"x")
        connection.getresponse().read()
    connection.close()
    assert [key for key, _, _ in bucket.listed()] == keys


@pytest.mark.parametrize("text", ["", "x", "id\n1\n" * 500_000], ids=["empty", "byte", "chunks"])
def test_bytes_come_as_they_were_put(
    bucket: Bucket, fetched: Callable[[dict[str, Any]], str], text: str
) -> None:
    bucket.put("a.csv", text)
    assert fetched(bucket.look_up("a.csv")) == text


def test_version_that_vanished_after_it_was_looked_up_is_an_error(
    bucket: Bucket, fetched: Callable[[dict[str, Any]], str]
) -> None:
    bucket.put("a.csv")
    found = bucket.look_up("a.csv")
    bucket.delete("a.csv", found["version_id"])
    with pytest.raises(ArrivalError, match=f"its version {found['version_id']} is gone"):
        fetched(found)


@pytest.mark.parametrize(
    ("looked_up", "message"),
    [({"etag": "0" * 32}, "other content than when"), ({"size": 7}, "has 5 bytes, 7 were")],
)
def test_other_content_than_was_looked_up_is_an_error(
    bucket: Bucket,
    fetched: Callable[[dict[str, Any]], str],
    looked_up: dict[str, Any],
    message: str,
) -> None:
    bucket.put("a.csv")
    with pytest.raises(ArrivalError, match=message):
        fetched(bucket.look_up("a.csv") | looked_up)


def test_bucket_that_is_gone_is_no_fault_of_the_file(
    bucket: Bucket, fetched: Callable[[dict[str, Any]], str]
) -> None:
    bucket.put("a.csv")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        fetched(bucket.look_up("a.csv") | {"bucket": "no-such-bucket"})
