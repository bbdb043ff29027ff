"""The database goes away at every stage of a load; the run that is tried again heals it."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from include.errors import WarehouseUnavailableError
from infra.local import postgres as servers
from infra.local.layout import Layout
from infra.local.processes.warden import guarded_group
from infra.local.state import Secrets
from tests.support.invariants import Trial
from tests.support.pipeline_runs import moment
from tests.support.tcp_proxy import Fate, Proxy, Seen, commit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path


V1, V2 = moment("2020-12-01"), moment("2020-12-02")
PACKET_BYTES = 8192
MIGRATION, LEDGER, SENT = "insert into ops.migration", "insert into ops.run", "set sent_at"


def lose(trial: Trial, as_of: datetime, decide: Callable[[Seen], Fate]) -> None:
    """Run through a proxy until the fault has happened; the error says that a retry may help."""
    with Proxy(trial.place.warehouse_uri, decide) as proxy:
        through = replace(trial.place, warehouse_uri=proxy.uri)
        with pytest.raises(WarehouseUnavailableError, match="Postgres is unavailable"):
            trial.run(as_of, "cut", place=through)
        assert proxy.fired
    trial.check_all_or_nothing()


def heal(trial: Trial, as_of: datetime) -> None:
    trial.run(as_of, "cut")
    trial.check_healed()


def copy_size(trial: Trial, as_of: datetime) -> int:
    """How many bytes of rows a load sends, from a dry run."""
    with Proxy(trial.place.warehouse_uri) as proxy:
        through = replace(trial.place, warehouse_uri=proxy.uri)
        through.tasks().upsert(trial.place.prepare(as_of, "cut"), as_of, run_id="dry", dry_run=True)
    assert proxy.copied > 100 * PACKET_BYTES
    return proxy.copied


def test_connection_lost_while_connecting(trial: Trial) -> None:
    lose(trial, V1, lambda seen: Fate.CUT if seen.kind == "connect" else Fate.PASS)
    heal(trial, V1)


@pytest.mark.thorough(usual=1)
@pytest.mark.parametrize("percent", [1, 50, 99])
def test_connection_lost_within_the_copy_of_a_first_load(large: Trial, percent: int) -> None:
    limit = copy_size(large, V1) * percent // 100
    lose(large, V1, lambda seen: Fate.CUT if seen.copied >= limit else Fate.PASS)
    heal(large, V1)


def test_connection_lost_within_the_copy_of_an_update(large: Trial) -> None:
    large.run(V1, "before")
    limit = copy_size(large, V2) // 2
    lose(large, V2, lambda seen: Fate.CUT if seen.copied >= limit else Fate.PASS)
    heal(large, V2)


@pytest.mark.parametrize("as_of", [V1, V2], ids=["first", "update"])
def test_connection_lost_after_the_copy(trial: Trial, as_of: datetime) -> None:
    if as_of == V2:
        trial.run(V1, "before")
    lose(trial, as_of, lambda seen: Fate.LOSE_ANSWER if seen.kind == "copied" else Fate.PASS)
    heal(trial, as_of)


@pytest.mark.parametrize("statement", [MIGRATION, LEDGER, SENT], ids=["migrate", "load", "send"])
def test_commit_that_never_arrives(trial: Trial, statement: str) -> None:
    lose(trial, V1, commit_of(statement, Fate.CUT))
    heal(trial, V1)


@pytest.mark.parametrize("statement", [MIGRATION, LEDGER, SENT], ids=["migrate", "load", "send"])
def test_commit_whose_answer_is_lost(trial: Trial, statement: str) -> None:
    lose(trial, V1, commit_of(statement, Fate.LOSE_ANSWER))
    committed = trial.place.tasks().query("select to_regclass('ops.migration') is not null")
    assert committed == [(True,)]
    if statement == LEDGER:
        assert trial.place.tasks().ledger("cut")["inserted"] == 4
    heal(trial, V1)


def test_update_whose_commit_is_not_answered(trial: Trial) -> None:
    trial.run(V1, "before")
    lose(trial, V2, commit_of(LEDGER, Fate.LOSE_ANSWER))
    assert trial.place.tasks().ledger("cut")["updated"] == 3
    heal(trial, V2)


def test_session_ended_by_an_administrator_while_it_holds_the_lock(large: Trial) -> None:
    large.run(V1, "before")
    half = copy_size(large, V2) // 2
    ended: list[bool] = []

    def end_session(seen: Seen) -> Fate:
        if seen.copied >= half and not ended:
            found = large.place.tasks().query(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where starts_with(application_name, 'sluice ') and state = 'active'"
            )
            ended.extend(row[0] for row in found)
        return Fate.PASS

    with Proxy(large.place.warehouse_uri, end_session) as proxy:
        through = replace(large.place, warehouse_uri=proxy.uri)
        with pytest.raises(WarehouseUnavailableError):
            large.run(V2, "cut", place=through)
    assert ended == [True]
    large.check_all_or_nothing()
    heal(large, V2)


@pytest.fixture
def restart(tmp_path: Path) -> Iterator[Callable[[], servers.Server]]:
    """Starts a server of this test's own, on the same data each time."""
    layout = Layout(tmp_path / "server")
    with guarded_group(layout.root) as group:
        yield lambda: servers.start(group, layout, Secrets.of(layout))


def test_server_that_stops_at_once_and_starts_again(
    large: Trial, restart: Callable[[], servers.Server]
) -> None:
    server = restart()
    program = server.program.process
    place = replace(large.place, warehouse_uri=server.warehouse_uri)
    with Trial(place=place, root=large.root, queue=large.queue) as trial:
        trial.run(V1, "before")
        half = copy_size(trial, V2) // 2

        def crash(seen: Seen) -> Fate:
            if seen.copied >= half and program.poll() is None:
                # https://www.postgresql.org/docs/18/server-shutdown.html: immediate shutdown.
                os.kill(program.pid, signal.SIGQUIT)
                program.wait()
            return Fate.PASS

        with Proxy(place.warehouse_uri, crash) as proxy, pytest.raises(WarehouseUnavailableError):
            trial.run(V2, "cut", place=replace(place, warehouse_uri=proxy.uri))
        assert program.poll() is not None
        with pytest.raises(WarehouseUnavailableError):
            trial.run(V2, "cut")
        trial.place = replace(place, warehouse_uri=restart().warehouse_uri)
        trial.check_all_or_nothing()
        heal(trial, V2)
