"""Listings of the landing bucket: whole at every border of a page, without what is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.errors import ArrivalError
from tests.support.clients import s3_in_pages

if TYPE_CHECKING:
    from tests.conftest import Aws
    from tests.support.landing_bucket import Bucket


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


def test_version_of_a_key_with_many_is_found_with_few_calls_and_in_its_order(
    bucket: Bucket,
) -> None:
    versions = [bucket.put("a.csv", str(number)) for number in range(60)]
    calls: list[str] = []

    def count(model: Any, **_: Any) -> None:
        calls.append(model.name)

    bucket.s3.meta.events.register("before-call.s3", count)
    orders = [bucket.look_up("a.csv", version)["order"] for version in versions]
    bucket.s3.meta.events.unregister("before-call.s3", count)
    assert orders == sorted(set(orders))
    assert calls.count("HeadObject") == 40
    assert len(calls) <= 4 * len(versions)


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
