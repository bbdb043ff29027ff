"""Exports as they land, are published, and are applied: real Postgres, S3 and Kinesis."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts import TableExport
from include.core.runs.run import Run
from include.datasets import test_table
from include.errors import FilesFailedError
from include.pipelines.table_export_to_kinesis import Settling, runs_of_left
from tests.integration.stream_places import place, stream
from tests.support.export_runs import ExportPlace

if TYPE_CHECKING:
    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "stream"]


@pytest.fixture
def exports(place: StreamPlace, landing: str) -> ExportPlace:
    return ExportPlace(**vars(place), landing=landing)


def target(exports: ExportPlace) -> list[tuple[Any, ...]]:
    return exports.query('select pk, c1, c2, c3 from exports."acme__test_table" order by pk')


def test_three_exports_end_as_the_newest_in_the_target(exports: ExportPlace) -> None:
    texts = [
        "1;a;b;c\n2;x;;\n3;q;w;e\n",
        '1;a;b;c\n2;x;"";changed\n4;n;n;n\n',
        "2;x;y;z\n4;n;n;n\n5;5;5;5\n",
    ]
    counts = []
    for day, text in enumerate(texts, 1):
        landed = exports.put(f"acme/test_table/2026-01-0{day}/all.csv.gz", text)
        counts.append(exports.publish(landed, run_id=f"publish{day}"))
        exports.run(f"apply{day}")
    assert counts == [
        {"read": 3, "delivered": 3},
        {"read": 3, "unchanged": 1, "delivered": 2, "deleted": 1},
        {"read": 3, "unchanged": 1, "delivered": 2, "deleted": 1},
    ]
    assert target(exports) == [("2", "x", "y", "z"), ("4", "n", "n", "n"), ("5", "5", "5", "5")]
    assert exports.states() == {f"acme/test_table/2026-01-0{day}": "applied" for day in range(1, 4)}


def snapshots(exports: ExportPlace) -> list[str]:
    """Versions of the table of which the lake has the rows."""
    return [key.split("/")[3] for key in exports.lake_store.keys("exports/acme/test_table/")]


def test_rows_of_an_export_stay_until_its_target_holds_a_newer_one(exports: ExportPlace) -> None:
    others = "exports/acme/test_table_2/v0/x/snapshot.parquet"
    exports.lake_store.put_json(others, {})
    for name, text in {"v1": "1;a;b;c\n", "v2": "1;x;b;c\n", "v3": "1;y;b;c\n"}.items():
        exports.publish(exports.put(version(name), text), run_id=name)
    assert snapshots(exports) == ["v1", "v2", "v3"]
    exports.run("apply")
    assert snapshots(exports) == ["v3"]
    exports.publish(exports.put(version("v4"), "1;z;b;c\n"), run_id="v4")
    assert snapshots(exports) == ["v3", "v4"]
    exports.run("next")
    assert snapshots(exports) == ["v4"]
    assert exports.lake_store.keys("exports/acme/test_table_2/") == [others]


def test_rows_that_a_person_refused_or_nobody_decided_on_go_with_the_next_version(
    exports: ExportPlace,
) -> None:
    exports.publish(exports.put(version("v1"), ROWS), run_id="v1")
    exports.publish(exports.put(version("v2"), FEWER), run_id="v2")
    exports.run("apply")
    assert snapshots(exports) == ["v1", "v2"]
    exports.publish(exports.put(version("v3"), ROWS), run_id="v3")
    assert exports.states()["acme/test_table/v2"] == "superseded"
    exports.run("next")
    assert snapshots(exports) == ["v3"]


ROWS = "".join(f"{n:04};a;b;c\n" for n in range(1000))
FEWER, FEWEST = ("".join(ROWS.splitlines(keepends=True)[:count]) for count in (500, 400))


def version(name: str) -> str:
    return f"acme/test_table/{name}/all.csv.gz"


def published(exports: ExportPlace) -> str | None:
    ((base,),) = exports.query("select published_version from ops.export_table")
    return None if base is None else str(base)


def free(exports: ExportPlace) -> bool:
    ((held,),) = exports.query(
        "select count(*) from ops.export_table where leased_until is not null"
    )
    return bool(held == 0)


def warnings(exports: ExportPlace, run_id: str) -> list[str]:
    ((found,),) = exports.query(
        "select details -> 'warnings' from ops.run where run_id = %s", run_id
    )
    return list(found)


def test_an_export_of_several_files_waits_until_its_manifest_is_met(exports: ExportPlace) -> None:
    parts = {"a.csv": b"1;a;b;c\n", "b.csv": b"2;a;b;c\n1;a;b;c\n"}
    listed = [
        {"name": name, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for name, body in parts.items()
    ]
    first = [
        exports.put("acme/test_table/v1/_manifest.json", json.dumps({"files": listed})),
        exports.put("acme/test_table/v1/b.csv", parts["b.csv"]),
    ]
    assert exports.publish(*first, run_id="one") == {}
    assert exports.states() == {"acme/test_table/v1": "waiting"}
    assert warnings(exports, "one") == ["acme/test_table/v1 is waiting for 1 of 2 files"]
    second = exports.put("acme/test_table/v1/a.csv", parts["a.csv"])
    assert exports.publish(second, run_id="two") == {"read": 3, "duplicate": 1, "delivered": 2}
    exports.run()
    assert target(exports) == [("1", "a", "b", "c"), ("2", "a", "b", "c")]


def test_a_file_that_is_not_what_the_manifest_says_fails_its_export(exports: ExportPlace) -> None:
    body = b"1;a;b;c\n"
    listed = [{"name": "a.csv", "size": len(body), "sha256": "0" * 64}]
    landed = [
        exports.put("acme/test_table/v1/_manifest.json", json.dumps({"files": listed})),
        exports.put("acme/test_table/v1/a.csv", body),
    ]
    with pytest.raises(FilesFailedError, match="another SHA-256 than its manifest says"):
        exports.publish(*landed)
    assert exports.states() == {"acme/test_table/v1": "failed"}
    assert free(exports)


def test_an_older_version_is_superseded_and_a_gap_is_no_error(exports: ExportPlace) -> None:
    exports.publish(exports.put(version("v3"), ROWS), run_id="newer")
    assert exports.publish(exports.put(version("v1"), "9;a;b;c\n"), run_id="older") == {}
    assert exports.states() == {
        "acme/test_table/v3": "published",
        "acme/test_table/v1": "superseded",
    }
    exports.run()
    assert len(target(exports)) == 1000


def test_versions_that_land_together_are_published_one_run_after_the_other(
    exports: ExportPlace,
) -> None:
    landed = [exports.put(version(name), f"{name};a;b;c\n") for name in ("v2", "v1")]
    assert exports.publish(*landed) == {"read": 1, "delivered": 1}
    assert published(exports) == "v1"
    (started,) = exports.started
    assert started["conf"]["objects"] == [
        {"key": landed[0].key, "version_id": landed[0].version_id}
    ]
    exports.publish(landed[0], run_id="next", again=True)
    exports.run()
    assert target(exports) == [("v2", "a", "b", "c")]


def test_a_version_with_other_content_is_refused_and_taken_by_hand(exports: ExportPlace) -> None:
    exports.publish(exports.put(version("v1"), "1;a;b;c\n"), run_id="one")
    other = exports.put(version("v1"), "1;a;b;d\n")
    with pytest.raises(FilesFailedError, match="was taken before with other content"):
        exports.publish(other, run_id="two")
    assert published(exports) == "v1"
    exports.publish(other, run_id="hand", again=True)
    assert published(exports) == "v1!002"
    exports.run()
    assert target(exports) == [("1", "a", "b", "d")]


@pytest.mark.parametrize("newer", ["v1-a", "v1.1", "v10", "v1A", "v1_", "v1a", "v2"])
def test_version_taken_again_is_older_than_any_newer_one(exports: ExportPlace, newer: str) -> None:
    for run_id in ("one", "again"):
        exports.publish(exports.put(version("v1"), f"1;{run_id};;\n"), run_id=run_id, again=True)
    assert published(exports) == "v1!002"
    exports.publish(exports.put(version(newer), "1;newer;;\n"), run_id="newer")
    assert published(exports) == newer


def test_the_same_content_again_is_known(exports: ExportPlace) -> None:
    exports.publish(exports.put(version("v1"), "1;a;b;c\n"), run_id="one")
    assert exports.publish(exports.put(version("v1"), "1;a;b;c\n"), run_id="two") == {}
    assert published(exports) == "v1"


@pytest.mark.parametrize("decision", ["approved", "refused"])
def test_a_mass_delete_waits_for_a_person(exports: ExportPlace, decision: str) -> None:
    exports.publish(exports.put(version("v1"), ROWS), run_id="one")
    shrunken = exports.put(version("v2"), FEWER)
    assert exports.publish(shrunken, run_id="two") == {}
    assert exports.states()["acme/test_table/v2"] == "asked"
    assert (published(exports), free(exports)) == ("v1", True)
    (asked,) = exports.started
    question = asked["conf"]
    assert '{"pk": "0500"}' in question["body"]
    assert question["subject"] == "acme/test_table/v2: 500 of 1,000 rows would go"
    conf = question[f"{decision}_conf"]
    assert conf["decision"] == decision
    counts = exports.publish(shrunken, run_id="answer", again=True, decision=conf["decision"])
    if decision == "approved":
        assert counts["deleted"] == 500
        assert published(exports) == "v2"
    else:
        assert counts == {}
        assert (published(exports), exports.states()["acme/test_table/v2"]) == ("v1", "refused")
        exports.publish(exports.put(version("v3"), ROWS), run_id="next")
        assert published(exports) == "v3"


def test_a_newer_version_takes_the_question_over(exports: ExportPlace) -> None:
    exports.publish(exports.put(version("v1"), ROWS), run_id="one")
    second = exports.put(version("v2"), FEWER)
    exports.publish(second, run_id="two")
    exports.publish(exports.put(version("v3"), FEWEST), run_id="three")
    states = exports.states()
    assert states["acme/test_table/v2"] == "superseded"
    assert states["acme/test_table/v3"] == "asked"
    assert exports.publish(second, run_id="late", again=True, decision="approved") == {}
    assert warnings(exports, "late") == [
        "acme/test_table/v2 is superseded: the answer changes nothing"
    ]
    assert published(exports) == "v1"


def test_an_empty_export_after_a_filled_one_always_waits(exports: ExportPlace) -> None:
    exports.publish(exports.put(version("v1"), "1;a;b;c\n"), run_id="one")
    exports.publish(exports.put(version("v2"), ""), run_id="two")
    assert exports.states()["acme/test_table/v2"] == "asked"


def test_a_table_of_three_rows_may_lose_one(exports: ExportPlace) -> None:
    exports.publish(exports.put(version("v1"), "1;a;b;c\n2;a;b;c\n3;a;b;c\n"), run_id="one")
    exports.publish(exports.put(version("v2"), "1;a;b;c\n2;a;b;c\n"), run_id="two")
    assert published(exports) == "v2"


def test_an_undeclared_table_is_refused_with_its_declaration_and_taken_once_that_is_there(
    exports: ExportPlace,
) -> None:
    landed = exports.put(
        "acme/unknown_rows/v1/a.csv.gz", "Shop;Nr;Sold at\n1;1;2026-01-01\n1;2;\n2;1;\n"
    )
    with pytest.raises(
        FilesFailedError, match="declares table unknown_rows of tenant acme"
    ) as raised:
        exports.publish(landed, run_id="one")
    assert exports.states() == {}
    assert "2026" not in f"{raised.value}{raised.value.below}"
    entries = exports.query("select details from ops.run where run_id = 'one'")[0][0]["failures"]
    assert [entry["declaration"] for entry in entries] == [raised.value.below]
    dataset = declared_by(raised.value.below)
    assert (dataset.name, dataset.contract.key) == ("unknown_rows", ("shop", "nr"))
    # A failure for good: neither the same event nor the sweep tries again.
    knowing = replace(exports, dataset_of=lambda *name: dataset if dataset.fits(*name) else None)
    assert knowing.publish(landed, run_id="two") == {}
    assert knowing.publish(landed, run_id="three", again=True) == {"read": 3, "delivered": 3}
    assert exports.states() == {"acme/unknown_rows/v1": "published"}


def declared_by(module: str) -> TableExport:
    """The dataset of a module, as a file of the datasets' folder."""
    names: dict[str, Any] = {}
    exec(module, names)  # noqa: S102 -- what was just printed
    dataset = names["DATASET"]
    assert isinstance(dataset, TableExport)
    return dataset


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(100), "the file is"),
        ("a.csv.gz", gzip.compress(b"id,name\n" * 9)[:-12], "the gzip file is cut short"),
        ("_manifest.json", b"{}", "None of its files is here"),
    ],
)
def test_undeclared_table_that_cannot_be_guessed_is_refused_with_an_example(
    exports: ExportPlace, name: str, content: bytes, said: str
) -> None:
    with pytest.raises(FilesFailedError, match=said) as raised:
        exports.publish(exports.put(f"acme/unknown_rows/v1/{name}", content))
    assert declared_by(raised.value.below).name == "some_table"


