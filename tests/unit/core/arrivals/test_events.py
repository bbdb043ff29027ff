"""Which objects messages name, and which of them a pipeline may read."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from include.core.arrivals.events import (
    LandedObject,
    check_place,
    name_problem,
    printable,
    read_event,
)
from include.errors import ArrivalError
from tests.support.s3_messages import body, in_envelope, record

BUCKET, PREFIX = "landing", "uploads/sqs/"
CSV = (".csv", ".csv.gz")
KEY = "uploads/sqs/orders.csv"
TEST_EVENT = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET})


def changed(**fields: Any) -> dict[str, Any]:
    """A record whose object has other fields."""
    one = record(BUCKET, KEY)
    one["s3"]["object"] |= fields
    return one


def encoded(key: Any) -> str:
    """An event with this key, encoded already."""
    return body(changed(key=key))


def without(*path: str) -> str:
    """An event that lacks one thing."""
    one: Any = record(BUCKET, KEY)
    place = one
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return body(one)


def test_event_announces_bucket_key_version_and_sequencer() -> None:
    assert read_event(body(record(BUCKET, KEY, "v1", sequencer="00A1"))) == [
        LandedObject(bucket=BUCKET, key=KEY, version_id="v1", sequencer="00A1")
    ]


def test_event_of_a_bucket_without_versions_announces_none() -> None:
    assert read_event(body(record(BUCKET, KEY)))[0].version_id is None


@pytest.mark.parametrize(
    "name", ["Put", "Post", "Copy", "CompleteMultipartUpload"], ids=lambda name: name
)
def test_each_way_of_making_an_object_announces_it(name: str) -> None:
    assert len(read_event(body(record(BUCKET, KEY, name=f"ObjectCreated:{name}")))) == 1


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("uploads/sqs/a%252Bb%2Bc+d.csv", "uploads/sqs/a%2Bb+c d.csv"),
        ("uploads/sqs/a%2Bb+c d.csv", "uploads/sqs/a+b c d.csv"),
        ("uploads/sqs/%C3%A9t%C3%A9.csv", "uploads/sqs/été.csv"),
        ("uploads/sqs/e%CC%81te%CC%81.csv", "uploads/sqs/e\u0301te\u0301.csv"),
        ("uploads/sqs/%F0%9F%98%80.csv", "uploads/sqs/\U0001f600.csv"),
        ("uploads/sqs/..%2F..%2Fx.csv", "uploads/sqs/../../x.csv"),
    ],
)
def test_key_is_decoded_once(written: str, key: str) -> None:
    assert read_event(encoded(written))[0].key == key


def test_records_of_one_message_come_in_their_order() -> None:
    keys = [f"uploads/sqs/{name}.csv" for name in "cab"]
    announced = read_event(body(*(record(BUCKET, key) for key in keys)))
    assert [each.key for each in announced] == keys


def test_message_in_the_envelope_of_sns_says_the_same() -> None:
    event = body(record(BUCKET, KEY, "v1"))
    assert read_event(in_envelope(event)) == read_event(event)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(TEST_EVENT, id="test-event"),
        pytest.param(in_envelope(TEST_EVENT), id="test-event-in-envelope"),
        pytest.param(body(record(BUCKET, "uploads/sqs/")), id="directory-marker"),
        pytest.param(body(record(BUCKET, KEY, name="ObjectRemoved:Delete")), id="removed"),
        pytest.param(
            body(record(BUCKET, KEY, name="ObjectRemoved:DeleteMarkerCreated")), id="marker"
        ),
        pytest.param(body(record(BUCKET, KEY, name="ObjectRestore:Completed")), id="restored"),
        pytest.param(body(), id="no-record"),
    ],
)
def test_message_of_no_new_object_names_none(event: str) -> None:
    assert read_event(event) == []


def test_new_object_beside_a_removed_one_is_announced() -> None:
    removed = record(BUCKET, "uploads/sqs/old.csv", name="ObjectRemoved:Delete")
    assert [each.key for each in read_event(body(removed, record(BUCKET, KEY)))] == [KEY]


@pytest.mark.parametrize(
    "event",
    [
        pytest.param("", id="empty"),
        pytest.param("upload of orders.csv", id="no-json"),
        pytest.param("[]", id="list"),
        pytest.param("7", id="number"),
        pytest.param("null", id="null"),
        pytest.param('"text"', id="text"),
        pytest.param("{}", id="object-without-records"),
        pytest.param("9" * 5000, id="number-of-many-digits"),
        pytest.param("[" * 200_000, id="deeply-nested"),
        pytest.param('{"Records": ' + "[" * 200_000, id="deeply-nested-records"),
        pytest.param('{"Records": {"s3": 1}}', id="records-no-list"),
        pytest.param('{"Records": null}', id="records-null"),
        pytest.param('{"Records": ["text"]}', id="record-no-object"),
        pytest.param(in_envelope("hello"), id="envelope-of-something-else"),
        pytest.param(json.dumps({"Type": "Notification", "Message": 7}), id="envelope-of-number"),
        pytest.param(body(record(BUCKET, KEY, source="aws:sns")), id="other-source"),
        pytest.param(without("eventSource"), id="no-source"),
        pytest.param(without("eventName"), id="no-name"),
        pytest.param(without("s3"), id="no-s3"),
        pytest.param(without("s3", "bucket"), id="no-bucket"),
        pytest.param(without("s3", "bucket", "name"), id="no-bucket-name"),
        pytest.param(without("s3", "object"), id="no-object"),
        pytest.param(without("s3", "object", "key"), id="no-key"),
        pytest.param(encoded(7), id="key-number"),
        pytest.param(encoded(None), id="key-null"),
        pytest.param(encoded("uploads/sqs/%FF.csv"), id="key-no-utf-8"),
        pytest.param(encoded("uploads/sqs/\ud800.csv"), id="key-lone-surrogate"),
        pytest.param(encoded("uploads/sqs/" + "x" * 1013), id="key-of-1025-bytes"),
        pytest.param(body(changed(versionId={"$ne": ""})), id="version-object"),
        pytest.param(body(changed(versionId=1)), id="version-number"),
        pytest.param(body(changed(versionId="")), id="version-empty"),
        pytest.param(body(changed(versionId="v\x00")), id="version-nul"),
        pytest.param(body(changed(sequencer=["00A1"])), id="sequencer-list"),
        pytest.param(body(changed(sequencer="00\x00A1")), id="sequencer-nul"),
        pytest.param(body(changed(sequencer="\ud800")), id="sequencer-lone-surrogate"),
    ],
)
def test_what_is_no_event_of_s3_is_refused(event: str) -> None:
    with pytest.raises(ArrivalError, match="no event of S3"):
        read_event(event)


def test_key_of_1024_bytes_is_one() -> None:
    assert len(read_event(encoded("uploads/sqs/" + "é" * 506))) == 1


def test_place_of_the_pipeline_is_accepted() -> None:
    check_place(LandedObject(bucket=BUCKET, key=KEY), bucket=BUCKET, prefix=PREFIX)


@pytest.mark.parametrize(
    ("bucket", "key", "message"),
    [
        ("elsewhere", KEY, "a bucket that this pipeline does not read"),
        (BUCKET, "uploads/dynamodb/a.csv", "outside of uploads/sqs/"),
        (BUCKET, "uploads/sqs", "outside of uploads/sqs/"),
        (BUCKET, "uploads/sqs-old/a.csv", "outside of uploads/sqs/"),
        (BUCKET, "/uploads/sqs/a.csv", "outside of uploads/sqs/"),
        (BUCKET, "Uploads/sqs/a.csv", "outside of uploads/sqs/"),
        (BUCKET, "", "outside of uploads/sqs/"),
        (BUCKET, "uploads/sqs/a\0.csv", "NUL"),
    ],
)
def test_other_place_is_refused(bucket: str, key: str, message: str) -> None:
    with pytest.raises(ArrivalError, match=message):
        check_place(LandedObject(bucket=bucket, key=key), bucket=BUCKET, prefix=PREFIX)


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        "uploads/sqs/2026/11/orders.csv.gz",
        "uploads/sqs/a%2Bb+c d.csv",
        "uploads/sqs/été \U0001f600.csv",
        "uploads/sqs/...csv",
        "uploads/sqs/.csv",
        "uploads/sqs/UPPER.CSV",
        "uploads/sqs/x.Csv.gZ",
    ],
)
def test_name_of_a_file_has_no_problem(key: str) -> None:
    assert name_problem(key, CSV) is None


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("uploads/sqs/../x.csv", "empty or dotted"),
        ("uploads/sqs/./x.csv", "empty or dotted"),
        ("uploads/sqs//x.csv", "empty or dotted"),
        ("uploads/sqs/", "empty or dotted"),
        ("uploads/sqs/a\nb.csv", "unprintable"),
        ("uploads/sqs/\x1b[31mred.csv", "unprintable"),
        ("uploads/sqs/\u202ecsv.exe.csv", "unprintable"),
        ("uploads/sqs/x.txt", r"does not end in \.csv or \.csv\.gz"),
        ("uploads/sqs/x.XLSX", "does not end in"),
        ("uploads/sqs/x.c\u017fv", "does not end in"),
        ("uploads/sqs/x.csv.zip", "does not end in"),
        ("uploads/sqs/x.csv ", "does not end in"),
        ("uploads/sqs/csv", "does not end in"),
    ],
)
def test_name_that_no_file_may_have_is_refused_in_words_without_the_key(
    key: str, message: str
) -> None:
    problem = name_problem(key, CSV) or ""
    assert re.search(message, problem)
    assert problem.isprintable()
    assert key not in problem


def test_key_stays_as_it_is_unless_it_has_characters_that_do_harm() -> None:
    assert printable(KEY) == KEY
    assert printable("a\x1b\0\nb") == r"'a\x1b\x00\nb'"
