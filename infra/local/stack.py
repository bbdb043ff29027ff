"""The whole stack of the laptop: Postgres, the AWS emulator, the stand-ins, Airflow."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.common.airflow_rest import is_after
from infra.common.errors import StackError
from infra.common.paths import POOLS
from infra.common.waiting import until
from infra.local import aws, ports, postgres
from infra.local.airflow import programs, workers
from infra.local.airflow.api import AirflowApi
from infra.local.airflow.settings import (
    Options,
    api_settings,
    inherited,
    pipeline_settings,
    settings,
)
from infra.local.layout import Layout
from infra.local.processes.keeper import Keeper
from infra.local.processes.leftovers import end_leftovers
from infra.local.processes.warden import guarded_group
from infra.local.stand_ins import api_program, github_program
from infra.local.state import Running, Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from infra.local.processes.forked import ForkServer
    from infra.local.processes.group import Group, Program

# MWAA starts it again, too. A trigger that is cancelled while it asks its triggerer something
# leaves the answer to the next one that asks, and "Response read out of order!" ends the triggerer
# (airflow.jobs.triggerer_job_runner.TriggerCommsDecoder.asend). The next goes on with all triggers.
_KEPT = "triggerer"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A running stack.

    Attributes:
        layout: its folders.
        running: what others need to use it.
        group: its programs.
        airflow: what Airflow's programs are forks of.
        keeper: starts those programs again that may end.
        server: its Postgres.
        emulator: its AWS emulator.
    """

    layout: Layout
    running: Running
    group: Group
    airflow: ForkServer
    keeper: Keeper
    server: postgres.Server
    emulator: aws.Emulator

    @property
    def api(self) -> AirflowApi:
        return AirflowApi(self.running.ui_url)


@contextlib.contextmanager
def started(
    root: Path, options: Options | None = None, *, say: Callable[[str], None]
) -> Iterator[Stack]:
    """Run a stack for as long as the context lasts; nothing is left running after it.

    Arguments:
        root: its folder.
        options: what it is started for.
        say: receives each step, in a few words.

    Raises:
        StackError: a part does not start, or the stack is up already.
    """
    given = options or Options()
    layout = Layout(root.resolve(), given.source)
    with _held(layout):
        end_leftovers(layout)
        with guarded_group(layout.root) as group:
            try:
                stack = _start(group, layout, given, _with_times(say))
                with stack.keeper.watching():
                    yield stack
            finally:
                layout.running.unlink(missing_ok=True)


@contextlib.contextmanager
def _held(layout: Layout) -> Iterator[None]:
    """Hold the lock of a stack's folder; it goes with the process that holds it."""
    layout.root.mkdir(parents=True, exist_ok=True)
    # Not "w": that would erase the number of the process that has the lock.
    with layout.lock.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"the stack in {layout.root} is up already") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _start(group: Group, layout: Layout, options: Options, say: Callable[[str], None]) -> Stack:
    secrets, ui_port = Secrets.of(layout), _ui_port(options, say)
    database = postgres.Address(port=ports.choose(), secrets=secrets)
    env = inherited() | settings(
        layout, options, secrets=secrets, ui_port=ui_port, metadata_uri=database.metadata_uri
    )
    with _threads(group) as pool:
        # Loading Airflow takes longest and needs none of the servers. But as it is loaded it
        # learns where the logs of tasks go, and with workers that is in the emulator.
        airflow = None if options.workers else programs.load(group, layout, env)
        stand_in = pool.submit(github_program.start, group, layout, options, say)
        apis = pool.submit(api_program.start, group, options, secrets, say)
        cloud = pool.submit(_start_aws, group, layout, say)
        server = postgres.start(group, layout, secrets, port=database.port)
        say("Postgres is up")
        emulator, outputs, queue = cloud.result()
        env |= pipeline_settings(
            outputs=outputs,
            endpoint=emulator.endpoint,
            loader_uri=server.loader_uri,
            owner_uri=server.warehouse_uri,
            github=stand_in.result(),
        ) | api_settings(apis.result(), secrets)
        if options.workers:
            env |= workers.executor_settings(emulator, options.workers)
        airflow = airflow or programs.load(group, layout, env)
        migration = pool.submit(programs.migrate, airflow, layout, env, server.metadata_uri, say)
        # The API server takes longest and needs no tables to start, so it does not wait for them.
        api_server = programs.start(airflow, layout, env, "api-server")
        migration.result()
        for part in ("scheduler", "dag-processor", "triggerer"):
            programs.start(airflow, layout, env, part, schedule=options.schedule)
        if options.workers:
            workers.start(group, layout, env, options.workers, say)
    running = Running(
        pid=os.getpid(),
        ui_port=ui_port,
        warehouse_uri=server.warehouse_uri,
        endpoint=emulator.endpoint,
        notices_queue=queue,
        outputs=outputs,
        env=beyond_inherited(env),
    )
    stack = Stack(
        layout=layout,
        running=running,
        group=group,
        airflow=airflow,
        keeper=Keeper(group, {_KEPT: lambda: programs.start(airflow, layout, env, _KEPT)}, say),
        server=server,
        emulator=emulator,
    )
    _open(stack, api_server)
    say(f"Airflow's API server is up: {running.ui_url}")
    running.write(layout.running)
    return stack


