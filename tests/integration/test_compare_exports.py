"""Any two versions of a table compared without publishing: real Postgres, S3 and Kinesis."""

from __future__ import annotations

import itertools
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.errors import ArrivalError, RejectLimitError, RunInputError
from tests.integration.stream_places import place, stream
from tests.support.cells import quoted
from tests.support.clients import client
from tests.support.examples import examples
from tests.support.export_runs import ExportPlace

if TYPE_CHECKING:
    from include.pipelines.table_export_to_kinesis import Compared
    from tests.support.stream_runs import StreamPlace

    Table = dict[str, tuple[str | None, str | None, str | None]]

__all__ = ["place", "stream"]

COUNTS = ("rows", "inserted", "updated", "unchanged", "deleted", "rejected", "duplicate")
OLD = "1;a;b;c\n2;x;;\n3;q;w;e\n"
NEW = '1;a;b;c\n2;x;"";changed\n4;n;n;n\n4;n;n;n\n'
TEXTS = st.one_of(
    st.none(),
    st.sampled_from(["", ";", '"', "'", "\\", "null", "a\nb", " é ", "𝄞", "\x7f", "{{ 1/0 }}"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)
KEYS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8
)
TABLES = st.dictionaries(KEYS, st.tuples(TEXTS, TEXTS, TEXTS), max_size=30)
_tenants = itertools.count()


@pytest.fixture
def exports(place: StreamPlace, landing: str) -> ExportPlace:
    return ExportPlace(**vars(place), landing=landing)


def version(name: str, table: str = "acme/test_table") -> str:
    return f"{table}/{name}/all.csv.gz"


def counts(found: Compared) -> dict[str, int]:
    """The counts that are not null."""
    values: dict[str, Any] = {**found}
    return {name: values[name] for name in COUNTS if values[name]}


def everything(exports: ExportPlace) -> dict[str, Any]:
    """All rows of all tables, with the marks that locks leave, all objects, and all records."""
    found: dict[str, Any] = {}
    tables = exports.query("select schemaname, tablename from pg_tables where schemaname = 'ops'")
    for schema, name in tables:
        statement = f"select xmin::text, xmax::text, each::text from {schema}.{name} as each"
        found[name] = sorted(exports.query(statement))
    s3, kinesis = client("s3", exports.aws), client("kinesis", exports.aws)
    for bucket in (exports.landing, exports.lake):
        page = s3.list_object_versions(Bucket=bucket)
        found[bucket] = sorted(each["VersionId"] + each["Key"] for each in page.get("Versions", ()))
    for shard in kinesis.list_shards(StreamName=exports.stream)["Shards"]:
        start = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = kinesis.get_shard_iterator(StreamName=exports.stream, **start)["ShardIterator"]
        found[shard["ShardId"]] = kinesis.get_records(ShardIterator=iterator)["Records"]
    return found


def written(table: Table) -> str:
    """A table as its file: null is empty, and the empty text is quoted."""
    return "".join(
        ";".join(map(quoted, (key, *cells))) + "\n" for key, cells in reversed(table.items())
    )


def expected(before: Table, after: Table) -> list[dict[str, Any]]:
    """All operations in order of key, as plain Python finds them."""

    def row(key: str, table: Table) -> dict[str, str | None] | None:
        names = ("pk", "c1", "c2", "c3")
        return dict(zip(names, (key, *table[key]), strict=True)) if key in table else None

    found = []
    for key in sorted({*before, *after}, key=str.encode):
        old, new = row(key, before), row(key, after)
        if old != new:
            kind = "INSERT" if old is None else "DELETE" if new is None else "UPDATE"
            found.append({"operation": kind, "key": {"pk": key}, "before": old, "after": new})
    return found


def test_comparison_shows_counts_and_operations_before_and_after(exports: ExportPlace) -> None:
    exports.publish(exports.put(version("v1"), OLD), run_id="one")
    exports.register(exports.put(version("v2"), NEW))
    found = exports.compare("v2", before="v1")
    assert {name: found[name] for name in COUNTS} == {  # type: ignore[literal-required]
        "rows": 3,
        "inserted": 1,
        "updated": 1,
        "unchanged": 1,
        "deleted": 1,
        "rejected": 0,
        "duplicate": 1,
    }
    gone = {"pk": "3", "c1": "q", "c2": "w", "c3": "e"}
    come = {"pk": "4", "c1": "n", "c2": "n", "c3": "n"}
    old, new = {"c1": "x", "c2": None, "c3": None}, {"c1": "x", "c2": "", "c3": "changed"}
    assert found["preview"] == [
        {"operation": "UPDATE", "key": {"pk": "2"}, "before": {"pk": "2", **old},
         "after": {"pk": "2", **new}},
        {"operation": "DELETE", "key": {"pk": "3"}, "before": gone, "after": None},
        {"operation": "INSERT", "key": {"pk": "4"}, "before": None, "after": come},
    ]  # fmt: skip
    assert found["warnings"] == []


def test_comparison_changes_nothing_and_publishes_nothing(exports: ExportPlace) -> None:
    exports.publish(exports.put(version("v1"), OLD), run_id="one")
    exports.run()
    exports.register(exports.put(version("v2"), NEW))
    exports.query("update ops.export_table set leased_until = now() + interval '1 minute'")
    state = everything(exports)
    exports.compare("v2", before="v1")
    exports.compare("v1", before=None, run_id="again")
    assert everything(exports) == state


def test_version_that_was_compared_is_published_as_it_was_shown(exports: ExportPlace) -> None:
    exports.publish(exports.put(version("v1"), OLD), run_id="one")
    landed = exports.put(version("v2"), NEW)
    exports.register(landed)
    shown = exports.compare("v2", before="v1")
    exports.query("update ops.arrival set claimed_until = now() - interval '1 second'")
    published = exports.publish(landed, run_id="two", again=True)
    assert published == {
        "read": shown["rows"] + shown["duplicate"],
        "duplicate": shown["duplicate"],
        "unchanged": shown["unchanged"],
        "delivered": shown["inserted"] + shown["updated"],
        "deleted": shown["deleted"],
    }


@settings(
    max_examples=examples(4),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(old=TABLES, new=TABLES, is_taken=st.booleans())
def test_any_two_versions_in_either_order_differ_as_plain_python_says(
    exports: ExportPlace,
    old: Table,
    new: Table,
    is_taken: bool,  # noqa: FBT001 -- Hypothesis gives it
) -> None:
    table = f"t{next(_tenants)}/test_table"
    first = exports.put(version("v1", table), written(old))
    if is_taken:
        exports.publish(first, run_id=f"{table} one")
    exports.register(first, exports.put(version("v2", table), written(new)), run_id=table)
    versions = {"v1": old, "v2": new, None: {}}
    pairs = [("v1", "v2"), ("v2", "v1"), (None, "v1"), (None, "v2"), ("v1", "v1"), ("v2", "v2")]
    for number, (before, after) in enumerate(pairs):
        found = exports.compare(str(after), before=before, table=table, run_id=f"{table} {number}")
        operations = expected(versions[before], versions[after])
        assert found["preview"] == operations[:20]
        kinds = [operation["operation"] for operation in operations]
        assert (found["inserted"], found["updated"], found["deleted"]) == tuple(
            map(kinds.count, ("INSERT", "UPDATE", "DELETE"))
        )
        assert found["rows"] == len(versions[after])
        assert found["unchanged"] == found["rows"] - found["inserted"] - found["updated"]


def test_operations_of_a_large_delta_are_the_first_that_would_be_published(
    exports: ExportPlace,
) -> None:
    rows = "".join(f"{number:04};a;b;c\n" for number in range(30_000))
    exports.publish(exports.put(version("v1"), rows), run_id="one")
    found = exports.compare("v1", before=None)
    assert (found["inserted"], len(found["preview"])) == (30_000, 20)
    kinesis = client("kinesis", exports.aws)
    published = {}
    for shard in kinesis.list_shards(StreamName=exports.stream)["Shards"]:
        start = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = kinesis.get_shard_iterator(StreamName=exports.stream, **start)["ShardIterator"]
        while records := (answer := kinesis.get_records(ShardIterator=iterator))["Records"]:
            for record in (json.loads(each["Data"]) for each in records):
                published[record.get("sequence")] = record
            iterator = answer["NextShardIterator"]
    assert [each["key"] for each in found["preview"]] == [
        published[number]["key"] for number in range(1, 21)
    ]


def test_typed_values_are_shown_digit_for_digit_and_long_texts_are_cut(
    exports: ExportPlace,
) -> None:
    head = "order_id,line,product,quantity,price,ordered_on,changed_at,gift\n"
    row = f"9007199254740993,1,{'ü' * 600},2,1234567890.12,2026-01-31,2026-01-31T10:00:00Z,true\n"
    exports.register(exports.put("acme/order_lines/v1/all.csv", head + row))
    found = exports.compare("v1", before=None, table="acme/order_lines")
    assert found["preview"][0]["after"] == {
        "order_id": 9007199254740993,
        "line": 1,
        "product": "ü" * 500 + "… (600 characters)",
        "quantity": 2,
        "price": "1234567890.12",
        "ordered_on": "2026-01-31",
        "changed_at": "2026-01-31T10:00:00+00:00",
        "gift": True,
    }


def test_rows_that_may_be_rejected_ones_count_as_there(exports: ExportPlace) -> None:
    head = "order_id,line,product,quantity,price,ordered_on,changed_at,gift\n"
    good = [f"{n},1,Tea,2,1.50,2026-01-31,2026-01-31T10:00:00Z,true\n" for n in range(1, 201)]
    damaged = [*good[1:199], good[199].replace("Tea,2", "Tea,x")]
    for name, lines in (("v1", good), ("v2", damaged)):
        exports.register(exports.put(f"acme/order_lines/{name}/all.csv", head + "".join(lines)))
    found = exports.compare("v2", before="v1", table="acme/order_lines")
    assert counts(found) == {"rows": 200, "unchanged": 200, "rejected": 1}
    (said,) = found["warnings"]
    assert said == (
        "2 rows that its files lack count as there, since they may be among the 1 that were "
        "rejected"
    )
    back = exports.compare("v1", before="v2", table="acme/order_lines", run_id="back")
    assert counts(back) == {"rows": 200, "inserted": 2, "unchanged": 198}


def test_version_with_too_many_rejects_is_refused_as_it_would_be_when_it_is_taken(
    exports: ExportPlace,
) -> None:
    exports.register(exports.put(version("v1"), "1;a;b;c\n1;x;b;c\n"))
    with pytest.raises(RejectLimitError, match=r"2 of 2 rows rejected, .* Nothing was compared"):
        exports.compare("v1", before=None)


def test_comparison_says_what_a_person_would_be_asked_and_asks_nobody(
    exports: ExportPlace,
) -> None:
    rows = [f"{number:04};a;b;c\n" for number in range(1000)]
    exports.publish(exports.put(version("v1"), "".join(rows)), run_id="one")
    exports.register(exports.put(version("v2"), "".join(rows[:500])))
    found = exports.compare("v2", before="v1")
    assert found["deleted"] == 500
    assert found["warnings"] == [
        "500 of 1000 rows are gone: a person would be asked before they are deleted"
    ]
    assert (exports.states()["acme/test_table/v2"], exports.started) == ("complete", [])


@pytest.mark.parametrize("before", [None, "v1"])
def test_version_whose_files_are_gone_is_compared_by_what_was_kept_of_it(
    exports: ExportPlace, before: str | None
) -> None:
    for name, text in (("v1", OLD), ("v2", NEW)):
        exports.publish(exports.put(version(name), text), run_id=name)
    whole = exports.compare("v2", before=before)
    for name in ("v1", "v2"):
        remove_files(exports, name)
    kept = exports.compare("v2", before=before, run_id="kept")
    ignored: Any = {"notice": None}
    assert {**kept, **ignored} == {**whole, **ignored}


@pytest.mark.parametrize(("before", "after"), [("v1", "v2"), ("v2", "v1")])
def test_version_of_which_nothing_is_left_is_refused(
    exports: ExportPlace, before: str, after: str
) -> None:
    exports.publish(exports.put(version("v1"), OLD), run_id="one")
    exports.register(exports.put(version("v2"), NEW))
    remove_files(exports, "v2")
    refused = "acme/test_table/v2 cannot be compared: its files cannot be had .* not in the lake"
    with pytest.raises(ArrivalError, match=refused):
        exports.compare(after, before=before)


def test_base_that_is_no_longer_in_the_lake_is_read_from_its_files(exports: ExportPlace) -> None:
    for name, text in (("v1", OLD), ("v2", NEW)):
        exports.publish(exports.put(version(name), text), run_id=name)
    whole = exports.compare("v2", before="v1")
    s3 = client("s3", exports.aws)
    for ((key,),) in [exports.query("select snapshot ->> 'key' from ops.export limit 1")]:
        s3.delete_object(Bucket=exports.lake, Key=key)
    assert counts(exports.compare("v2", before="v1", run_id="read")) == counts(whole)


def test_version_that_is_not_there_is_refused_with_the_newest_that_are(
    exports: ExportPlace,
) -> None:
    with pytest.raises(RunInputError, match=r"has no version v1\. No export of it has landed"):
        exports.compare("v1", before=None)
    exports.register(exports.put(version("v1"), OLD), exports.put(version("v10"), NEW))
    with pytest.raises(RunInputError, match=r"no version v2\. The newest are v10, v1"):
        exports.compare("v1", before="v2")


def test_version_that_waits_for_files_is_refused(exports: ExportPlace) -> None:
    listed = [{"name": name, "size": 1, "sha256": "0" * 64} for name in ("a.csv", "b.csv")]
    manifest = json.dumps({"files": listed})
    exports.register(exports.put("acme/test_table/v1/_manifest.json", manifest))
    with pytest.raises(RunInputError, match="acme/test_table/v1 waits for files"):
        exports.compare("v1", before=None)


def test_version_taken_again_is_compared_under_its_own_name(exports: ExportPlace) -> None:
    exports.publish(exports.put(version("v1"), OLD), run_id="one")
    exports.publish(exports.put(version("v1"), NEW), run_id="hand", again=True)
    assert counts(exports.compare("v1!002", before="v1"))["updated"] == 1


def test_notice_and_log_of_a_comparison_show_no_value(
    exports: ExportPlace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    exports.register(exports.put(version("v1"), "secretkey;secretcell;;\n"))
    notice = exports.compare("v1", before=None)["notice"]
    assert "secret" not in json.dumps(notice) + caplog.text
    assert "Compared acme/test_table" in caplog.text
    assert notice["attributes"]["status"] == "dry_run"
    assert notice["subject"] == ("Sluice acme/test_table: 1 row would change from nothing to v1")
    body = notice["body"]
    assert "Status:      dry run, nothing was published" in body
    assert "Inserted:    1\n" in body
    asked = '{"tenant": "acme", "table": "test_table", "to_version": "v1"}'
    assert f"airflow dags trigger compare_exports --conf '{asked}'" in body


def remove_files(exports: ExportPlace, name: str) -> None:
    """Remove all versions of a version's file, as a rule of the bucket does after its time."""
    s3, key = client("s3", exports.aws), f"exports/{version(name)}"
    for each in s3.list_object_versions(Bucket=exports.landing, Prefix=key)["Versions"]:
        s3.delete_object(Bucket=exports.landing, Key=key, VersionId=each["VersionId"])
