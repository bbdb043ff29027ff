"""The commands that start, use and stop the stack."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from infra.common.airflow_rest import now
from infra.common.errors import StackError
from infra.common.waiting import until
from infra.common.watch_run import follow, unpaused, wait_for_dag
from infra.local import aws, stack
from infra.local.airflow.api import AirflowApi
from infra.local.airflow.task_logs import failed_logs, last_events
from infra.local.layout import COMMANDS
from infra.local.outcome import lake, ledger, notice, sinks
from infra.local.pictures.saving import save_pictures
from infra.local.processes.leftovers import end_unheld, holder
from infra.local.signals import interrupting_signals
from infra.local.state import Running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from infra.local.airflow.settings import Options
    from infra.local.layout import Layout

_START_SECONDS = 240  # for a stack that another command starts; the first start takes longest
_STOP_SECONDS = 60  # more than two rounds of stopping take, of 15 s each
_NOTICE_SECONDS = 30  # the callback of a failed run writes its row after the run has ended


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def up(layout: Layout, options: Options) -> int:
    """Run the whole stack until it is stopped."""
    began = now()
    say(f"starting the stack in {layout.root}")
    try:
        with interrupting_signals(), stack.started(layout.root, options, say=say) as running:
            stack.wait_healthy(running, began)
            say(f"\nup: {running.running.ui_url} (Ctrl-C or `make down` stops it)")
            say(f'in another shell: eval "$(make -s env)"; logs: {layout.logs}')
            say(f"the page of the data: {running.running.page_url}")
            while True:
                stack.check(running)
                time.sleep(1)
    except KeyboardInterrupt:
        say("stopped")
    return 0


def down(layout: Layout) -> int:
    """Stop a stack, also one that another shell started."""
    pid = holder(layout)
    if pid is None:
        end_unheld(layout)
        say("nothing is up")
        return 0
    say(f"stopping the stack in {layout.root} (process {pid})")
    os.kill(pid, signal.SIGTERM)
    if not until(lambda: holder(layout) is None, seconds=_STOP_SECONDS, poll=0.1):
        raise StackError(f"process {pid} still holds the stack after {_STOP_SECONDS} s")
    say("stopped")
    return 0


def env(layout: Layout) -> int:
    """Print the shell commands that point psql, aws and airflow at the stack."""
    running = Running.read(layout.running) if holder(layout) is not None else None
    if running is None:
        raise StackError("no stack is up: `make up` starts it")
    for line in exports(running):
        print(line)
    return 0


def exports(running: Running) -> list[str]:
    """The exports of `env`, quoted for a POSIX shell."""
    given = {
        name: value for name, value in running.env.items() if name not in ("PATH", "SPT_NOENV")
    }
    given["SLUICE_WAREHOUSE_URI"] = running.warehouse_uri
    given["SLUICE_UI_PORT"] = str(running.ui_port)
    if url := running.env.get("AIRFLOW__SLUICE__API_STAND_IN"):
        given["SLUICE_API_URL"] = url
    for name, value in running.outputs.items():
        given[f"SLUICE_{re.sub('(?<=[a-z])(?=[A-Z])', '_', name).upper()}"] = value
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(given.items())]
    # An older `aws` of the machine would ignore AWS_ENDPOINT_URL and ask the real AWS.
    ours = shlex.quote(f"{Path(sys.executable).parent}{os.pathsep}{COMMANDS}")
    return [*lines, f'export PATH={ours}{os.pathsep}"$PATH"']


def run(layout: Layout, options: Options, *, dag_id: str, as_of: str | None) -> int:
    """Run a DAG once and print how it went; 0 if it succeeded with a ledger row and a notice."""
    began = time.monotonic()
    since = now()
    conf = {"as_of": as_of} if as_of else {}
    try:
        with interrupting_signals(), _stack_to_use(layout, options) as (running, fresh):
            done = _run(layout, running, dag_id, conf, since if fresh else None)
            said = "stopping" if fresh else "leaving the stack up"
            say(f"\n{'done' if done else 'FAILED'} in {time.monotonic() - began:.1f} s, {said}")
    except KeyboardInterrupt:
        say("interrupted, everything is stopped")
        return 130
    say(f"{time.monotonic() - began:.1f} s in all")
    say(f"the page of the data, while the stack is up: {running.page_url}")
    return 0 if done else 1


@contextlib.contextmanager
def _stack_to_use(layout: Layout, options: Options) -> Iterator[tuple[Running, bool]]:
    """Give a stack that is up, or start one; and say whether it was started."""
    if holder(layout) is None:
        say(f"starting the stack in {layout.root}")
        with stack.started(layout.root, options, say=say) as mine:
            yield mine.running, True
            _wait_for_guests(layout)
        return
    with _guest(layout):
        yield _wait_until_up(layout), False


@contextlib.contextmanager
def _guest(layout: Layout) -> Iterator[None]:
    """Keep another command's stack from being stopped for as long as the context lasts."""
    with (layout.root / "guests").open("a") as guests:
        # Shared: guests do not wait for each other, the owner of the stack waits for all of them.
        fcntl.flock(guests, fcntl.LOCK_SH)
        yield


def _wait_for_guests(layout: Layout) -> None:
    with (layout.root / "guests").open("a") as guests:
        try:
            fcntl.flock(guests, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run that uses this stack")
            fcntl.flock(guests, fcntl.LOCK_EX)


def _wait_until_up(layout: Layout) -> Running:
    say("a stack is up, using it")
    until(
        lambda: Running.read(layout.running) or holder(layout) is None,
        seconds=_START_SECONDS,
        poll=0.2,
    )
    running = Running.read(layout.running)
    if running is None:
        raise StackError("the stack that was starting did not come up")
    return running


def _run(
    layout: Layout,
    running: Running,
    dag_id: str,
    conf: dict[str, str],
    fresh_since: datetime | None,
) -> bool:
    began = now()
    api = AirflowApi(running.ui_url)
    wait_for_dag(api, dag_id, fresh_since)
    with unpaused(api, dag_id):
        run_id = api.trigger(dag_id, conf)
        succeeded = follow(api, dag_id, run_id, say)
    if not succeeded:
        for log in failed_logs(api, layout, dag_id, run_id):
            say("\n".join([f"\nfailed, its log: {log}", *("  " + e for e in last_events(log))]))
    row = ledger(running.warehouse_uri, dag_id, run_id, seconds=_NOTICE_SECONDS)
    say(f"\nledger (ops.run)\n{row or '  no row of this run'}")
    if rows := lake(running, dag_id, run_id):
        say(f"\nlake, the first rows as Athena answers them\n{rows}")
    text = notice(running, run_id, began, seconds=_NOTICE_SECONDS)
    say(f"\nnotice, as {aws.NOTICES_QUEUE} received it\n{text or '  none came'}")
    written = sinks(running.warehouse_uri, dag_id, run_id)
    for picture in save_pictures(running, written, layout.pictures):
        say(f"\nchart of what was loaded: {picture}")
    return succeeded and bool(row) and bool(text)