def beyond_inherited(env: Mapping[str, str]) -> dict[str, str]:
    """What an environment has beyond this process's own.

    It is written to a file, and real keys, which are in both with LIVE=1, are to be in none.
    """
    return {name: value for name, value in env.items() if os.environ.get(name) != value}


def _open(stack: Stack, api_server: Program) -> None:
    """Wait for the API server, and set the pools before any task can ask for one."""
    api_server.wait_until(lambda: bool(stack.api.heartbeats()), seconds=180)
    stack.api.set_pools(json.loads(POOLS.read_text()))
    # Tasks need the API that this builds, so none of them has looked for its pool yet.
    stack.api.warm_up()


def _ui_port(options: Options, say: Callable[[str], None]) -> int:
    port = ports.choose(options.ui_port)
    if options.ui_port and port != options.ui_port:
        say(f"port {options.ui_port} is taken, the UI will be on {port}")
    return port


def _start_aws(
    group: Group, layout: Layout, say: Callable[[str], None]
) -> tuple[aws.Emulator, dict[str, str], str]:
    emulator = aws.start(group, layout)
    say("the AWS emulator is up")
    outputs = aws.deploy(emulator)
    queue = aws.subscribe_laptop(emulator, outputs["AlertsTopicArn"])
    say("CloudFormation has made the pipelines' resources")
    return emulator, outputs, queue


@contextlib.contextmanager
def _threads(group: Group) -> Iterator[ThreadPoolExecutor]:
    """Give threads that start parts; if one part fails, the others stop waiting."""
    with ThreadPoolExecutor() as pool:
        try:
            yield pool
        except BaseException:
            group.close()
            raise


def _with_times(say: Callable[[str], None]) -> Callable[[str], None]:
    began = time.monotonic()
    return lambda text: say(f"{time.monotonic() - began:5.1f} s  {text}")


def wait_healthy(stack: Stack, since: datetime, *, seconds: float = 120) -> None:
    """Wait until every part of Airflow has sent a heartbeat after a moment.

    Raises:
        StackError: one ended or stayed silent.
    """
    silent: list[str] = []

    def look() -> bool:
        check(stack)
        beats = stack.api.heartbeats()
        silent[:] = [part for part, beat in beats.items() if not is_after(beat, since)]
        return bool(beats) and not silent

    if not until(look, seconds=seconds, poll=0.5):
        parts = ", ".join(silent) or "the API server"
        raise StackError(f"no sign of life from {parts}. Its log is in {stack.layout.logs}")


def check(stack: Stack) -> None:
    """See that all parts still run, or run again.

    Raises:
        StackError: one has ended.
    """
    for program in stack.group.ended():
        if stack.keeper.replaces(program):
            continue
        raise program.fault(f"ended with {program.process.returncode}")
