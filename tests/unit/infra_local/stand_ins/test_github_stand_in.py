from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from infra.common.paths import REPOSITORY
from infra.local.stand_ins import make_sample_data
from infra.local.stand_ins.github import Fault, GitHubStandIn
from infra.local.stand_ins.make_sample_data import COMBINED, STATES, US, sample_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Start = Callable[..., tuple[subprocess.Popen[str], str]]

TIMES = ("2020-12-01T141004Z", "2020-12-02T220503Z", "2020-12-03T071003Z")
LIST = "/repos/ann/numbers/commits"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root" / "ann/numbers/data/a.csv"
    folder.mkdir(parents=True)
    for number, time in enumerate(TIMES):
        (folder / f"{time}.csv").write_bytes(b"day\n%d\n" % number)
    (folder / "notes.csv").write_bytes(b"no version")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / f"{TIMES[0]}.csv").write_bytes(b"outside")
    return tmp_path / "root"


@pytest.fixture
def stand_in(root: Path) -> Iterator[GitHubStandIn]:
    with GitHubStandIn(root) as server:
        yield server


def get(url: str, target: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", target, headers=sent)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def commits(stand_in: GitHubStandIn, query: str) -> list[dict[str, Any]]:
    response, body = get(stand_in.url, f"{LIST}?{query}")
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    listed: list[dict[str, Any]] = json.loads(body)
    return listed


def test_commits_are_listed_newest_first_in_the_shape_of_github(stand_in: GitHubStandIn) -> None:
    listed = commits(stand_in, "path=data/a.csv")
    dates = [one["commit"]["committer"]["date"] for one in listed]
    assert dates == ["2020-12-03T07:10:03Z", "2020-12-02T22:05:03Z", "2020-12-01T14:10:04Z"]
    first = listed[0]
    assert re.fullmatch("[0-9a-f]{40}", first["sha"])
    assert first["commit"]["author"]["date"] == dates[0]
    assert first["html_url"].endswith(f"/ann/numbers/commit/{first['sha']}")
    assert first["url"].endswith(f"{LIST}/{first['sha']}")
    assert len({one["sha"] for one in listed}) == 3


def test_folder_beside_serves_the_files_of_which_the_first_has_no_version(
    root: Path, tmp_path: Path
) -> None:
    for path in ("ann/numbers/data/a.csv", "_local/mine/mine.csv"):
        (tmp_path / "beside" / path).mkdir(parents=True)
        (tmp_path / "beside" / path / "2026-01-01T000000Z.csv").write_bytes(b"mine")
    with GitHubStandIn(root, beside=tmp_path / "beside", quiet=True) as stand_in:
        assert [
            each["commit"]["committer"]["date"][:4] for each in commits(stand_in, "path=data/a.csv")
        ] == ["2020"] * 3
        (own,) = json.loads(get(stand_in.url, "/repos/_local/mine/commits?path=mine.csv")[1])
        assert get(stand_in.url, f"/_local/mine/{own['sha']}/mine.csv")[1] == b"mine"
        assert get(stand_in.url, "/repos/_local/none/commits?path=a.csv")[0].status == 404
    with GitHubStandIn(root, beside=tmp_path / "absent", quiet=True) as stand_in:
        assert get(stand_in.url, "/repos/_local/mine/commits?path=mine.csv")[0].status == 404


@pytest.mark.parametrize(
    ("until", "count"),
    [
        ("2020-12-01T14:10:03Z", 0),
        ("2020-12-01T14:10:04Z", 1),
        ("2020-12-02T22:05:02Z", 1),
        ("2021-01-01T00:00:00Z", 3),
    ],
)
def test_until_includes_commits_of_that_second(
    stand_in: GitHubStandIn, until: str, count: int
) -> None:
    assert len(commits(stand_in, f"path=data/a.csv&until={until}")) == count


def test_pages_link_to_each_other(stand_in: GitHubStandIn) -> None:
    whole = commits(stand_in, "path=data/a.csv")
    target, seen = f"{LIST}?path=data/a.csv&per_page=1", []
    while target:
        response, body = get(stand_in.url, target)
        seen += json.loads(body)
        following = re.search(
            r'<http://[^/]+([^>]+)>; rel="next"', response.headers.get("Link", "")
        )
        target = following[1] if following else ""
    assert seen == whole


def test_one_page_has_no_link_and_a_page_past_the_end_is_empty(stand_in: GitHubStandIn) -> None:
    response, _ = get(stand_in.url, f"{LIST}?path=data/a.csv&per_page=3")
    assert "Link" not in response.headers
    assert commits(stand_in, "path=data/a.csv&per_page=3&page=2") == []


def test_without_a_path_every_file_of_the_repository_counts(stand_in: GitHubStandIn) -> None:
    assert len(commits(stand_in, "")) == 3


def test_unknown_path_has_no_commits_and_unknown_repository_is_404(
    stand_in: GitHubStandIn,
) -> None:
    assert commits(stand_in, "path=data/b.csv") == []
    response, body = get(stand_in.url, "/repos/ann/letters/commits?path=data/a.csv")
    assert response.status == 404
    assert json.loads(body)["message"] == "Not Found"
    assert get(stand_in.url, "/repos/ann/numbers/branches")[0].status == 404


def test_paging_that_is_no_number_is_422(stand_in: GitHubStandIn) -> None:
    assert get(stand_in.url, f"{LIST}?page=x")[0].status == 422


def test_raw_file_is_the_content_of_its_commit(stand_in: GitHubStandIn) -> None:
    for number, one in enumerate(reversed(commits(stand_in, "path=data/a.csv"))):
        response, body = get(stand_in.url, f"/ann/numbers/{one['sha']}/data/a.csv")
        assert body == b"day\n%d\n" % number
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "target",
    ["/", "/ann", "/ann/numbers", "/ann/numbers/{sha}", "/ann/numbers/main/data/a.csv"],
)
def test_raw_address_without_a_commit_or_path_is_404(stand_in: GitHubStandIn, target: str) -> None:
    sha = commits(stand_in, "path=data/a.csv")[0]["sha"]
    response, body = get(stand_in.url, target.format(sha=sha))
    assert (response.status, body) == (404, b"404: Not Found")


