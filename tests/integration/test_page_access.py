"""Who may see what of the page: Airflow's real server, users with rights on one DAG and on none."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
import requests

from include.core.aws.objects import ObjectStore
from include.core.summaries.attention import KEY, Item, write_items
from include.core.summaries.summary import About, Told, compose, key_of
from infra.common.paths import REPOSITORY
from infra.local import aws as emulators
from infra.local import ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Aws

# All of it asks one server, which starts slowly.
pytestmark = pytest.mark.xdist_group("page_server")

ONE, OTHER = "covid_us_daily", "weather_hourly"
SINKS = {ONE: "covid.us_daily", OTHER: "lake.weather_hourly"}
RUN = "manual__2020-12-01T08:30:00+00:00"
OF_DAG = ("summary", "chart", "values")
FOREVER = 600  # seconds until the server must be up; it makes tables first


class Page:
    """The page of a server, as each of its users asks it."""

    def __init__(self, url: str, tokens: dict[str, str], store: ObjectStore) -> None:
        self.url, self.tokens, self.store = url, tokens, store

    def get(self, path: str, user: str | None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.tokens[user]}"} if user else {}
        return requests.get(f"{self.url}/sluice/{path}", headers=headers, timeout=60)


def put(store: ObjectStore, dag_id: str) -> None:
    about = About(
        sink=SINKS[dag_id], dag_id=dag_id, pipeline="p", title=dag_id, description="", key=("k",)
    )
    now = datetime.now(timezone.utc)
    reject = dict.fromkeys(("run_id", "dag_id", "file", "version", "line", "code", "reason"), "x")
    told = Told(rejects=[{**reject, "raw": "secret"}])
    for kind, value in compose(about, told, drawn=None, revision="r", now=now).items():
        store.put_body(key_of(kind, about.sink), json.dumps(value, default=str).encode())
    store.put_json(key_of("charts", about.sink), {"version": 1, "points": {}})
    store.put_json(key_of("traces", f"{dag_id} {RUN}"), {"version": 1, "dag_id": dag_id})


@pytest.fixture(scope="module")
def page(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("page")
    client = aws.client("s3")
    client.create_bucket(Bucket="of-the-page")
    store = ObjectStore(client=client, bucket="of-the-page")
    for dag_id in SINKS:
        put(store, dag_id)
    items: list[Any] = [
        Item(kind="question", dag_id=dag_id, sink=None, count=1, words="w", since=None)
        for dag_id in SINKS
    ]
    write_items(store, items)
    port, tokens = ports.choose(), folder / "tokens.json"
    environment = {
        **os.environ,
        **emulators.environment(aws.endpoint),
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__AUTH_MANAGER": "tests.support.page_server.ByDag",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of more than thirty-two bytes",
        "AIRFLOW__SLUICE__LAKE_BUCKET": store.bucket,
        "PYTHONPATH": str(REPOSITORY),
    }
    command = [sys.executable, "-m", "tests.support.page_server", str(port), str(tokens)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        url = f"http://{ports.HOST}:{port}"
        wait(server, url)
        yield Page(url, json.loads(tokens.read_text()), store)
    finally:
        server.kill()
        server.wait()


def wait(server: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + FOREVER
    while time.monotonic() < until and server.poll() is None:
        if ports.answers(f"{url}/api/v2/version"):
            return
        time.sleep(0.5)
    pytest.fail("the server does not come up")


def of(dag_id: str, what: str) -> str:
    return f"api/dags/{dag_id}/{what}?sink={SINKS[dag_id]}"


ROUTES = (
    "",
    "static/main.js",
    "packed/tag/main.js",
    "api/overview",
    *(of(ONE, what) for what in OF_DAG),
)
TRACE = f"api/dags/{ONE}/traces/{ONE}%20{RUN.replace('+', '%2B')}"


@pytest.mark.parametrize("path", [*ROUTES, TRACE])
def test_no_route_answers_without_a_user(page: Page, path: str) -> None:
    assert page.get(path, None).status_code == 401


def test_user_without_rights_sees_the_page_and_nothing_on_it(page: Page) -> None:
    found = page.get("api/overview", "nobody").json()
    assert (found["sinks"], found["attention"]) == ([], [])
    for dag_id in SINKS:
        for what in OF_DAG:
            assert page.get(of(dag_id, what), "nobody").status_code == 403


def test_user_with_rights_on_one_dag_sees_that_one(page: Page) -> None:
    found = page.get("api/overview", "reads_one").json()
    assert [sink["dag_id"] for sink in found["sinks"]] == [ONE]
    assert [item["dag_id"] for item in found["attention"]] == [ONE]
    assert page.get(of(ONE, "summary"), "reads_one").json()["sink"] == SINKS[ONE]
    assert page.get(of(ONE, "chart"), "reads_one").status_code == 200
    assert page.get(of(OTHER, "summary"), "reads_one").status_code == 403
    # A DAG that one may read opens no sink of another.
    path = f"api/dags/{ONE}/summary?sink={SINKS[OTHER]}"
    assert page.get(path, "reads_one").status_code == 404


def test_values_of_rows_are_for_who_may_start_runs(page: Page) -> None:
    assert page.get(of(ONE, "values"), "reads_both").status_code == 403
    assert page.get(TRACE, "reads_both").status_code == 403
    answer = page.get(of(ONE, "values"), "runs_one")
    assert answer.json()["raw"] == ["secret"]
    assert page.get(TRACE, "runs_one").json()["dag_id"] == ONE
    assert "secret" not in page.get(of(ONE, "summary"), "runs_one").text
    assert page.get(of(OTHER, "values"), "runs_one").status_code == 403
    # The answer about another DAG is not shown under the name of this one.
    other = TRACE.replace(f"traces/{ONE}", f"traces/{OTHER}")
    assert page.get(other, "runs_one").status_code == 404


def test_every_answer_has_the_policy(page: Page) -> None:
    for path in ROUTES:
        policy = page.get(path, "reads_one").headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'")


def test_files_that_the_page_names_by_what_they_hold_are_never_asked_for_again(page: Page) -> None:
    names = re.findall(r'="(packed/[^"]+)"', page.get("", "nobody").text)
    assert [name.rpartition("/")[2] for name in names] == ["page.css", "main.js"]
    for name in names:
        answer = page.get(name, "nobody")
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Cache-Control"].startswith("private")
        # Of a page that another version has written.
        _, _, file = name.split("/")
        other = page.get(f"packed/other/{file}", "nobody")
        assert (other.status_code, other.text) == (200, answer.text)
        assert other.headers["Cache-Control"] == "private, no-cache"
    assert page.get("packed/other/none.js", "nobody").status_code == 404
    assert page.get("api/overview", "nobody").headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b'{"version": NaN}', "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no object"),
        (b'{"version": 0}', "another version"),
        (f'{{"version": 1, "dag_id": "{ONE}", "runs": 1}}'.encode(), "lacks something"),
        (b"\xff\xfe", "no JSON"),
    ],
)
def test_broken_summary_says_what_is_wrong_and_hides_no_other(
    page: Page, body: bytes, says: str
) -> None:
    key = key_of("sinks", SINKS[ONE])
    page.store.put_body(key, body)
    try:
        answer = page.get(of(ONE, "summary"), "reads_both")
        assert answer.status_code == 502
        assert says in answer.json()["detail"]
        assert "summarise" in answer.json()["detail"]
        found = page.get("api/overview", "reads_both").json()
        assert found["broken"] == 1
        assert [sink["dag_id"] for sink in found["sinks"]] == [OTHER]
    finally:
        put(page.store, ONE)


def test_sink_without_a_summary_says_what_to_do(page: Page) -> None:
    answer = page.get(f"api/dags/{ONE}/summary?sink=none", "reads_one")
    assert answer.status_code == 404
    assert "summarise" in answer.json()["detail"]


def test_broken_list_of_what_needs_a_person_hides_no_sink(page: Page) -> None:
    page.store.put_body(KEY, b'{"version": 1, "items": [1, {"dag_id": 2}, {}]}')
    found = page.get("api/overview", "reads_both").json()
    assert (found["attention"], len(found["sinks"])) == ([], 2)
    page.store.put_body(KEY, b"{")
    assert len(page.get("api/overview", "reads_both").json()["sinks"]) == 2
