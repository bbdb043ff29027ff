"""The forms of exported tables through the real stack: compare two versions, rebuild a target."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from tests.support.scheduled_runs import PATIENCE_SECONDS, ScheduledRuns

if TYPE_CHECKING:
    from infra.local.stack import Stack

COMPARE, REBUILD = "compare_exports", "kinesis_to_postgres"
TABLE = {"tenant": "forms", "table": "test_table"}
TARGET = "exports.forms__test_table"
APPLIED = "select applied_version from ops.export_table where tenant = 'forms'"
ROWS = f"select pk, c1, c2, c3 from {TARGET} order by pk"
VERSIONS = {"v1": "1;a;b;c\n2;b;;\n3;;;\n", "v2": "1;a;b;c\n2;unseenvalue;;\n4;;;\n"}
HELD = """
    select xmin::text, xmax::text, each::text from ops.export as each where tenant = 'forms'
    union all
    select xmin::text, xmax::text, each::text from ops.export_table as each where tenant = 'forms'
"""


@pytest.fixture
def runs(stack: Stack) -> ScheduledRuns:
    """A stack in whose table of this tenant both versions have been applied."""
    scheduled = ScheduledRuns(stack)
    for version, text in VERSIONS.items():
        land(scheduled, version, text)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while applied(scheduled) != version:
            assert time.monotonic() < deadline, f"{version} is not applied"
            time.sleep(0.2)
    return scheduled


def applied(runs: ScheduledRuns) -> str | None:
    """Which version the target holds; the first task of a new database migrates it."""
    try:
        ((version,),) = runs.query(APPLIED) or [(None,)]
    except psycopg2.errors.UndefinedTable:
        return None
    return None if version is None else str(version)


def land(runs: ScheduledRuns, version: str, text: str) -> None:
    runs.stack.emulator.client("s3").put_object(
        Bucket=runs.stack.running.outputs["LandingBucket"],
        Key=f"exports/forms/test_table/{version}/all.csv.gz",
        Body=gzip.compress(text.encode()),
    )


def xcom(runs: ScheduledRuns, run_id: str, key: str) -> Any:
    path = f"/dags/{COMPARE}/dagRuns/{run_id}/taskInstances/compare/xcomEntries/{key}"
    return runs.stack.api.call("GET", path, query={"stringify": False})["value"]


def status_of(notice: dict[str, Any]) -> str:
    return str(notice["MessageAttributes"]["status"]["Value"])


def test_forms_compare_two_versions_and_rebuild_the_target(runs: ScheduledRuns) -> None:
    held, last = runs.query(HELD), runs.last()
    asked = {**TABLE, "from_version": "v2", "to_version": "v1"}
    unknown = runs.stack.api.trigger(COMPARE, {**TABLE, "to_version": "v9"})
    compared, state = runs.trigger(COMPARE, **asked)
    assert state == "success"
    assert runs.wait(COMPARE, unknown) == "failed"

    # Backwards: what was deleted comes back, and what came goes.
    assert [xcom(runs, compared, key) for key in ("inserted", "updated", "deleted")] == [1, 1, 1]
    operations = [(each["operation"], each["key"]) for each in xcom(runs, compared, "preview")]
    assert operations == [
        ("UPDATE", {"pk": "2"}),
        ("INSERT", {"pk": "3"}),
        ("DELETE", {"pk": "4"}),
    ]
    assert runs.query(HELD) == held
    # No run of another DAG has started, and no asset was updated.
    assert {dag for dag, _, _ in runs.since(last)} == {COMPARE}
    assert runs.updates(COMPARE, compared) == []
    assert runs.query("select 1 from ops.run where run_id = %s", compared) == []
    check_that_logs_show_no_value(runs)

    target = runs.query(ROWS)
    runs.query(f"update {TARGET} set c1 = 'altered' where pk = '1'")
    runs.query(f"delete from {TARGET} where pk = '2'")
    rebuilt, state = runs.trigger(REBUILD, **TABLE)
    assert state == "success"
    assert runs.query(ROWS) == target
    ledger = "select read, inserted, updated, unchanged, deleted from ops.run where run_id = %s"
    assert runs.query(ledger, rebuilt) == [(3, 1, 1, 1, 0)]
    # It reads no shard, and whoever waits for the table hears of it.
    assert runs.tries(REBUILD, rebuilt)["read_shard"] == [("skipped", 0)]
    assert [update["inserted"] for update in runs.updates(REBUILD, rebuilt)] == [1]
    check_notices(runs, compared=compared, unknown=unknown, rebuilt=rebuilt)


def check_notices(runs: ScheduledRuns, *, compared: str, unknown: str, rebuilt: str) -> None:
    notices = runs.notices_of([compared, unknown, rebuilt])
    statuses = {run_id: [*map(status_of, found)] for run_id, found in notices.items()}
    assert statuses == {compared: ["dry_run"], unknown: ["failed"], rebuilt: ["success"]}
    assert "3 rows would change from v2 to v1" in notices[compared][0]["Subject"]
    refused = notices[unknown][0]["Message"]
    assert "forms/test_table has no version v9. The newest are v2, v1" in refused
    again = '{"tenant": "forms", "table": "test_table", "to_version": "v9"}'
    assert f"airflow dags trigger {COMPARE} --conf '{again}'" in refused


def check_that_logs_show_no_value(runs: ScheduledRuns) -> None:
    logs = list(runs.stack.layout.task_logs.rglob("*.log"))
    assert [path for path in logs if f"dag_id={COMPARE}" in str(path)]
    assert [path for path in logs if "unseenvalue" in path.read_text("utf-8")] == []
