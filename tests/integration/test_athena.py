"""Large exports that Athena compares: the emulator's Glue and Athena, and what UNLOAD adds."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.contracts import Column, CsvContract, TableExport
from include.core.exports.row_text import digest_name
from include.datasets import test_table
from include.errors import ExportBusyError, FilesFailedError
from include.pipelines.table_export_to_kinesis import Athena, take_in
from include.pipelines.table_export_to_kinesis.athena import read_delta
from include.pipelines.table_export_to_kinesis.delta import compute_delta
from include.pipelines.table_export_to_kinesis.loading import LocalFile
from include.pipelines.table_export_to_kinesis.snapshot import make_snapshot
from tests.integration.stream_places import place, stream
from tests.support.cells import quoted
from tests.support.clients import client
from tests.support.examples import examples
from tests.support.export_runs import ExportPlace
from tests.support.unloading_athena import UnloadingAthena

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.core.aws.objects import ObjectStore
    from include.core.exports.names import ExportName
    from include.pipelines.table_export_to_kinesis.delta import Delta
    from include.pipelines.table_export_to_kinesis.snapshot import Snapshot
    from tests.conftest import Aws
    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "stream"]

LARGE = replace(test_table.DATASET, athena_above=0, part_rows=2)
TEXTS = [
    "1;a;b;c\n2;x;;\n3;q;w;e\n",
    '1;a;b;c\n2;x;"";changed\n4;n;n;n\n',
    "2;x;y;z\n4;n;n;n\n5;5;5;5\n",
]
EXPORT: ExportName = {"tenant": "Acme-1", "table": "all.types", "version": "v1"}
MEMORY = "64MB"


@pytest.fixture(scope="module")
def athena(aws: Aws) -> Iterator[UnloadingAthena]:
    with UnloadingAthena(aws.endpoint) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def database(aws: Aws) -> str:
    return aws.outputs["GlueDatabase"]


@pytest.fixture
def exports(
    place: StreamPlace, landing: str, athena: UnloadingAthena, database: str, aws: Aws
) -> ExportPlace:
    athena.statements.clear()
    return ExportPlace(
        **vars(place) | {"dataset_of": large},
        landing=landing,
        athena=athena.url,
        database=database,
        workgroup=aws.outputs["AthenaWorkgroup"],
    )


def large(*_: str) -> TableExport:
    """The declaration of large exports; other processes find it by its name."""
    return LARGE


def landed(exports: ExportPlace, day: int) -> Any:
    return exports.put(f"acme/test_table/2026-01-0{day}/all.csv.gz", TEXTS[day - 1])


def tables(aws: Aws, database: str) -> list[str]:
    found = aws.client("glue").get_tables(DatabaseName=database)["TableList"]
    return [table["Name"] for table in found]


def test_three_exports_that_athena_compares_end_as_the_newest_in_the_target(
    exports: ExportPlace, athena: UnloadingAthena, aws: Aws, database: str
) -> None:
    counts = []
    for day in (1, 2, 3):
        counts.append(exports.publish(landed(exports, day), run_id=f"publish{day}"))
        exports.run(f"apply{day}")
    assert counts == [
        {"read": 3, "delivered": 3},
        {"read": 3, "unchanged": 1, "delivered": 2, "deleted": 1},
        {"read": 3, "unchanged": 1, "delivered": 2, "deleted": 1},
    ]
    target = exports.query('select pk, c1, c2, c3 from exports."acme__test_table" order by pk')
    assert target == [("2", "x", "y", "z"), ("4", "n", "n", "n"), ("5", "5", "5", "5")]
    assert len(athena.statements) == 2  # the first export has nothing to be compared with
    assert tables(aws, database) == []


def test_an_export_is_compared_by_athena_above_its_size_alone(
    exports: ExportPlace, athena: UnloadingAthena
) -> None:
    exports.publish(landed(exports, 1), run_id="publish1")
    second = landed(exports, 2)
    size = len(exports.body_of(second))
    here = vars(exports) | {"dataset_of": lambda *_: replace(LARGE, athena_above=size)}
    assert ExportPlace(**here).publish(second, run_id="publish2")["delivered"] == 2
    assert not athena.statements
    here |= {"dataset_of": lambda *_: replace(LARGE, athena_above=size - 1)}
    counts = ExportPlace(**here).publish(second, run_id="publish3", again=True)
    assert counts == {"read": 3, "unchanged": 3}  # nothing differs, and Athena writes nothing
    assert len(athena.statements) == 1


def test_a_base_of_another_declaration_is_compared_by_the_worker(
    exports: ExportPlace, athena: UnloadingAthena
) -> None:
    exports.publish(landed(exports, 1), run_id="publish1")
    columns = (*LARGE.contract.columns, Column(name="c4", type="text", required=False))
    wider = replace(LARGE, contract=replace(LARGE.contract, columns=columns))
    assert digest_name(columns) != digest_name(LARGE.contract.columns)
    here = ExportPlace(**vars(exports) | {"dataset_of": lambda *_: wider})
    second = exports.put("acme/test_table/2026-01-02/all.csv.gz", "1;a;b;c;d\n2;x;;;\n3;q;w;e;\n")
    assert here.publish(second, run_id="publish2") == {"read": 3, "unchanged": 2, "delivered": 1}
    assert not athena.statements


def test_failure_of_athena_says_why_publishes_nothing_and_is_tried_again(
    exports: ExportPlace, athena: UnloadingAthena, aws: Aws, database: str
) -> None:
    exports.publish(landed(exports, 1), run_id="publish1")
    second = landed(exports, 2)
    athena.failures.append("Bytes scanned limit was exceeded")
    with pytest.raises(FilesFailedError, match="Bytes scanned limit was exceeded"):
        exports.publish(second, run_id="publish2")
    assert tables(aws, database) == []
    assert exports.query("select published_version from ops.export_table") == [("2026-01-01",)]
    counts = exports.publish(second, run_id="publish3", again=True)
    assert counts == {"read": 3, "unchanged": 1, "delivered": 2, "deleted": 1}


def test_query_that_does_not_end_is_stopped(exports: ExportPlace, athena: UnloadingAthena) -> None:
    exports.publish(landed(exports, 1), run_id="publish1")
    athena.hanging = True
    try:
        with pytest.raises(FilesFailedError, match="Athena took too long"):
            exports.publish(landed(exports, 2), run_id="publish2")
    finally:
        athena.hanging = False
    assert athena.stopped == list(athena.ended)[-1:]


@pytest.mark.parametrize("failpoint", ["athena.started", "athena.fetched"])
def test_run_that_dies_around_a_comparison_is_done_again(
    exports: ExportPlace, failpoint: str, aws: Aws, database: str
) -> None:
    exports.publish(landed(exports, 1), run_id="publish1")
    second = landed(exports, 2)
    exports.publish_dying_at(failpoint, second, run_id="publish2")
    counts = exports.publish(second, run_id="publish2")
    assert counts == {"read": 3, "unchanged": 1, "delivered": 2, "deleted": 1}
    assert tables(aws, database) == []


def test_run_whose_table_was_taken_over_while_athena_worked_publishes_nothing(
    exports: ExportPlace,
) -> None:
    exports.publish(landed(exports, 1), run_id="publish1")
    received = exports.claim(landed(exports, 2), run_id="slow")
    (work,) = exports.registrar("slow").register(received.files)["work"]
    with exports.resources("slow", "compute") as resources:
        computed = take_in(LARGE, work, resources=resources)
    exports.query("update ops.export_table set leased_until = now() - interval '1 second'")
    assert exports.publish(landed(exports, 3), run_id="fast")["delivered"] == 3
    with exports.resources("slow", "go_on") as resources, pytest.raises(ExportBusyError):
        take_in(LARGE, work, computed["comparing"], resources=resources)
    assert exports.query("select published_version from ops.export_table") == [("2026-01-03",)]


ALL_TYPES = TableExport(
    name="all_types",
    title="All types",
    description="A column of each type.",
    owner="tests",
    tables="all.types",
    athena_above=0,
    part_rows=3,
    contract=CsvContract(
        columns=(
            Column(name="Pk", type="text", nullable=False, line_ends=True),
            Column(name="moment", type="timestamptz", zone="UTC", nullable=False),
            Column(name="text", type="text", line_ends=True),
            Column(name="small", type="smallint"),
            Column(name="number", type="integer"),
            Column(name="big", type="bigint"),
            Column(name="price", type="numeric", precision=(12, 2)),
            Column(name="wide", type="numeric"),
            Column(name="ratio", type="double precision"),
            Column(name="is_so", type="boolean"),
            Column(name="day", type="date"),
            Column(name="at", type="timestamptz", zone="UTC"),
        ),
        key=("Pk", "moment"),
    ),
)
MOMENTS = st.integers(-(10**15), 10**15).map(
    lambda us: (datetime(2000, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=us)).isoformat()
)
TEXT = st.text(st.sampled_from("ab,\"é'\n ;"), max_size=3)
KEYS = st.tuples(
    st.sampled_from(["", "a", "b\n", '"']),
    st.sampled_from([f"2026-01-01T00:00:00.00000{us}Z" for us in (1, 2)]),
)
VALUES = st.tuples(
    st.none() | TEXT,
    st.none() | st.integers(-5, 5),
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.decimals(-(10**9), 10**9, places=2),
    st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=5),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.booleans(),
    st.none() | st.dates(),
    st.none() | MOMENTS,
)
ROWS = st.dictionaries(KEYS, VALUES, max_size=6)
EARLIER, LATER = (
    {("a", f"2026-01-01T00:00:00.00000{us}Z"): (*[None] * 9, f"2026-01-01T00:00:00.00000{us}Z")}
    for us in (1, 2)
)


def test_both_engines_find_the_same_operations(
    athena: UnloadingAthena, lake: ObjectStore, aws: Aws, database: str
) -> None:
    engine = Athena(
        client=client("athena", athena.url),
        glue=aws.client("glue"),
        database=database,
        workgroup=aws.outputs["AthenaWorkgroup"],
        lake=lake,
    )
    tokens = iter(range(1, 1000))

    @settings(max_examples=examples(5))
    @example(before=EARLIER, after=LATER)
    @given(before=ROWS, after=ROWS)
    def holds(before: dict[Any, Any], after: dict[Any, Any]) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            folder, token = Path(scratch), next(tokens)
            old, base = stored(before, folder / "old.parquet", lake, token)
            new, newest = stored(after, folder / "new.parquet", lake, token)
            (folder / "worker").mkdir()
            by_worker = compute_delta(ALL_TYPES, old, new, folder=folder / "worker", memory=MEMORY)
            query = engine.start(ALL_TYPES, EXPORT, base, newest, token=token)
            paths = engine.fetch(query, folder)
            engine.drop_tables(query)
            by_athena = read_delta(
                ALL_TYPES, paths, rows=newest["rows"], folder=folder, memory=MEMORY
            )
            assert everything(by_athena) == everything(by_worker)

    holds()


def stored(
    rows: dict[Any, Any], path: Path, lake: ObjectStore, number: int
) -> tuple[Path, Snapshot]:
    """A snapshot of rows, as a file and in the lake."""
    folder = path.with_suffix("")
    folder.mkdir()
    header = ",".join(column.name for column in ALL_TYPES.contract.columns)
    lines = [",".join(map(cell, (*key, *values))) for key, values in rows.items()]
    (folder / "all.csv").write_text("\n".join([header, *lines, ""]))
    made = make_snapshot(
        ALL_TYPES,
        [LocalFile(folder / "all.csv", "all.csv", "v")],
        to=path,
        rejects=folder / "rejects.jsonl",
        folder=folder,
        memory=MEMORY,
    )
    assert made.rejected == 0, (folder / "rejects.jsonl").read_text()
    key = f"exports/compared/{number}/{path.stem}/snapshot.parquet"
    lake.put_file(key, path)
    snapshot: Snapshot = {
        "key": key,
        "sha256": "",
        "rows": made.rows,
        "digest": made.digest,
        "checksum": made.checksum,
    }
    return path, snapshot


def cell(value: Any) -> str:
    """As quoted; a decimal in plain digits."""
    return quoted(format(value, "f") if isinstance(value, Decimal) else value)


def everything(delta: Delta) -> list[Any]:
    """All that a delta says, its operations with the types of their columns."""
    parts = []
    for part in delta.parts:
        found = duckdb.connect().execute("from read_parquet($path)", {"path": str(part.path)})
        described = [(column[0], str(column[1])) for column in found.description or ()]
        parts.append((part.number, part.first, part.last, described, found.fetchall()))
    return [delta.inserts, delta.updates, delta.deletes, delta.unchanged, delta.gone, parts]