def test_undeclared_table_is_guessed_from_the_beginning_of_a_large_file(
    exports: ExportPlace,
) -> None:
    line = f"{{}};{'x' * 100_000}\n"
    rows = "".join(map(line.format, range(8)))
    with pytest.raises(FilesFailedError) as raised:
        exports.publish(exports.put("acme/unknown_rows/v1/a.csv", rows))
    assert "Guessed from the beginning of a.csv" in raised.value.below
    assert declared_by(raised.value.below).contract.key == ("column_1",)


def test_declaration_of_too_many_columns_is_not_shown(exports: ExportPlace) -> None:
    names = ",".join(f"column_{n}" for n in range(500))
    values = ",".join("1" * 500)
    with pytest.raises(FilesFailedError, match="characters, too many to be shown") as raised:
        exports.publish(exports.put("acme/unknown_rows/v1/a.csv", f"{names}\n{values}\n"))
    assert raised.value.below == ""


def test_undeclared_tables_are_guessed_once_each_and_up_to_a_number(exports: ExportPlace) -> None:
    places = [f"{tenant}/unknown{n}/v1/a.csv" for tenant in "ab" for n in range(5)]
    landed = [exports.put(place, "id,name\n1,x\n2,y\n") for place in places]
    with pytest.raises(FilesFailedError, match="10 of 10 files failed") as raised:
        exports.publish(*landed)
    assert raised.value.below.count("DATASET = ") == 3


