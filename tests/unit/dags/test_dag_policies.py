"""What every DAG of the project promises, read from the DAG files as Airflow reads them."""

from __future__ import annotations

import ast
import json
import re
import socket
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from include.datasets import api_datasets, github_datasets
from infra.aws.declared_dags import declared_dags

REPOSITORY = Path(__file__).parents[3]
# Others may have been added: make dataset does.
SHIPPED_DATASETS = {"covid_us_daily", "covid_us_states_daily"}
GITHUB_DAGS = tuple(dataset.name for dataset in github_datasets())
UPLOAD_DAGS = ("csv_upload_to_dynamodb", "csv_upload_to_sqs")
API_DAGS = ("payments_hourly", "weather_hourly")
ALL_DAGS = (
    *GITHUB_DAGS,
    *UPLOAD_DAGS,
    *API_DAGS,
    "kinesis_to_postgres",
    "table_export_to_kinesis",
    "approve_shrinking",
    "compare_exports",
    "migrate_warehouse",
    "replay_rejects",
    "summarise",
    "sweep_arrivals",
    "trace_row",
)
GITHUB_TASKS = {"resolve_as_of", "download", "clean_and_merge", "upsert", "announce"}
QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/arrivals"


@pytest.fixture(scope="module")
def bag() -> Any:
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 -- after the environment is set

    def refuse(*_: Any) -> None:
        raise AssertionError("parsing a DAG file opened a connection")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        # Another test may have loaded them before the environment is set.
        for name in [each for each in sys.modules if each.partition(".")[0] == "wiring"]:
            patch.delitem(sys.modules, name)
        for dag_id in UPLOAD_DAGS:
            patch.setenv(f"AIRFLOW__SLUICE__{dag_id.upper()}_QUEUE_URL", QUEUE)
        patch.setenv("AIRFLOW__SLUICE__JSON_QUEUE_URL", QUEUE.replace("arrivals", "json"))
        patch.setenv("AIRFLOW__SLUICE__ITEMS_TABLE", "items")
        patch.setenv("AIRFLOW__SLUICE__CHANGES_STREAM", "changes")
        started = time.monotonic()
        found: Any = DagBag(str(REPOSITORY / "dags"), include_examples=False)
        found.seconds = time.monotonic() - started
    return found


@pytest.fixture(params=ALL_DAGS)
def dag(bag: Any, request: pytest.FixtureRequest) -> Any:
    return bag.dags[request.param]


@pytest.fixture(params=GITHUB_DAGS)
def github_dag(bag: Any, request: pytest.FixtureRequest) -> Any:
    return bag.dags[request.param]


@pytest.fixture(params=UPLOAD_DAGS)
def upload_dag(bag: Any, request: pytest.FixtureRequest) -> Any:
    return bag.dags[request.param]


