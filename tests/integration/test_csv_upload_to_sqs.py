"""What of an uploaded file comes out of the queue, and what does not go in."""

from __future__ import annotations

import gzip
import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts.files import RejectLimit
from tests.integration.delivery_places import counts, place, typed
from tests.support.clients import client
from tests.support.deliveries import ANY, Place, rows_of, written
from tests.support.faulty_api import FaultyApi
from tests.support.json_queue_consumer import check_delivered, consume, expected_attributes

if TYPE_CHECKING:
    from include.core.arrivals.versions import FileName

__all__ = ["place"]

CONTROL = "".join(map(chr, range(1, 32)))
NASTY = [
    "a,b",
    'say ""hi""',
    "two\nlines",
    "two\r\nlines",
    "carriage\rreturn",
    "\n",
    ",",
    '"',
    "",
    " padded ",
    "null",
    "007",
    "😀 👩‍👩‍👧 \u2028 \u0085 \u007f",
    f"control {CONTROL}",
    "not characters \ufffe\uffff \U0001fffe",
    "back\\slash \\u0041 %s {} </script>",
]
MESSAGE_BYTES = 1_048_576


def as_file(place: Place, **settings: Any) -> Place:
    return replace(place, upload=replace(place.upload, delivery="file", **settings))


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 1000])
def test_every_row_is_one_message(place: Place, count: int) -> None:
    content = rows_of(count)
    file = place.put(content)
    result = place.deliver(file)
    assert result["counts"] == counts(count)
    assert (result["index"], result["rejects"], result["rejects_by_code"]) == (0, None, {})
    consumed = consume(place.messages())
    check_delivered(consumed, content, file)
    assert consumed.repeats == 0


