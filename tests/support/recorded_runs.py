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
from typing import TYPE_CHECKING, Any

from botocore import handlers

from include import datasets
from include.core.arrivals.claim import claim_messages
from include.core.arrivals.complete import EndResources, Failure, finish_run
from include.core.runs.ledger import RunOfSink
from include.core.runs.run import Run
from include.core.scratch import scratch_folder
from include.pipelines import csv_upload_to_sqs
from include.settings import Settings
from infra.local.airflow import botocore_files
from tests.support.aws_calls import Call
from tests.support.deliveries import ANY
from tests.support.upload_runs import result

if TYPE_CHECKING:
    from include.core.arrivals.claim import ReceivedFile
    from include.core.arrivals.results import FileResult


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


def declare_large_exports() -> None:
    """Add the declarations of tables that Athena compares however small they are."""
    datasets.__path__.append(str(Path(__file__).with_name("large_datasets")))


def take_messages(pipeline: str) -> None:
    """Do what a run does that messages started, from the trigger to the end of the messages.

    The rows of csv_upload_to_sqs go to a file in the lake, as a dataset may ask for; a file of
    the other pipeline is taken for done.
    """
    from wiring import clients  # noqa: PLC0415 -- after record_calls
    from wiring.uploads.pipelines import UPLOAD_PIPELINES  # noqa: PLC0415

    (found,) = (each for each in UPLOAD_PIPELINES if each.name == pipeline)
    messages = asyncio.run(_first_event(found.asset().watchers[0].trigger))
    names = {"dag_id": pipeline, "run_id": "by_message"}
    connect, landing, queue = clients.warehouse(), found.landing(), found.queue()
    received = claim_messages(landing, messages, Run(**names), connect=connect)
    assert received.files, received
    queue.hide(received.messages, seconds=60)
    moment = datetime.now(timezone.utc)
    with scratch_folder("by_message") as folder:
        resources = EndResources(
            run=RunOfSink(**names, sink=found.sink, as_of=moment, started_at=moment),
            connect=connect,
            landing=landing,
            lake=clients.lake(),
            folder=folder,
            memory=Settings.duckdb_memory,
            queue=queue,
            ui_url="",
        )
        deliver = _deliver if found is UPLOAD_PIPELINES[0] else _done
        finish_run(
            received,
            [deliver(file, resources) for file in received.files],
            resources=resources,
            failure_of=lambda index: Failure(cause=str(index)),
        )


def _done(file: ReceivedFile, _: EndResources) -> FileResult:
    return result(file["index"])


def _deliver(file: ReceivedFile, resources: EndResources) -> FileResult:
    from wiring import clients  # noqa: PLC0415 -- after record_calls
    from wiring.defaults import settings  # noqa: PLC0415

    return csv_upload_to_sqs.deliver(
        replace(ANY, delivery="file"),
        file,
        files=1,
        resources=csv_upload_to_sqs.DeliverResources(
            run=resources.run,
            connect=resources.connect,
            landing=resources.landing,
            lake=resources.lake,
            folder=resources.folder,
            memory=resources.memory,
            queue=clients.aws_client("sqs"),
            queue_url=settings().json_queue_url,
        ),
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
    botocore_files.read_once()
    declare_large_exports()
    for run in arguments[1:]:
        name, _, given = run.partition(" ")
        if name == "messages":
            take_messages(given)
        else:
            run_dag(name, json.loads(given or "{}"))


if __name__ == "__main__":
    main(sys.argv[1:])
