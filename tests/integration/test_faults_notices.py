"""SNS fails after the commit: data stays, and each run's notice arrives, as one distinct text."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from include.core.runs.outbox import Notice, announce, write_notice
from include.errors import NoticeRefusedError
from tests.support.pipeline_runs import moment
from tests.support.resumable_runs import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.invariants import Trial

PlaceOfKind = TypeVar("PlaceOfKind", bound=Place)

V1, V2, V3 = (moment(f"2020-12-0{day}") for day in (1, 2, 3))
REFUSALS = "select run_id, refusal, refusals, refused_at is not null from ops.outbox"


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


def answer(code: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Publish")


@dataclass(frozen=True, kw_only=True)
class AnsweringPlace(Place):
    """SNS gives one answer to the notices of a run, and takes all others.

    Attributes:
        code, status: of the answer.
        to: the run.
    """

    code: str = "InvalidParameter"
    status: int = 400
    to: str = "second"

    def publish(self, notice: Notice) -> None:
        if notice.run_id == self.to:
            raise answer(self.code, self.status)
        super().publish(notice)


def at(kind: type[PlaceOfKind], place: Place, **given: Any) -> PlaceOfKind:
    same = {field.name: getattr(place, field.name) for field in fields(Place)}
    return kind(**same, **given)


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


@pytest.mark.parametrize(
    ("code", "status"), [("InvalidParameter", 400), ("AuthorizationError", 403)]
)
def test_notice_that_sns_refuses_for_good_fails_its_run_and_holds_back_no_other(
    trial: Trial, nobody: str, code: str, status: int
) -> None:
    refusing = at(AnsweringPlace, trial.place, code=code, status=status)
    down = replace(trial.place, sns=nobody)
    with pytest.raises(EndpointConnectionError):
        trial.run(V1, "first", place=down)
    with pytest.raises(NoticeRefusedError, match=rf"refuses the notice .* \(success: {code}\)"):
        trial.run(V2, "second", place=refusing)
    assert unsent(trial) == ["second"]
    trial.run(V3, "third", place=refusing)
    assert unsent(trial) == ["second"]
    query = trial.place.tasks().query
    assert query(f"{REFUSALS} where refusals > 0") == [("second", code, 1, True)]
    assert trial.place.tasks().ledger("second")["status"] == "success"
    trial.run(V2, "second")
    trial.check_healed("first", "second", "third")
    assert len(trial.notices) == 3


def test_answer_of_sns_that_passes_is_no_refusal(trial: Trial) -> None:
    busy = at(AnsweringPlace, trial.place, code="Throttled", status=429)
    with pytest.raises(ClientError, match="Throttled"):
        trial.run(V2, "second", place=busy)
    trial.run(V3, "third", place=busy)
    assert unsent(trial) == ["second"]
    assert trial.place.tasks().query(f"{REFUSALS} where refusals > 0") == []
    trial.run(V2, "second")
    trial.check_healed("second", "third")


def refused_ago(trial: Trial, interval: str, refusals: int) -> None:
    trial.place.tasks().query(
        "update ops.outbox set refusals = %s, refused_at = clock_timestamp() - %s::interval"
        " where run_id = 'second' returning 1",
        refusals,
        interval,
    )


@pytest.mark.parametrize(
    ("refusals", "early", "late"),
    [(1, "50 s", "70 s"), (3, "230 s", "250 s"), (60, "23 h", "25 h")],
)
def test_refused_notice_is_tried_again_by_later_announcements_more_and_more_rarely(
    trial: Trial, refusals: int, early: str, late: str
) -> None:
    with pytest.raises(NoticeRefusedError):
        trial.run(V2, "second", place=at(AnsweringPlace, trial.place))
    refused_ago(trial, early, refusals)
    trial.run(V3, "third")
    assert unsent(trial) == ["second"]
    refused_ago(trial, late, refusals)
    trial.place.announce("third")
    assert unsent(trial) == []


def test_notice_with_news_is_tried_at_once_after_any_end_of_the_one_before(trial: Trial) -> None:
    with pytest.raises(NoticeRefusedError):
        trial.run(V2, "second", place=at(AnsweringPlace, trial.place))
    refused_ago(trial, "1 s", 9)
    place = trial.place
    with closing(place.connect()) as connection, connection, connection.cursor() as cursor:
        write_notice(cursor, notice_of(place, "second"))
    place.announce("third")
    assert unsent(trial) == []


def test_failure_is_reported_although_the_notice_of_success_is_refused(trial: Trial) -> None:
    with pytest.raises(NoticeRefusedError):
        trial.run(V2, "second", place=at(AnsweringPlace, trial.place))
    place = trial.place
    with closing(place.connect()) as connection, connection, connection.cursor() as cursor:
        write_notice(cursor, replace(notice_of(place, "second"), status="failed"))
    sent: list[str] = []

    def publish(notice: Notice) -> None:
        if notice.status == "success":
            raise answer("InvalidParameter", 400)
        sent.append(notice.status)

    with pytest.raises(NoticeRefusedError):
        announce(place.connect, place.tasks().run_named("second"), publish=publish)
    assert sent == ["failed"]


def notice_of(place: Place, run_id: str) -> Notice:
    return Notice(
        dag_id=place.dataset.name,
        run_id=run_id,
        status="success",
        subject="subject",
        body="body",
        attributes={"dag_id": place.dataset.name, "run_id": run_id, "status": "success"},
    )