def test_a_key_of_another_shape_is_refused(exports: ExportPlace) -> None:
    with pytest.raises(FilesFailedError, match="An export's key is"):
        exports.publish(exports.put("acme/test_table/a.csv", "1;a;b;c\n"))


def test_a_table_that_another_run_holds_is_left_to_it(exports: ExportPlace) -> None:
    landed = exports.put(version("v1"), "1;a;b;c\n")
    exports.publish(landed, run_id="one")
    exports.query(
        "update ops.export_table set leased_until = now() + interval '1 minute', run_id = 'x'"
    )
    assert exports.publish(exports.put(version("v2"), "2;a;b;c\n"), run_id="two") == {}
    assert (exports.states()["acme/test_table/v2"], exports.started) == ("complete", [])


def test_large_delta_is_published_in_parts(exports: ExportPlace) -> None:
    small = replace(test_table.DATASET, part_rows=100)
    parted = replace(exports, dataset_of=lambda *_: small)
    landed = parted.put(version("v1"), ROWS)
    received = parted.claim(landed, run_id="publish")
    registered = parted.registrar().register(received.files)
    (work,) = registered["work"]
    computed, parts = parted.work_on(work)
    assert len(computed["parts"]) == 10
    parted.settle(received, Settling(registered, [computed], parts), {})
    parted.run()
    assert len(target(parted)) == 1000