@pytest.mark.parametrize("path", ["../../../outside", "%2e%2e/%2e%2e/%2e%2e/outside", "/outside"])
def test_nothing_outside_the_folder_is_served(stand_in: GitHubStandIn, path: str) -> None:
    assert commits(stand_in, f"path={path}") == []


def test_commit_names_are_the_same_each_time_and_change_with_the_content(
    root: Path, stand_in: GitHubStandIn
) -> None:
    before = [one["sha"] for one in commits(stand_in, "path=data/a.csv")]
    with GitHubStandIn(root) as another:
        assert [one["sha"] for one in commits(another, "path=data/a.csv")] == before
    (root / "ann/numbers/data/a.csv" / f"{TIMES[2]}.csv").write_bytes(b"other content")
    after = [one["sha"] for one in commits(stand_in, "path=data/a.csv")]
    assert after[0] != before[0]
    assert after[1:] == before[1:]


def test_known_etag_gets_304_without_a_body_and_costs_no_request(stand_in: GitHubStandIn) -> None:
    target = f"{LIST}?path=data/a.csv"
    first, _ = get(stand_in.url, target)
    second, body = get(stand_in.url, target, If_None_Match=first.headers["ETag"])
    assert (second.status, body) == (304, b"")
    assert second.headers["ETag"] == first.headers["ETag"]
    remaining = "X-RateLimit-Remaining"
    assert second.headers[remaining] == first.headers[remaining]
    third, _ = get(stand_in.url, target, If_None_Match='"another"')
    assert third.status == 200
    assert int(third.headers[remaining]) == int(first.headers[remaining]) - 1


