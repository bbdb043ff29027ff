"""SNS fails after the commit: data stays, and each run's notice arrives, as one distinct text."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from tests.support.killable import Place
from tests.support.pipeline_runs import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.core.outbox import Notice
    from tests.support.invariants import Trial

V1, V2 = moment("2020-12-01"), moment("2020-12-02")


class UnansweredPlace(Place):
    """SNS takes each notice, and the answer is lost."""

    def publish(self, notice: Notice) -> None:
        super().publish(notice)
        raise ConnectionClosedError(endpoint_url=self.aws)


class PickyPlace(Place):
    """SNS refuses the notices of the run "first"."""

    def publish(self, notice: Notice) -> None:
        if notice.run_id == "first":
            raise EndpointConnectionError(endpoint_url=self.aws)
        super().publish(notice)


def at(kind: type[Place], place: Place) -> Place:
    return kind(**{field.name: getattr(place, field.name) for field in fields(place)})


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address that refuses connections."""
    with closing(socket.socket()) as unheard:
        unheard.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unheard.getsockname()[1]}"


def unsent(trial: Trial) -> list[str]:
    rows = trial.place.tasks().query("select run_id from ops.outbox where sent_at is null")
    return sorted(row[0] for row in rows)


def test_notice_whose_answer_is_lost_is_sent_again_as_the_same_text(trial: Trial) -> None:
    with pytest.raises(ConnectionClosedError):
        trial.run(V1, "first", place=at(UnansweredPlace, trial.place))
    trial.check_all_or_nothing()
    assert unsent(trial) == ["first"]
    trial.run(V1, "first")
    trial.check_healed()
    assert len(trial.notices) == 2


def test_data_stays_while_sns_is_down_and_the_next_announcement_sends_once(
    trial: Trial, nobody: str
) -> None:
    down = replace(trial.place, sns=nobody)
    for _ in range(3):
        with pytest.raises(EndpointConnectionError):
            trial.run(V1, "first", place=down)
        trial.check_all_or_nothing()
    assert trial.place.tasks().ledger("first")["inserted"] == 4
    assert (unsent(trial), trial.notices) == (["first"], [])
    trial.run(V2, "second")
    assert unsent(trial) == []
    trial.check_healed("first", "second")
    assert len(trial.notices) == 2


def test_notice_of_another_run_that_cannot_be_sent_does_not_stop_this_runs(trial: Trial) -> None:
    picky = at(PickyPlace, trial.place)
    with pytest.raises(EndpointConnectionError):
        trial.run(V1, "first", place=picky)
    trial.run(V2, "second", place=picky)
    assert unsent(trial) == ["first"]
    trial.run(V1, "first")
    trial.check_healed("first", "second")
    assert len(trial.notices) == 2