def test_rows_that_may_be_rejected_ones_are_not_deleted(exports: ExportPlace) -> None:
    head = "order_id,line,product,quantity,price,ordered_on,changed_at,gift\n"
    good = [f"{n},1,Tea,2,1.50,2026-01-31,2026-01-31T10:00:00Z,true\n" for n in range(1, 201)]
    exports.publish(exports.put("acme/order_lines/v1/all.csv", head + "".join(good)), run_id="one")
    damaged = [*good[1:199], good[199].replace("Tea,2", "Tea,x")]
    counts = exports.publish(exports.put("acme/order_lines/v2/all.csv", head + "".join(damaged)))
    assert counts == {"read": 199, "rejected": 1, "unchanged": 198}
    (said,) = warnings(exports, "publish")
    assert "lacks 2 rows of its base; they stay" in said
    exports.run()
    assert exports.query('select count(*) from exports."acme__order_lines"') == [(200,)]


def test_sweep_starts_a_run_for_an_export_whose_run_was_lost(exports: ExportPlace) -> None:
    landed = exports.put(version("v1"), "1;a;b;c\n")
    received = exports.claim(landed, run_id="lost")
    exports.registrar().register(received.files)
    sweep, now = Run(dag_id="sweep_arrivals", run_id="sweep"), datetime.now(timezone.utc)
    assert runs_of_left(exports.connect, sweep, before=now - timedelta(minutes=1)) == []
    (started,) = runs_of_left(exports.connect, sweep, before=now + timedelta(minutes=1))
    assert started["conf"]["objects"] == [{"key": landed.key, "version_id": landed.version_id}]
    exports.query("update ops.arrival set claimed_until = now() - interval '1 second'")
    assert exports.publish(landed, run_id="swept", again=True) == {"read": 1, "delivered": 1}
    assert runs_of_left(exports.connect, sweep, before=now + timedelta(hours=1)) == []


def test_file_whose_name_begins_like_the_manifests_is_read(exports: ExportPlace) -> None:
    landed = exports.put("acme/test_table/v1/_all.csv", "1;a;b;c\n")
    assert exports.publish(landed) == {"read": 1, "delivered": 1}