def test_every_dag_file_is_imported_and_no_connection_is_opened(
    bag: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bag.import_errors == {}
    with capsys.disabled():
        print(f" [DAG files parsed in {bag.seconds:.2f} s] ", end="")  # noqa: T201 -- to be read


def test_there_is_one_dag_a_dataset_that_has_its_own_and_one_a_pipeline_of_another_kind(
    bag: Any,
) -> None:
    assert set(GITHUB_DAGS) >= SHIPPED_DATASETS
    assert {dataset.name for dataset in api_datasets()} == set(API_DAGS)
    assert set(bag.dags) == set(ALL_DAGS)


def test_dags_and_schedules_that_are_read_without_airflow_are_those_of_airflow(bag: Any) -> None:
    schedules = {
        dag_id: dag.schedule if isinstance(dag.schedule, str) else None
        for dag_id, dag in bag.dags.items()
    }
    assert {dag.dag_id: dag.schedule for dag in declared_dags()} == schedules


def test_every_github_dag_has_its_tasks_in_order(github_dag: Any) -> None:
    dag = github_dag
    assert {task.task_id for task in dag.tasks} == GITHUB_TASKS
    assert dag.get_task("download").upstream_task_ids == {"resolve_as_of"}
    assert dag.get_task("clean_and_merge").upstream_task_ids == {"resolve_as_of", "download"}
    assert dag.get_task("upsert").upstream_task_ids == {"resolve_as_of", "clean_and_merge"}
    assert dag.get_task("announce").upstream_task_ids == {"upsert"}


def test_every_upload_dag_goes_from_receive_by_settle_to_announce(upload_dag: Any) -> None:
    assert not upload_dag.get_task("receive").upstream_task_ids
    assert upload_dag.get_task("settle").trigger_rule == "all_done"
    assert upload_dag.get_task("announce").upstream_task_ids == {"settle"}
    assert upload_dag.get_task("announce").trigger_rule == "all_success"
    assert upload_dag.leaves == [upload_dag.get_task("announce")]


def test_last_task_of_each_pipeline_updates_the_asset_that_has_the_name_of_its_sink(
    bag: Any,
) -> None:
    tables = {dataset.name: dataset.table.sink for dataset in github_datasets()}
    sinks = tables | {"csv_upload_to_sqs": "sqs:json", "csv_upload_to_dynamodb": "dynamodb:items"}
    from airflow.sdk import Asset  # noqa: PLC0415 -- after the environment is set

    for dag_id, sink in sinks.items():
        outlets = {task.task_id: task.outlets for task in bag.dags[dag_id].tasks if task.outlets}
        # Whoever waits for it names it alone: Airflow sees a conflict in any other URI.
        assert outlets == {"announce": [Asset(sink)]}
        assert outlets["announce"][0].name == sink
    assert tables["covid_us_daily"] == "covid.us_daily"


def test_stages_of_items_are_mapped_over_chunks_and_writes_share_a_pool(bag: Any) -> None:
    dag = bag.dags["csv_upload_to_dynamodb"]
    assert dag.get_task("write.transform").upstream_task_ids == {"list_chunks"}
    assert dag.get_task("write.load").upstream_task_ids == {"write.transform"}
    assert dag.get_task("write.observe").upstream_task_ids == {"write.load"}
    assert pools_of(dag) == {"extract": "dynamodb_writes", "write.load": "dynamodb_writes"}


def test_parts_of_large_files_share_a_pool(bag: Any) -> None:
    dag = bag.dags["csv_upload_to_sqs"]
    assert dag.get_task("deliver_part").upstream_task_ids == {"find_parts"}
    assert pools_of(dag) == {"deliver_part": "sqs_sends"}


def pools_of(dag: Any) -> dict[str, str]:
    """The pool of each task that has one of its own, which is there."""
    own = {task.task_id: task.pool for task in dag.tasks if task.pool != "default_pool"}
    assert {*own.values()} <= json.loads((REPOSITORY / "infra" / "pools.json").read_text()).keys()
    return own


def test_upload_dag_starts_on_its_queue_and_leaves_messages_there(upload_dag: Any) -> None:
    (watcher,) = upload_dag.schedule.watchers
    trigger = watcher.trigger.trigger
    assert trigger.sqs_queue == QUEUE
    assert trigger.delete_message_on_reception is False
    assert trigger.visibility_timeout == 3600


def test_upload_form_asks_for_a_file_or_a_prefix(upload_dag: Any) -> None:
    assert dict(upload_dag.params) == {
        "bucket": None,
        "key": None,
        "version_id": None,
        "prefix": None,
        "again": True,
        "objects": None,
        **({"rejected": False} if upload_dag.dag_id == "csv_upload_to_sqs" else {}),
    }


def test_every_dag_is_its_runbook(dag: Any) -> None:
    for heading in ("**Reads**", "**Writes**", "**Runs**", "**Safe to rerun", "**If it fails**"):
        assert heading in dag.doc_md
    assert dag.description


def test_runbooks_are_lists_and_tables_of_short_lines_and_short_paragraphs(dag: Any) -> None:
    paragraphs = re.split(r"\n\s*\n", dag.doc_md)
    for paragraph in paragraphs:
        lines = paragraph.splitlines()
        assert len(lines) <= 2 or lines[0].startswith(("- ", "| ")), paragraph
    # In the middle of a sentence the dialog sets code on a line of its own.
    assert "`" not in dag.doc_md


def test_dags_with_a_time_schedule_say_where_it_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 -- after the environment is set

    monkeypatch.setenv("AIRFLOW__SLUICE__SCHEDULES_OFF", "make up SCHEDULE=1")
    dags = DagBag(str(REPOSITORY / "dags"), include_examples=False).dags
    said = {name for name, dag in dags.items() if "schedule off: make up SCHEDULE=1" in dag.tags}
    others = {"kinesis_to_postgres", "summarise", "sweep_arrivals", "weather_hourly"}
    assert said == {*GITHUB_DAGS, *others}


def test_dags_say_nothing_of_schedules_where_they_are_on(dag: Any) -> None:
    assert not [tag for tag in dag.tags if "schedule" in tag]


def test_every_dag_has_tags_and_an_owner_who_is_not_airflow(dag: Any) -> None:
    assert len(dag.tags) >= 2
    assert {task.owner for task in dag.tasks} == {"data-platform"}


def test_every_task_is_tried_again_with_back_off_within_a_time_limit(dag: Any) -> None:
    for task in dag.tasks:
        assert task.retries >= 2
        assert task.retry_exponential_backoff
        assert timedelta() < task.execution_timeout <= timedelta(hours=1)
    assert dag.dagrun_timeout


def test_failures_are_reported_by_the_dag_and_not_by_its_tasks(dag: Any) -> None:
    assert dag.on_failure_callback is not None
    for task in dag.tasks:
        assert not task.on_failure_callback


def test_github_dag_runs_daily(github_dag: Any) -> None:
    assert re.fullmatch(r"\d+ \d+ \* \* \*", github_dag.schedule)


def test_changes_are_read_when_a_version_is_published_and_every_15_minutes(bag: Any) -> None:
    from airflow.sdk import Asset  # noqa: PLC0415 -- after the environment is set

    dag = bag.dags["kinesis_to_postgres"]
    assert dag.schedule.asset_condition == Asset("kinesis:changes")
    assert dag.schedule.timetable.expression == "*/15 * * * *"
    assert dag.max_active_runs == 1


def test_shards_are_read_before_tables_are_applied_and_share_a_pool(bag: Any) -> None:
    dag = bag.dags["kinesis_to_postgres"]
    assert dag.get_task("read_shard").upstream_task_ids == {"find_tables", "find_shards"}
    assert dag.get_task("apply").upstream_task_ids == {"find_tables", "read_shard"}
    assert dag.leaves == [dag.get_task("announce")]
    # A run that rebuilds a table reads no shard, and one that finds no table applies none.
    assert {dag.get_task(name).trigger_rule for name in ("apply", "announce")} == {"none_failed"}
    assert pools_of(dag) == {"read_shard": "kinesis_reads"}


def test_tables_of_the_stream_have_assets_through_one_alias(bag: Any) -> None:
    from airflow.sdk import AssetAlias  # noqa: PLC0415 -- after the environment is set

    tasks = bag.dags["kinesis_to_postgres"].tasks
    outlets = {task.task_id: task.outlets for task in tasks if task.outlets}
    assert outlets == {"apply": [AssetAlias("exports")]}


def test_form_of_the_stream_asks_for_a_tenant_and_a_table(bag: Any) -> None:
    assert dict(bag.dags["kinesis_to_postgres"].params) == {
        "tenant": None,
        "table": None,
        "reread": False,
    }


def test_comparison_runs_by_hand_and_its_notice_is_handed_on_without_rows(bag: Any) -> None:
    dag = bag.dags["compare_exports"]
    assert dag.schedule is None
    assert [*dag.params] == ["tenant", "table", "from_version", "to_version"]
    compare, announce = dag.get_task("compare"), dag.get_task("announce")
    assert compare.multiple_outputs
    assert not compare.show_return_value_in_logs
    # What a task is given is kept, and shown, as rendered templates.
    assert announce.op_args[0].key == "notice"
    assert dag.leaves == [announce]
    # It does nothing to any sink, so nobody waits for it.
    assert [task.outlets for task in dag.tasks] == [[], []]


def test_sweep_runs_every_15_minutes_one_at_a_time(bag: Any) -> None:
    assert bag.dags["sweep_arrivals"].schedule == "*/15 * * * *"
    assert bag.dags["sweep_arrivals"].max_active_runs == 1


def test_summaries_are_written_every_15_minutes_by_one_run_at_a_time(bag: Any) -> None:
    dag = bag.dags["summarise"]
    assert (dag.schedule, dag.max_active_runs) == ("*/15 * * * *", 1)
    assert not dag.params
    # What needs a person is told also where a summary cannot be written.
    assert [task.upstream_task_ids for task in dag.tasks] == [set(), set()]


def test_migrations_run_by_hand(bag: Any) -> None:
    assert bag.dags["migrate_warehouse"].schedule is None
    assert bag.dags["migrate_warehouse"].task_ids == ["migrate"]


def test_answer_is_waited_for_without_a_worker_and_for_as_long_as_the_setting_says(
    bag: Any,
) -> None:
    dag = bag.dags["approve_shrinking"]
    ask = dag.get_task("ask")
    assert (ask.options, ask.defaults) == (["Approve", "Reject"], ["Reject"])
    assert ask.response_timeout == timedelta(days=3)
    assert dag.dagrun_timeout > ask.response_timeout
    assert "within 3 days" in ask.body
    # Of 1,000 tables that wait each is asked about.
    assert dag.max_active_runs >= 1000


def test_refusal_skips_one_task_and_a_question_that_failed_fails_its_run(bag: Any) -> None:
    dag = bag.dags["approve_shrinking"]
    # Airflow skips what follows the question directly, whatever its rule.
    assert dag.get_task("ask").downstream_task_ids == {"approved"}
    assert dag.get_task("approved").trigger_rule == "all_success"
    assert dag.get_task("answer").upstream_task_ids == {"approved"}
    assert dag.get_task("answer").trigger_rule == "none_failed"
    assert dag.get_task("start").upstream_task_ids == {"answer"}
    assert dag.leaves == [dag.get_task("start")]


def test_no_dag_catches_up(dag: Any) -> None:
    assert not dag.catchup


def test_form_has_three_fields_with_defaults_that_load_now(github_dag: Any) -> None:
    assert dict(github_dag.params) == {"as_of": None, "refetch": False, "dry_run": False}


def test_each_value_of_a_result_of_the_table_pipeline_is_an_xcom_of_its_own(bag: Any) -> None:
    for name in GITHUB_DAGS:
        tasks = bag.dags[name].task_dict
        found = {task_id: task.multiple_outputs for task_id, task in tasks.items()}
        values = ("resolve_as_of", "download", "clean_and_merge", "upsert")
        assert found == {**dict.fromkeys(values, True), "announce": False}


def test_dag_files_hold_no_logic() -> None:
    for path in (REPOSITORY / "dags").glob("*.py"):
        text = path.read_text()
        runbook = ast.parse(text).body[0]
        assert len(text.splitlines()) - (runbook.end_lineno or 0) <= 110, path.name


def test_every_dataset_has_its_cleaning_statement() -> None:
    folder = REPOSITORY / "include" / "sql" / "github_csv_to_postgres"
    names = {f"clean_{dataset.name}.sql" for dataset in github_datasets()}
    assert {path.name for path in folder.glob("*.sql")} == names
