"""Items traced back to the files that landed, through real runs of their pipeline."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from include.core.arrivals.resources import Resources
from include.core.runs.ledger import Counts, Details, RunOfSink, record_run
from include.core.runs.run import Run
from include.core.scratch import scratch_folder
from include.errors import RunInputError
from include.pipelines.csv_upload_to_dynamodb.extract import PIPELINE
from include.pipelines.csv_upload_to_dynamodb.trace import trace
from include.settings import Settings
from tests.integration.item_places import HEADER, place
from tests.support.clients import client

if TYPE_CHECKING:
    from include.core.arrivals.claim import ReceivedFile
    from include.core.trace.answer import History
    from tests.support.item_runs import ItemPlace

__all__ = ["place"]


def enter(place: ItemPlace, file: ReceivedFile, counts: dict[str, int], run_id: str) -> None:
    """The ledger row of a run of one file, as the end of a run enters it."""
    now = datetime.now(timezone.utc)
    run = RunOfSink(
        dag_id=PIPELINE, run_id=run_id, sink=f"dynamodb:{place.table}", as_of=now, started_at=now
    )
    source = {"file": file["key"], "version_id": file["version_id"], **counts}
    with closing(place.connect()) as connected, connected, connected.cursor() as cursor:
        record_run(cursor, run, Counts(**counts), Details(sources=[source]))


def load(place: ItemPlace, text: str, run_id: str, file: ReceivedFile | None = None) -> Any:
    file = file or place.put(text)
    (result,) = place.run(file, run_id=run_id)
    enter(place, file, result["counts"], run_id)
    return file


def traced(place: ItemPlace, key: Any) -> History:
    with scratch_folder("trace", root=place.folder) as folder:
        resources = Resources(
            run=Run(dag_id="trace_row", run_id="trace"),
            connect=place.connect,
            landing=place.landing_of(PIPELINE),
            lake=place.store,
            folder=folder,
            memory=Settings.duckdb_memory,
        )
        _, found = trace(
            [place.upload],
            key,
            sink=f"dynamodb:{place.table}",
            resources=resources,
            table=client("dynamodb", place.aws),
            table_name=place.table,
        )
    return found


def test_history_names_file_version_line_and_value(place: ItemPlace) -> None:
    old = place.put(f"{HEADER}1,1,Old,T,0\n")
    load(place, f"{HEADER}2,2,Main,Town,00002\n1,1,Main,Town,00001\n", "first")
    load(place, f"{HEADER}2,2,Main,Town,00002\n", "without")
    load(place, f'{HEADER}1,1,"Main, 2",Town,00001\n', "second")
    load(place, "", "late", old)
    found = traced(place, {"id": "1"})
    assert [(one["run_id"], one["effect"]) for one in found["history"]] == [
        ("first", "inserted"),
        ("second", "updated"),
        ("late", "superseded"),
    ]
    row = {
        "id": "1",
        "house_number": "1",
        "street_address": "Main, 2",
        "town": "Town",
        "zip": "00001",
    }
    assert found["now"] == row == found["history"][1]["values"]
    (line,) = found["history"][0]["sources"]
    assert (line["line"], line["raw"], line["file"]) == (3, "1,1,Main,Town,00001", place.KEY)
    assert line["archive"].endswith(f"{place.KEY}?versionId={line['version']}")
    assert found["history"][1]["sources"][0]["raw"] == '1,1,"Main, 2",Town,00001'
    assert found["notes"] == ["Not shown: 1 file without the key"]


def test_rejected_rows_say_why(place: ItemPlace) -> None:
    good = "".join(f"{n},1,Main,Town,1\n" for n in range(100, 160))
    load(place, f"{HEADER}{good}7,1,Main,Town,1\n7,2,Main,Town,1\n8,short\n", "first")
    found = traced(place, "7")
    (entry,) = found["history"]
    assert (entry["effect"], entry["code"], found["now"]) == ("refused", "key_conflict", None)
    assert [each["line"] for each in entry["sources"]] == [62, 63]
    (entry,) = traced(place, "8")["history"]
    assert (entry["effect"], entry["code"]) == ("refused", "too_few_columns")


def test_version_that_is_gone_is_said_in_its_entry_alone(place: ItemPlace) -> None:
    first = load(place, f"{HEADER}1,1,Main,Town,1\n", "first")
    load(place, f"{HEADER}1,2,Main,Town,1\n", "second")
    s3 = client("s3", place.aws)
    s3.delete_object(Bucket=place.landing, Key=first["key"], VersionId=first["version_id"])
    found = traced(place, "1")
    assert [one["effect"] for one in found["history"]] == ["unknown", "unknown"]
    assert found["history"][0]["code"] == "unreadable"
    assert "is gone" in str(found["history"][0]["reason"])


def test_item_that_somebody_else_altered_is_said_and_attributes_beside_are_not(
    place: ItemPlace,
) -> None:
    load(place, f"{HEADER}1,1,Main,Town,1\n", "first")
    table = client("dynamodb", place.aws)
    for attribute, says in (("beside", False), ("town", True)):
        table.update_item(
            TableName=place.table,
            Key={"id": {"S": "1"}},
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": attribute},
            ExpressionAttributeValues={":value": {"S": "x"}},
        )
        notes = traced(place, "1")["notes"]
        assert bool([note for note in notes if "somebody else" in note]) == says


def test_key_that_no_file_had_was_never_seen(place: ItemPlace) -> None:
    load(place, f"{HEADER}1,1,Main,Town,1\n", "first")
    found = traced(place, "2")
    assert (found["now"], found["history"]) == (None, [])
    assert found["notes"] == ["This key was never seen: none of 1 load had it"]


def test_key_of_other_columns_is_refused(place: ItemPlace) -> None:
    with pytest.raises(RunInputError, match="must name id, and nothing else"):
        traced(place, {"town": "Town"})
