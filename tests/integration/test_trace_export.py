"""Rows of exported tables traced back to the files, through real runs of both pipelines."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts import Column, CsvContract, RejectLimit, ShrinkLimit, TableExport
from include.core.arrivals.resources import Resources
from include.core.runs.run import Run
from include.core.scratch import scratch_folder
from include.errors import RunInputError, WarehouseRefusedError
from include.pipelines.kinesis_to_postgres import rebuild_task
from include.pipelines.table_export_to_kinesis.trace import trace
from tests.integration.stream_places import place, stream
from tests.support.clients import client
from tests.support.export_runs import ExportPlace

if TYPE_CHECKING:
    from include.core.arrivals.events import LandedObject
    from include.core.trace.answer import History
    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "stream"]

DATASET = TableExport(
    name="things",
    title="Things",
    description="Of a key of one column.",
    owner="tests",
    tables="things",
    rejects=RejectLimit(share=1.0),
    shrink=ShrinkLimit(rows=1000, share=1.0),
    contract=CsvContract(
        columns=(
            Column(name="id", type="integer", nullable=False),
            Column(name="price", type="numeric", header="Price"),
            Column(name="note", type="text"),
        ),
        key=("id",),
    ),
)
SOFT = replace(DATASET, deletes="soft")
HEADER = "id,Price,note\n"


class Things:
    """The table of a tenant, exported version after version."""

    def __init__(
        self, place: StreamPlace, landing: str, dataset: TableExport, *, name: str = "things"
    ) -> None:
        self.name = name
        self.here = ExportPlace(**vars(place) | {"landing": landing})
        self.declare(dataset)

    def declare(self, dataset: TableExport) -> None:
        """Have later versions, and traces, follow another declaration."""
        self.dataset = dataset
        self.here = replace(self.here, dataset_of=lambda *_: dataset)

    def publish(self, version: str, rows: str) -> LandedObject:
        landed = self.here.put(f"acme/{self.name}/{version}/all.csv", HEADER + rows)
        self.here.publish(landed, run_id=f"publish {self.name} {version}")
        return landed

    def load(self, version: str, rows: str) -> LandedObject:
        landed = self.publish(version, rows)
        self.here.run(version)
        return landed

    def trace(self, key: Any) -> History:
        with scratch_folder("trace", root=self.here.folder) as folder:
            resources = Resources(
                run=Run(dag_id="trace_row", run_id="trace"),
                connect=self.here.connect,
                landing=self.here.landing_of_exports,
                lake=self.here.lake_store,
                folder=folder,
                memory="192MB",
            )
            _, found = trace(self.dataset, ("acme", self.name), key, resources=resources)
        return found


@pytest.fixture
def things(place: StreamPlace, landing: str) -> Things:
    return Things(place, landing, DATASET)


@pytest.fixture
def soft(place: StreamPlace, landing: str) -> Things:
    return Things(place, landing, SOFT)


def effects(found: History) -> list[str]:
    return [entry["effect"] for entry in found["history"]]


def test_history_names_version_file_line_and_value(things: Things) -> None:
    things.load("v0", "2,1,x\n")
    things.load("v1", "2,1,x\n1,1.50,a\n")
    things.load("v2", "1,1.5,a\n2,1,x\n")
    things.load("v3", '2,1,x\n1,2,"b, c"\n')
    things.load("v4", "2,1,x\n")
    landed = things.load("v5", "2,1,x\n1,3,\n")
    found = things.trace({"id": 1})
    assert [(one["run_id"], one["effect"]) for one in found["history"]] == [
        ("v1", "inserted"),
        ("v2", "confirmed"),
        ("v3", "updated"),
        ("v4", "deleted"),
        ("v5", "inserted"),
    ]
    assert found["now"] == found["history"][4]["values"] == {"id": 1, "price": 3, "note": None}
    assert found["history"][0]["values"] == {"id": 1, "price": 1.5, "note": "a"}
    (line,) = found["history"][2]["sources"]
    assert (line["line"], line["raw"]) == (3, '1,2,"b, c"')
    (line,) = found["history"][4]["sources"]
    assert (line["file"], line["version"]) == (landed.key, landed.version_id)
    assert line["archive"].endswith(f"/{landed.key}?versionId={landed.version_id}")
    assert found["notes"] == ["1 load before the first one shown did not have the key"]


def test_soft_delete_leaves_a_row_that_is_no_difference(soft: Things) -> None:
    soft.load("v1", "1,1,a\n2,1,x\n")
    found = soft.trace(1)
    assert (found["now"] or {})["deleted_at"] is None
    assert found["notes"] == []
    soft.load("v2", "2,1,x\n")
    found = soft.trace(1)
    assert effects(found) == ["inserted", "deleted"]
    assert (found["now"] or {})["deleted_at"] is not None
    assert found["notes"] == []
    soft.load("v3", "1,1,a\n2,1,x\n")
    found = soft.trace(1)
    assert (effects(found)[2], found["notes"]) == ("inserted", [])


def test_version_with_rejects_does_not_say_that_a_row_is_gone(things: Things) -> None:
    things.load("v1", "1,1,a\n2,1,x\n")
    things.load("v2", "1,none,a\n2,1,x\n")
    things.load("v3", "2,1,x\n3,none,x\n")
    things.load("v4", "2,1,x\n")
    found = things.trace("1")
    assert effects(found) == ["inserted", "refused", "absent", "deleted"]
    refused = found["history"][1]
    assert refused["sources"][0]["raw"] == "1,none,a"
    assert refused["sources"][0]["line"] == 2
    assert (refused["code"], bool(refused["reason"])) == ("not_a_number", True)
    assert (found["now"], found["notes"]) == (None, [])


def test_files_of_a_version_are_settled_together(things: Things) -> None:
    things.declare(replace(DATASET, files=2))
    here = things.here
    landed = [
        here.put(f"acme/things/v1/{name}.csv", HEADER + rows)
        for name, rows in (("a", "1,1,a\n2,1,x\n"), ("b", "3,1,c\n1,2,a\n4,1,d\n"))
    ]
    here.publish(*landed, run_id="publish")
    here.run("v1")
    (entry,) = things.trace(1)["history"]
    assert (entry["effect"], entry["code"]) == ("refused", "key_conflict")
    assert [(one["file"], one["line"], one["raw"]) for one in entry["sources"]] == [
        (landed[0].key, 2, "1,1,a"),
        (landed[1].key, 3, "1,2,a"),
    ]
    (entry,) = things.trace(4)["history"]
    assert (entry["effect"], entry["values"]) == ("inserted", {"id": 4, "price": 1, "note": "d"})
    assert [(one["line"], one["raw"]) for one in entry["sources"]] == [(None, None), (4, "4,1,d")]


def test_run_of_several_versions_has_an_entry_of_each(things: Things) -> None:
    things.publish("v1", "1,1,a\n2,1,x\n")
    things.publish("v2", "1,2,a\n3,none,x\n2,1,x\n")
    things.publish("v3", "2,1,x\n")
    things.here.run("all")
    found = things.trace(1)
    assert [(one["run_id"], one["effect"]) for one in found["history"]] == [
        ("all", "inserted"),
        ("all", "updated"),
        ("all", "deleted"),
    ]
    assert [one["sources"][0]["file"].split("/")[3] for one in found["history"]] == [
        "v1",
        "v2",
        "v3",
    ]
    assert found["notes"] == []


def test_version_that_is_gone_is_said_in_its_entry_alone(things: Things) -> None:
    gone = things.load("v1", "1,1,a\n")
    things.load("v2", "1,2,a\n")
    client("s3", things.here.aws).delete_object(
        Bucket=gone.bucket, Key=gone.key, VersionId=gone.version_id
    )
    found = things.trace(1)
    assert effects(found) == ["unknown", "updated"]
    assert found["history"][0]["code"] == "unreadable"
    assert found["history"][0]["sources"][0]["file"] == gone.key


def test_row_that_somebody_else_altered_is_said(things: Things) -> None:
    things.load("v1", "1,1,a\n")
    things.here.query("update exports.acme__things set note = 'z' where id = 1")
    (note,) = things.trace(1)["notes"]
    assert "somebody else" in note


def test_key_that_no_version_had_was_never_seen(things: Things) -> None:
    things.load("v1", "1,1,a\n")
    found = things.trace(9)
    assert (found["now"], found["history"]) == (None, [])
    assert found["notes"] == ["This key was never seen: none of 1 load had it"]


def test_key_of_other_columns_is_refused(things: Things) -> None:
    with pytest.raises(RunInputError, match="must name id, and nothing else"):
        things.trace({"note": "a"})


def test_target_that_lacks_columns_declared_since_is_no_difference(things: Things) -> None:
    things.load("v1", "1,1,a\n")
    columns = (*DATASET.contract.columns, Column(name="extra", type="text", required=False))
    things.declare(replace(SOFT, contract=replace(DATASET.contract, columns=columns)))
    found = things.trace(1)
    assert found["now"] == {"id": 1, "price": 1, "note": "a"}
    assert found["history"][0]["values"] == {"id": 1, "price": 1, "note": "a", "extra": None}
    assert found["notes"] == []


def test_target_that_has_another_key_than_is_declared_is_refused(things: Things) -> None:
    things.load("v1", "1,1,a\n")
    columns = (Column(name="code", type="text", nullable=False), *DATASET.contract.columns)
    contract = replace(DATASET.contract, columns=columns, key=("code",))
    things.declare(replace(DATASET, contract=contract))
    with pytest.raises(WarehouseRefusedError, match="UndefinedColumn"):
        things.trace("x")


def rebuild(things: Things, run_id: str) -> None:
    things.here.apply(rebuild_task("acme", things.name), run_id)


def test_rebuild_is_followed_like_any_run(things: Things) -> None:
    things.load("v1", "1,1,a\n2,1,x\n")
    things.here.query("delete from exports.acme__things where id = 1")
    (note,) = things.trace(1)["notes"]
    assert "somebody else" in note
    rebuild(things, "again")
    found = things.trace(1)
    assert (effects(found), found["notes"]) == (["inserted", "confirmed"], [])


def test_rows_of_versions_that_a_rebuild_passed_over_are_no_difference(things: Things) -> None:
    things.load("v1", "1,1,a\n2,1,x\n")
    things.publish("v2", "1,2,b\n2,1,x\n")
    things.publish("v3", "2,1,x\n3,none,z\n")
    rebuild(things, "again")
    found = things.trace(1)
    assert effects(found) == ["inserted", "absent"]
    assert (found["now"] or {})["note"] == "b"
    (note,) = found["notes"]
    assert note.startswith("1 version made from versions that no run of the ledger has")


def test_version_that_the_ledger_has_lost_to_a_newer_one_of_its_run_is_said(
    things: Things,
) -> None:
    things.publish("v1", "1,1,a\n2,1,x\n")
    things.here.run("cleared")
    things.publish("v2", "2,1,x\n")
    things.here.run("cleared")
    found = things.trace(2)
    assert effects(found) == ["confirmed"]
    (note,) = found["notes"]
    assert note.startswith("1 version made from versions that no run of the ledger has")
    assert found["notes"][0] in things.trace(1)["notes"]


def test_first_version_that_is_looked_at_has_no_gap_before_it(
    things: Things, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("v1", "v2", "v3"):
        things.load(version, f"1,{version[1]},a\n")
    monkeypatch.setattr("include.core.trace.history.MOST_VERSIONS", 2)
    found = things.trace(1)
    assert (effects(found), found["notes"]) == (["updated", "updated"], [])
    assert "1 load that read versions before the newest 2" in str(found["cut"])


def test_of_many_files_those_that_have_the_row_are_shown(things: Things) -> None:
    many = 25
    things.declare(replace(DATASET, files=many))
    here = things.here
    landed = [here.put(f"acme/things/v1/{n:02}.csv", f"{HEADER}{n},1,a\n") for n in range(many)]
    here.publish(*landed, run_id="publish")
    here.run("v1")
    (entry,) = things.trace(24)["history"]
    assert len(entry["sources"]) == 20
    assert (entry["sources"][0]["file"], entry["sources"][0]["line"]) == (landed[24].key, 2)
    client("s3", here.aws).delete_object(
        Bucket=landed[0].bucket, Key=landed[0].key, VersionId=landed[0].version_id
    )
    (entry,) = things.trace(24)["history"]
    assert (entry["effect"], len(entry["sources"])) == ("unknown", 20)


def test_version_that_is_in_no_registry_is_unreadable(things: Things) -> None:
    things.load("v1", "1,1,a\n")
    things.here.query("delete from ops.export where version = 'v1'")
    (entry,) = things.trace(1)["history"]
    assert (entry["effect"], entry["code"], entry["sources"]) == ("unknown", "unreadable", [])


def test_manifest_is_no_file_that_a_row_could_be_in(things: Things) -> None:
    file = HEADER + "1,1,a\n"
    listed = {
        "name": "a.csv",
        "size": len(file),
        "sha256": hashlib.sha256(file.encode()).hexdigest(),
    }
    put = things.here.put
    landed = [
        put("acme/things/v1/a.csv", file),
        put("acme/things/v1/_manifest.json", json.dumps({"files": [listed]})),
    ]
    things.here.publish(*landed, run_id="publish")
    things.here.run("v1")
    (entry,) = things.trace(1)["history"]
    assert (entry["effect"], [one["file"] for one in entry["sources"]]) == (
        "inserted",
        [landed[0].key],
    )
    client("s3", things.here.aws).delete_object(
        Bucket=landed[0].bucket, Key=landed[0].key, VersionId=landed[0].version_id
    )
    (entry,) = things.trace(1)["history"]
    assert [one["file"] for one in entry["sources"]] == [landed[0].key]
