from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts.files import CsvContract
from include.contracts.github import GitHubFile
from include.core.web.client import Web
from include.errors import NoVersionError, SourceRefusedError
from include.pipelines.github_csv_to_postgres.github import GitHub, Version
from infra.local.stand_ins.github import Fault, GitHubStandIn
from tests.support.fake_server import FakeServer, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILE = GitHubFile(
    name="numbers",
    owner="ann",
    repository="numbers",
    path="data/a b.csv",
    contract=CsvContract(columns=(), unknown_columns="add", max_bytes=100),
)
OLD, NEW = "2020-12-01T141004Z", "2020-12-03T071003Z"


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[GitHubStandIn]:
    folder = tmp_path / "root/ann/numbers/data/a b.csv"
    folder.mkdir(parents=True)
    (folder / f"{OLD}.csv").write_bytes(b"old")
    (folder / f"{NEW}.csv").write_bytes(b"new")
    with GitHubStandIn(tmp_path / "root") as server:
        yield server


def web_for(url: str, **options: Any) -> Web:
    return Web(hosts=(), stand_ins=(url,), **{"retry_seconds": 0, **options})


def github_at(web: Web, url: str, token: str | None = None) -> GitHub:
    return GitHub(web=web, api_url=url, raw_url=url, token=token)


def at(url: str, as_of: datetime, *, source: GitHubFile = FILE, **options: Any) -> Version:
    return github_at(web_for(url), url, **options).version_at(source, as_of)


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type,misc] # years to seconds


def test_version_at_is_the_newest_commit_not_later_than_as_of(stand_in: GitHubStandIn) -> None:
    commit_time = moment(2020, 12, 1, 14, 10, 4)
    assert at(stand_in.url, commit_time).committed_at == commit_time
    assert at(stand_in.url, moment(2020, 12, 3, 7, 10, 2)).committed_at == commit_time
    newest = at(stand_in.url, moment(2021, 1, 1))
    assert newest.committed_at == moment(2020, 12, 3, 7, 10, 3)


def test_as_of_of_another_zone_is_asked_for_in_utc_without_parts_of_a_second(
    stand_in: GitHubStandIn,
) -> None:
    as_of = datetime(2020, 12, 1, 15, 10, 4, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert at(stand_in.url, as_of).committed_at == moment(2020, 12, 1, 14, 10, 4)
    assert "until=2020-12-01T14%3A10%3A04Z" in stand_in.requests[0]
    assert "per_page=1" in stand_in.requests[0]


def test_as_of_without_a_zone_is_a_mistake_of_the_caller(stand_in: GitHubStandIn) -> None:
    with pytest.raises(ValueError, match="time zone"):
        at(stand_in.url, moment(2020, 12, 1).replace(tzinfo=None))


def test_date_before_the_first_version_fails_naming_file_and_date(stand_in: GitHubStandIn) -> None:
    with pytest.raises(NoVersionError) as caught:
        at(stand_in.url, moment(2020, 11, 30, 8, 30))
    for part in ("ann/numbers", "data/a b.csv", "2020-11-30T08:30:00Z", "later as_of"):
        assert part in str(caught.value)


def test_unknown_repository_is_refused_without_retry(stand_in: GitHubStandIn) -> None:
    with pytest.raises(SourceRefusedError, match="404"):
        at(stand_in.url, moment(2021, 1, 1), source=replace(FILE, owner="nobody"))
    assert len(stand_in.requests) == 1


def test_fetched_version_is_the_one_asked_for_though_a_newer_one_exists(
    stand_in: GitHubStandIn, tmp_path: Path
) -> None:
    old = at(stand_in.url, moment(2020, 12, 2))
    target = tmp_path / "file.csv"
    got = github_at(web_for(stand_in.url), stand_in.url).fetch(FILE, old.commit, to=target)
    assert target.read_bytes() == b"old"
    assert got.size_bytes == 3
    assert stand_in.requests[-1] == f"GET /ann/numbers/{old.commit}/data/a%20b.csv"


def test_rate_limit_of_github_is_waited_for(tmp_path: Path, stand_in: GitHubStandIn) -> None:
    waits: list[float] = []
    limited = Fault(403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000060"})
    faults = iter([limited])
    with GitHubStandIn(tmp_path / "root", fault=lambda _: next(faults, None)) as server:
        web = web_for(server.url, retry_seconds=100, sleep=waits.append, clock=lambda: 1_000_000)
        version = github_at(web, server.url).version_at(FILE, moment(2021, 1, 1))
    assert version == at(stand_in.url, moment(2021, 1, 1))
    assert waits == [60]


def answering(answer: object) -> Callable[[Any], None]:
    return lambda handler: send(handler, json.dumps(answer).encode())


def test_headers_are_those_that_github_asks_for_and_the_token_goes_along() -> None:
    with FakeServer(answering([])) as server:
        with pytest.raises(NoVersionError):
            at(server.url, moment(2020, 12, 1), token="abc\n")  # noqa: S106 - an invented token
        headers = server.seen[0][1]
    assert headers["Accept"] == "application/vnd.github+json"
    assert headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert headers["User-Agent"] == "sluice"
    assert headers["Authorization"] == "Bearer abc"


def test_no_token_sends_no_authorization() -> None:
    with FakeServer(answering([])) as server:
        with pytest.raises(NoVersionError):
            at(server.url, moment(2020, 12, 1))
        assert "Authorization" not in server.seen[0][1]


def commit(sha: object, date: object) -> dict[str, object]:
    return {"sha": sha, "commit": {"committer": {"date": date}}}


@pytest.mark.parametrize(
    "answer",
    [
        {"message": "moved"},
        [None],
        [{}],
        [commit("a" * 40, None)],
        [commit("a" * 40, "yesterday")],
        [commit("a" * 40, "2020-12-01T00:00:00")],
        [commit("a" * 39, "2020-12-01T00:00:00Z")],
        [commit("../" + "a" * 37, "2020-12-01T00:00:00Z")],
        [commit(None, "2020-12-01T00:00:00Z")],
    ],
)
def test_answer_of_another_shape_than_documented_is_refused(answer: object) -> None:
    with FakeServer(answering(answer)) as server, pytest.raises(SourceRefusedError, match="list"):
        at(server.url, moment(2020, 12, 2))


def test_commit_later_than_as_of_is_refused() -> None:
    answer = [commit("a" * 40, "2020-12-02T00:00:01Z")]
    with FakeServer(answering(answer)) as server, pytest.raises(SourceRefusedError, match="later"):
        at(server.url, moment(2020, 12, 2))