def test_requests_are_recorded_but_for_health_checks(stand_in: GitHubStandIn) -> None:
    get(stand_in.url, "/healthz")
    get(stand_in.url, f"{LIST}?path=x")
    assert stand_in.requests == [f"GET {LIST}?path=x"]


def test_fault_with_a_status_replaces_the_answer(root: Path) -> None:
    faults = iter([Fault(429, {"Retry-After": "7"})] * 2)
    with GitHubStandIn(root, fault=lambda _: next(faults, None)) as server:
        answers = [get(server.url, LIST)[0] for _ in range(3)]
    assert [one.status for one in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"


def test_fault_that_cuts_sends_less_than_announced(root: Path) -> None:
    with (
        GitHubStandIn(root, fault=lambda _: Fault(cut_after_bytes=5)) as server,
        pytest.raises(IncompleteRead),
    ):
        get(server.url, LIST)


@pytest.fixture
def start(root: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []
    command = [sys.executable, "-S", "-m", "infra.local.stand_ins.github"]

    def run(*options: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [*command, "--root", str(root), "--port", "0", *options],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        assert process.stdout
        url = re.search(r"http://\S+", process.stdout.readline())
        assert url
        return process, url[0]

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_needs_no_installed_package_and_ends_cleanly(
    start: Start, number: signal.Signals
) -> None:
    process, url = start()
    assert get(url, "/healthz")[1] == b"ok"
    assert get(url, LIST)[0].status == 200
    process.send_signal(number)
    assert process.wait(5) == 0


def test_command_with_fail_answers_that_status_to_all_but_health_checks(start: Start) -> None:
    _, url = start("--fail", "500")
    assert [get(url, target)[0].status for target in (LIST, "/ann", "/healthz")] == [500, 500, 200]


# The data that ships


def test_shipped_files_are_what_the_script_makes() -> None:
    folder = make_sample_data.FOLDER
    shipped = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    assert shipped == {path: text.encode() for path, text in sample_files().items()}
    assert len(shipped) == 9


def versions(path: str) -> list[list[list[str]]]:
    """Cells of each shipped version of a file without quoted cells, oldest first."""
    files = sorted(name for name in sample_files() if name.startswith(f"{path}/"))
    return [
        [line.split(",") for line in sample_files()[name].splitlines() if '"' not in line]
        for name in files
    ]


@pytest.mark.parametrize("path", [US, STATES, COMBINED])
def test_shipped_versions_grow_and_correct_earlier_rows(path: str) -> None:
    first, second, third = versions(path)
    assert len(first) < len(second) < len(third)
    keys = {US: 1, STATES: 2, COMBINED: 3}[path]
    older = {tuple(row[:keys]): row[keys:] for row in second}
    newer = {tuple(row[:keys]): row[keys:] for row in third}
    assert older.keys() < newer.keys()
    assert any(older[key] != newer[key] for key in older)


def test_shipped_us_file_has_one_bad_row_in_its_newest_two_versions() -> None:
    bad = [[row for row in rows[1:] if not row[1].isdigit()] for rows in versions(US)]
    assert [len(rows) for rows in bad] == [0, 1, 1]


def test_shipped_combined_file_drifts_in_its_header_and_falls_to_zero_at_its_end() -> None:
    first, second, third = versions(COMBINED)
    assert first[0][3:5] == ["Lat", "Long"]
    assert "Lat" not in second[0] + third[0]
    recovered = {row[0]: int(row[4]) for row in third if row[1:3] == ["US", ""]}
    assert [recovered.pop(day) for day in ("2020-12-02", "2020-12-03")] == [0, 0]
    assert list(recovered.values()) == sorted(recovered.values())
    assert min(recovered.values()) > 0


def test_shipped_states_keep_their_leading_zeros() -> None:
    assert {"01", "06"} < {row[2] for row in versions(STATES)[0]}
