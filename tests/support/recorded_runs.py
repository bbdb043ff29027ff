"""A program that runs DAGs as their role, and writes down every call to AWS that it makes.

`python -m tests.support.recorded_runs FILE RUN...`: a run is a DAG's id and its form as JSON, or
"messages" and an upload pipeline. What Airflow reads is in the environment, as on MWAA.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

from botocore import handlers

from include.core.arrivals import complete as settling
from include.core.arrivals.claim import receive_messages
from include.core.arrivals.queue import hide
from include.core.runs.ledger import RunOfSink
from include.core.runs.notices import RunFacts
from include.core.scratch import scratch_folder
from include.pipelines import csv_upload_to_sqs
from tests.support.aws_calls import Call
from tests.support.deliveries import ANY
from tests.support.upload_runs import result


def record_calls(to: Path) -> None:
    """Write down what every client asks for that is made from now on, in boto3 and aiobotocore.

    A login to the database makes no call, but a signature; it is written down as one.
    """

    def asked(params: dict[str, Any], model: Any, **_: Any) -> None:
        write(Call(model.service_model.service_name, model.name, params))

    def signed(request: Any, signing_name: str, operation_name: str, **_: Any) -> None:
        if signing_name == "rds-db":
            write(Call(signing_name, operation_name, request.data))

    def write(call: Call) -> None:
        with to.open("a") as file:
            file.write(call.to_json() + "\n")

    handlers.BUILTIN_HANDLERS += [("before-parameter-build", asked), ("before-sign", signed)]


@cache
def dags() -> dict[str, Any]:
    """Every DAG by its id."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 -- after record_calls
    from airflow.sdk.execution_time import supervisor  # noqa: PLC0415

    # Each task would make an API server of its own, which takes seconds.
    supervisor.in_process_api_server = cache(supervisor.in_process_api_server)
    bag: Any = DagBag(include_examples=False)
    assert not bag.import_errors, bag.import_errors
    found: dict[str, Any] = bag.dags
    return found


def run_dag(dag_id: str, conf: dict[str, Any]) -> None:
    """Run a DAG from its first task to its last; it has to succeed."""
    run = dags()[dag_id].test(run_conf=conf)
    states = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
    assert run.state == "success", states


def take_messages(pipeline: str) -> None:
    """Do what a run does that messages started, from the trigger to the end of the messages.

    The rows of csv_upload_to_sqs go to a file in the lake, as a dataset may ask for; a file of
    the other pipeline is taken for done.
    """
    from wiring import clients  # noqa: PLC0415 -- after record_calls
    from wiring.uploads.pipelines import UPLOAD_PIPELINES  # noqa: PLC0415

    (found,) = (each for each in UPLOAD_PIPELINES if each.name == pipeline)
    messages = asyncio.run(_first_event(found.asset().watchers[0].trigger))
    names: dict[str, Any] = {"dag_id": pipeline, "run_id": "by_message"}
    connect, sqs = clients.warehouse(), clients.aws_client("sqs")
    received = receive_messages(found.landing(), messages, connect=connect, **names)
    assert received.files, received
    hide(sqs, found.queue_url, received.messages, seconds=60)
    moment = datetime.now(timezone.utc)
    with scratch_folder("by_message") as folder:
        deliver = _deliver if found is UPLOAD_PIPELINES[0] else _done
        settling.settle(
            pipeline,
            vars(received),
            [deliver(file, folder) for file in received.files],
            failure_of=lambda index: settling.Failure(cause=str(index)),
            run=RunOfSink(**names, sink=found.sink, as_of=moment, started_at=moment),
            facts=RunFacts(**names, dataset=pipeline, as_of=moment, ui_url=""),
            connect=connect,
            store=clients.lake(),
            queue=settling.Queue(client=sqs, url=found.queue_url, retry_seconds=1),
            folder=folder,
        )


def _done(file: dict[str, Any], _: Path) -> dict[str, Any]:
    return result(file["index"])


def _deliver(file: dict[str, Any], folder: Path) -> dict[str, Any]:
    from wiring import clients  # noqa: PLC0415 -- after record_calls
    from wiring.defaults import settings  # noqa: PLC0415

    return csv_upload_to_sqs.deliver(
        replace(ANY, delivery="file"),
        file,
        dag_id=csv_upload_to_sqs.PIPELINE,
        run_id="by_message",
        connect=clients.warehouse(),
        landing=clients.aws_client("s3"),
        queue=clients.aws_client("sqs"),
        queue_url=settings().json_queue_url,
        store=clients.lake(),
        work=f"work/by_message/{file['index']}",
        folder=folder,
    )


async def _first_event(trigger: Any) -> list[dict[str, Any]]:
    events = trigger.run()
    event = await asyncio.wait_for(anext(events), 60)
    await events.aclose()
    messages: list[dict[str, Any]] = event.payload["message_batch"]
    return messages


def main(arguments: list[str]) -> None:
    """Do the runs in their order."""
    record_calls(Path(arguments[0]))
    for run in arguments[1:]:
        name, _, given = run.partition(" ")
        if name == "messages":
            take_messages(given)
        else:
            run_dag(name, json.loads(given or "{}"))


if __name__ == "__main__":
    main(sys.argv[1:])
