"""Versions of files and what others write: each item ends as the newest file has it."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tests.integration.item_places import HEADER, create_table, place, rows, without_version
from tests.support.clients import client
from tests.support.faulty_api import FaultyApi
from tests.support.item_runs import ItemPlace
from tests.support.items_oracle import expect

__all__ = ["place"]


def test_any_order_of_four_versions_ends_with_the_newest_of_each_id(place: ItemPlace) -> None:
    texts = [
        HEADER + "a1,1,First St,Springfield,1\nb2,1,First St,,1\n",
        HEADER + "a1,2,,Springfield,\nc3,2,Second St,,\n",
        HEADER + "b2,3,Third St,Springfield,3\nc3,3,,,\n",
        HEADER + "a1,1,First St,Springfield,1\nd4,4,,,\n",
    ]
    files = [place.put(text) for text in texts]
    assert [file["order"] for file in files] == sorted(file["order"] for file in files)
    for number, file in enumerate(files):
        place.load(file, run_id=f"v{number}")
    final = {
        key: {**item, "file_version": file["order"]}
        for text, file in zip(texts, files, strict=True)
        for key, item in expect(text).items.items()
    }
    assert place.items() == final
    for number, order in enumerate(itertools.permutations(range(4))):
        here = replace(place, table=f"{place.table}-{number}")
        create_table(place.aws, here.table)
        seen: dict[str, int] = {}
        for version in order:
            chunk = place.once(f"v{version}", "transform-0-0", dict)
            loaded, observed = here.load_chunk(chunk, "o"), here.observe_chunk(chunk, "o")
            ids = expect(texts[version]).items
            newer = sum(seen.get(key, -1) > version for key in ids)
            assert (observed["superseded"], loaded["superseded"]) == (newer, newer)
            assert (observed["found"], observed["missing"]) == (len(ids) - newer, 0)
            seen |= {key: max(version, seen.get(key, -1)) for key in ids}
        assert here.items() == final


def test_same_version_again_changes_nothing(place: ItemPlace) -> None:
    loaded = place.load(place.put(rows(60)), run_id="r")
    before = place.items()
    again = [place.load_chunk(chunk, "r") for chunk in loaded]
    assert sum(chunk["inserted"] for chunk in loaded) == 60
    assert [(chunk["unchanged"], chunk["inserted"], chunk["updated"]) for chunk in again] == [
        (25, 0, 0), (25, 0, 0), (10, 0, 0),
    ]  # fmt: skip
    assert place.items() == before


def test_newer_file_updates_items_and_takes_away_what_it_leaves_empty(place: ItemPlace) -> None:
    place.run(place.put(rows(30)), run_id="old")
    text = rows(40, town="")
    loaded = place.load(place.put(text), run_id="new")
    assert without_version(place.items()) == expect(text).items
    assert sum(chunk["updated"] for chunk in loaded) == 30
    assert sum(chunk["inserted"] for chunk in loaded) == 10


def test_item_that_somebody_else_made_or_altered_is_set_right_and_keeps_its_own(
    place: ItemPlace,
) -> None:
    dynamodb = client("dynamodb", place.aws)
    own = {"id": {"S": "0001"}, "town": {"S": "Elsewhere"}, "note": {"S": "mine"}}
    dynamodb.put_item(TableName=place.table, Item=own)
    text = rows(3)
    loaded = place.load(place.put(text), run_id="r")
    expected = expect(text).items
    expected["0001"]["note"] = "mine"
    assert without_version(place.items()) == expected
    dynamodb.update_item(
        TableName=place.table,
        Key={"id": {"S": "0002"}},
        UpdateExpression="set town = :town",
        ExpressionAttributeValues={":town": {"S": "Elsewhere"}},
    )
    again = place.load_chunk(loaded[0], "r")
    assert (again["unchanged"], again["updated"]) == (2, 1)
    assert without_version(place.items()) == expected


def test_update_that_is_lost_is_missing_and_not_superseded(place: ItemPlace) -> None:
    dynamodb = client("dynamodb", place.aws)
    place.run(place.put(rows(3)), run_id="old")
    lost = dynamodb.get_item(TableName=place.table, Key={"id": {"S": "0001"}})["Item"]
    file = place.put(rows(3, town="new"))
    place.load(file, run_id="new")
    dynamodb.put_item(TableName=place.table, Item=lost)
    (result,) = place.observe(file, run_id="new")
    assert (result["counts"]["delivered"], result["counts"]["superseded"]) == (2, 0)
    assert (result["missing"], result["missing_ids"]) == (1, ["0001"])


def test_two_versions_loaded_side_by_side_end_with_the_newer(place: ItemPlace) -> None:
    place = replace(place, upload=replace(place.upload, chunk_rows=1000))
    texts = rows(300, town="old"), rows(200, town="new")
    chunks = []
    for number, text in enumerate(texts):
        file = place.receive([place.put(text)], f"v{number}")[0]
        chunks += place.extract(file, f"v{number}")["chunks"]
    transformed = [place.transform(chunk, f"v{number}") for number, chunk in enumerate(chunks)]
    places = [replace(place, folder=place.folder / str(number)) for number in range(2)]
    with ThreadPoolExecutor(2) as pool:
        loaded = list(pool.map(ItemPlace.load_chunk, places, transformed, ("v0", "v1")))
    assert without_version(place.items()) == expect(texts[0]).items | expect(texts[1]).items
    assert loaded[1]["superseded"] == 0
    assert loaded[0]["superseded"] + loaded[1]["updated"] == 200


def test_ids_that_the_table_knows_are_not_tried_as_new_ones_again_and_again(
    place: ItemPlace,
) -> None:
    place = replace(place, upload=replace(place.upload, chunk_rows=1000))
    place.run(place.put(rows(500)), run_id="old")
    with FaultyApi(place.aws) as api:
        place = replace(place, dynamodb=api.url)
        (loaded,) = place.load(place.put(rows(500, town="new")), run_id="new")
    statements = [entry["Statement"] for call in api.calls for entry in call.entries]
    assert loaded["updated"] == 500
    assert sum(statement.startswith("INSERT") for statement in statements) <= 200


def test_item_whose_version_is_no_text_is_left_alone_and_named(place: ItemPlace) -> None:
    odd = {"id": {"S": "0001"}, "file_version": {"N": "1"}}
    client("dynamodb", place.aws).put_item(TableName=place.table, Item=odd)
    (result,) = place.run(place.put(rows(3)), run_id="r")
    assert place.items()["0001"] == {"id": "0001", "file_version": "1"}
    assert result["missing_ids"] == ["0001"]
