"""Faults of the publisher that one guard each keeps out; `make mutants` takes the guards away."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from include.datasets import test_table
from include.errors import AccountingError, ExportBusyError, FilesFailedError
from include.pipelines.table_export_to_kinesis import Settling, take_in
from include.pipelines.table_export_to_kinesis.leases import TableLease
from tests.integration.stream_places import place, stream
from tests.support.export_runs import ExportPlace

if TYPE_CHECKING:
    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "stream"]

PARTED = replace(test_table.DATASET, part_rows=10)
FIRST = "".join(f"{n:03};a;b;c\n" for n in range(40))
SECOND = FIRST.replace("a", "new")
BASE = "select published_version from ops.export_table"


def parted(*_: str) -> Any:
    """The declaration with parts of few operations; other processes find it by its name."""
    return PARTED


@pytest.fixture
def exports(place: StreamPlace, landing: str) -> ExportPlace:
    """A table whose first version is published."""
    under_way = ExportPlace(**vars(place) | {"dataset_of": parted}, landing=landing)
    under_way.publish(under_way.put("acme/test_table/v1/all.csv", FIRST), run_id="first")
    return under_way


def begun(exports: ExportPlace, version: str, run_id: str) -> tuple[Any, Any]:
    """What a run has claimed and registered."""
    landed = exports.put(f"acme/test_table/{version}/all.csv", SECOND)
    received = exports.claim(landed, run_id=run_id)
    return received, exports.registrar(run_id).register(received.files)


def put(exports: ExportPlace, version: str) -> Counter[str]:
    """How many records of each operation the stream has of a version."""
    records = [record for of_shard in exports.records() for record in of_shard]
    return Counter(record["operation"] for record in records if record["version"] == version)


def test_late_holder_neither_goes_on_nor_commits_while_another_holds_the_table(
    exports: ExportPlace,
) -> None:
    received, registered = begun(exports, "v2", "late")
    computed, parts = exports.work_on(registered["work"][0], "late")
    exports.query("update ops.export_table set leased_until = now() - interval '1 second'")
    _, of_other = begun(exports, "v3", "other")
    with exports.resources("other", "compute") as resources:
        take_in(PARTED, of_other["work"][0], resources=resources)
    with pytest.raises(ExportBusyError):
        TableLease(exports.connect, computed["held"])
    with pytest.raises(ExportBusyError):
        exports.settle(received, Settling(registered, [computed], parts), {}, "late")
    assert exports.query(BASE) == [("v1",)]


def test_version_that_was_made_of_another_base_is_not_published(exports: ExportPlace) -> None:
    received, registered = begun(exports, "v2", "two")
    computed, parts = exports.work_on(registered["work"][0], "two")
    exports.query("update ops.export_table set published_version = 'v0'")
    with pytest.raises(AccountingError, match="its base is not what it was made of"):
        exports.settle(received, Settling(registered, [computed], parts), {}, "two")
    assert exports.query(BASE) == [("v0",)]


def test_version_of_which_a_part_is_missing_has_no_end(exports: ExportPlace) -> None:
    received, registered = begun(exports, "v2", "two")
    computed, parts = exports.work_on(registered["work"][0], "two")
    ends = Settling(registered, [computed], parts[:-1])
    with pytest.raises(FilesFailedError, match="operations were not published, those of 1 parts"):
        exports.settle(received, ends, {}, "two")
    assert put(exports, "v2") == {"UPDATE": 40}
    assert exports.query(BASE) == [("v1",)]


def test_marks_of_a_delta_in_other_parts_do_not_count(exports: ExportPlace) -> None:
    landed = exports.put("acme/test_table/v2/all.csv", SECOND)
    exports.publish_dying_at("publish.sent", landed, run_id="two")
    whole = replace(exports, dataset_of=lambda *_: replace(PARTED, part_rows=1000))
    whole.publish(landed, run_id="two")
    (publication,) = {
        record["publication"]
        for of_shard in exports.records()
        for record in of_shard
        if (record["version"], record["operation"]) == ("v2", "END")
    }
    numbers = [
        record["sequence"]
        for of_shard in exports.records()
        for record in of_shard
        if record["publication"] == publication and record["operation"] != "END"
    ]
    assert sorted(numbers) == [*range(1, 41)]


def test_delta_that_does_not_add_up_to_the_export_is_not_published(exports: ExportPlace) -> None:
    fewer = (
        "update ops.export_table set published_snapshot = published_snapshot || '{\"rows\": 39}'"
    )
    exports.query(fewer)
    landed = exports.put("acme/test_table/v2/all.csv", SECOND)
    with pytest.raises(FilesFailedError, match="0 inserts and 0 deletes do not make 40 rows"):
        exports.publish(landed, run_id="two")
    assert put(exports, "v2") == {}
