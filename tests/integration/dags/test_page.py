"""What tasks leave for the page, by the connections of Airflow, and what it says without S3."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from include.core.summaries.attention import KEY
from include.core.summaries.summary import key_of
from infra.local import ports
from tests.support.airflow_home import clients

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.core.aws.objects import ObjectStore
    from tests.conftest import Aws
    from tests.support.vault import Owner

QUEUES = {
    "CSV_UPLOAD_TO_SQS": "CsvUploadToSqs",
    "CSV_UPLOAD_TO_DYNAMODB": "CsvUploadToDynamodb",
    "TABLE_EXPORT_TO_KINESIS": "TableExportToKinesis",
}


@pytest.fixture
def page(
    owner: Owner,  # noqa: ARG001 -- its connections lead to its database
    aws: Aws,
    lake: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """The module of the wiring, in an environment with a bucket and queues."""
    monkeypatch.setenv("AIRFLOW__SLUICE__LAKE_BUCKET", lake.bucket)
    for name, title in QUEUES.items():
        url = aws.outputs[f"{title}DeadLetterQueueUrl"]
        monkeypatch.setenv(f"AIRFLOW__SLUICE__{name}_DEAD_LETTER_QUEUE_URL", url)
    url = aws.outputs["JsonDeadLetterQueueUrl"]
    monkeypatch.setenv("AIRFLOW__SLUICE__JSON_DEAD_LETTER_QUEUE_URL", url)
    clients()._aws.cache_clear()
    from wiring import page as module  # noqa: PLC0415 -- after the environment is set

    return module


def test_all_summaries_are_written_and_those_of_no_sink_deleted(
    page: Any, lake: ObjectStore
) -> None:
    lake.put_body(key_of("sinks", "gone"), json.dumps({"sink": "gone"}).encode())
    lake.put_body(key_of("sinks", "broken"), b"{")
    written = page.write_all(anyway=False)
    assert {"covid.us_daily", "covid.us_states_daily", "lake.weather_hourly"} <= {*written}
    assert {*lake.keys("page/v1/sinks/")} == {key_of("sinks", sink) for sink in written}
    # Nothing is news to it; a person who asks gets all of it.
    assert page.write_all(anyway=False) == []
    assert page.write_all(anyway=True) == written


def test_messages_that_were_given_up_need_a_person(page: Any, aws: Aws, lake: ObjectStore) -> None:
    sqs, url = aws.client("sqs"), aws.outputs["CsvUploadToSqsDeadLetterQueueUrl"]
    assert page.write_attention() == 0
    sqs.send_message(QueueUrl=url, MessageBody="x")
    assert page.write_attention() == 1
    (item,) = lake.get_json(KEY)["items"]
    assert (item["kind"], item["dag_id"], item["count"]) == ("dead_letters", "csv_upload_to_sqs", 1)
    sqs.purge_queue(QueueUrl=url)


def test_run_does_not_fail_where_its_summary_cannot_be_written(
    page: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW__SLUICE__LAKE_BUCKET", "there-is-none")
    page.refresh("covid.us_daily")
    assert "The page shows no news of covid.us_daily" in caplog.text


def test_s3_out_of_reach_is_said_in_words() -> None:
    from fastapi import HTTPException  # noqa: PLC0415 -- the plugin's own
    from sluice_page.summaries import Summaries  # noqa: PLC0415 -- it imports Airflow

    config = Config(connect_timeout=1, retries={"total_max_attempts": 1})
    keys: Any = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "eu-west-1"}
    url = f"http://{ports.HOST}:{ports.choose()}"
    found = Summaries(boto3.client("s3", endpoint_url=url, config=config, **keys), "b")
    asked: list[Callable[[], Any]] = [
        lambda: found.overview({"d"}),
        lambda: found.of_sink("charts", "s", "d"),
        lambda: found.trace("r", "d"),
    ]
    for ask in asked:
        with pytest.raises(HTTPException, match="cannot read its data in S3") as refused:
            ask()
        assert refused.value.status_code == 502