@pytest.mark.parametrize("count", [1, 9, 10, 11, 40, 41, 95])
def test_messages_go_in_batches_of_ten(place: Place, count: int) -> None:
    file = place.put(rows_of(count))
    with FaultyApi(place.aws) as queue:
        replace(place, sqs=queue.url).deliver(file)
    lengths = sorted((len(call.rows) for call in queue.calls), reverse=True)
    rest = [count % 10] if count % 10 else []
    assert lengths == [10] * (count // 10) + rest


def test_text_survives_byte_for_byte(place: Place) -> None:
    content = written(
        [("name", "Größe %s"), *((cell, f"{n}{cell}") for n, cell in enumerate(NASTY))]
    )
    file = place.put(content, "uploads/sqs/sub folder/größe +1,&.csv")
    place.deliver(file)
    check_delivered(consume(place.messages()), content, file)


def test_gzipped_file_with_a_byte_order_mark_is_read(place: Place) -> None:
    content = gzip.compress(b"\xef\xbb\xbf" + rows_of(25))
    file = place.put(content, "uploads/sqs/file.csv.gz")
    assert place.deliver(file)["counts"] == counts(25)
    check_delivered(consume(place.messages()), content, file)


def test_equal_rows_are_messages_of_their_own(place: Place) -> None:
    content = written([("a",), *[("same",)] * 30])
    file = place.put(content)
    place.deliver(file)
    check_delivered(consume(place.messages()), content, file)


def test_versions_of_one_key_have_other_idempotency_keys(place: Place) -> None:
    for content in (rows_of(5), rows_of(5)):
        place.deliver(place.put(content))
    messages = place.messages()
    assert len({message.idempotency_key for message in messages}) == len(messages) == 10


def test_declared_columns_have_their_types_and_names(place: Place) -> None:
    file = place.put(b"note,since,open,share,ID\nx,2024-02-29,yes,1.50,007\n,,,,\n")
    typed(place).deliver(file)
    assert [message.body for message in consume(place.messages()).messages] == [
        '{"id":7,"share":1.5,"open":true,"since":"2024-02-29","note":"x"}',
        '{"id":null,"share":null,"open":null,"since":null,"note":null}',
    ]


def test_rejected_rows_wait_with_their_reason_and_the_others_keep_their_numbers(
    place: Place,
) -> None:
    header = "ID,share,open,since,note\n"
    good, bad = "1,1,t,2024-01-01,x\n", "one,1,t,2024-01-01,secret\n"
    file = place.put((header + good + bad + good + "short\n" + good).encode())
    result = typed(place, rejects=RejectLimit(rows=2)).deliver(file)
    assert result["counts"] == counts(5, rejected=2)
    assert result["rejects_by_code"] == {"not_an_integer": 1, "too_few_columns": 1}
    assert consume(place.messages()).row_numbers == [1, 3, 5]
    rejects = [json.loads(line) for line in place.rejects_of(result).read_text().splitlines()]
    assert [(each["line"], each["code"], each["raw"]) for each in rejects] == [
        (3, "not_an_integer", bad.strip()),
        (5, "too_few_columns", "short"),
    ]
    assert {(each["file"], each["version"]) for each in rejects} == {
        (file["key"], file["version_id"])
    }


def message_bytes(file: FileName, number: int, body: str) -> int:
    kinds = {"row_number": "Number"}
    attributes = expected_attributes(file, number)
    around = sum(
        len(f"{name}{kinds.get(name, 'String')}{value}".encode())
        for name, value in attributes.items()
    )
    return around + len(body.encode())


@pytest.mark.parametrize("letter", ["x", "é"])
def test_message_of_one_mebibyte_is_sent_and_a_larger_one_is_rejected(
    place: Place, letter: str
) -> None:
    key = "uploads/sqs/large.csv"
    # All version ids have one length.
    about = place.put(b"a\n1\n", key)
    width = len(letter.encode())
    room = MESSAGE_BYTES - message_bytes(about, 2, '{"a":""}')
    fits = letter * (room // width) + "y" * (room % width)
    content = written([("a",), ("small",), (fits,), (fits + "z",), ("small",), (f'"{fits}',)])
    large = replace(place, upload=replace(ANY, rejects=RejectLimit(rows=2)))
    file = large.put(content, key)
    result = large.deliver(file)
    assert result["counts"] == counts(5, rejected=2)
    assert result["rejects_by_code"] == {"message_too_large": 2}
    consumed = consume(large.messages())
    assert consumed.row_numbers == [1, 2, 4]
    second = consumed.messages[1]
    assert second.body == json.dumps({"a": fits}, ensure_ascii=False, separators=(",", ":"))
    assert message_bytes(file, 2, second.body) == MESSAGE_BYTES
    rejects = [json.loads(line) for line in place.rejects_of(result).read_text().splitlines()]
    assert [each["line"] for each in rejects] == [4, 6]
    assert rejects[0]["raw"].startswith(letter * 1000)
    assert rejects[1]["raw"].startswith(f'"""{letter}')


def test_batches_stay_within_one_mebibyte(place: Place) -> None:
    thirds = ["x" * 100_000] * 3
    content = written([("a", "b", "c"), *([thirds] * 8), ("y", "y", "y")])
    file = place.put(content)
    with FaultyApi(place.aws) as queue:
        replace(place, sqs=queue.url).deliver(file)
    assert sorted(call.rows for call in queue.calls) == [(1, 2, 3), (4, 5, 6), (7, 8, 9)]
    check_delivered(consume(place.messages()), content, file)


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_rows_go_to_one_file_and_a_single_message_points_to_it(place: Place, count: int) -> None:
    content = rows_of(count)
    file = place.put(content)
    result = as_file(place).deliver(file)
    assert result["counts"] == counts(count)
    (message,) = place.messages()
    pointer = json.loads(message.body)
    key = f"json/any/{file['key']}/{file['version_id']}.jsonl"
    assert pointer == {
        "bucket": place.lake,
        "key": key,
        "sha256": pointer["sha256"],
        "rows": count,
        "file": file["key"],
        "version_id": file["version_id"],
    }
    assert message.attributes == expected_attributes(file, None)
    copy = place.folder / "copy.jsonl"
    place.store.get_file(key, copy, sha256=pointer["sha256"])
    rows = [json.loads(line) for line in copy.read_text("utf-8").splitlines()]
    assert rows == [{"id": f"{n}", "town": f"Town {n}"} for n in range(1, count + 1)]


def test_text_survives_in_a_file_as_one_row_a_line(place: Place) -> None:
    content = written([("id", "name", "town"), *(("1", cell, "Ulm") for cell in NASTY if cell)])
    as_file(place).deliver(place.put(content))
    pointer = json.loads(place.messages()[0].body)
    body = client("s3", place.aws).get_object(Bucket=place.lake, Key=pointer["key"])["Body"].read()
    assert [json.loads(line)["name"] for line in body.split(b"\n")[:-1]] == [*filter(None, NASTY)]


def test_log_has_the_throughput_and_no_value(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="include")
    place.deliver(place.put(rows_of(100)))
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("include")]
    assert any("100 rows sent of 100" in line and "rows a second" in line for line in lines)
    assert not any("Town" in line for line in lines)
