"""The first view of the page with many datasets, in Chromium, beside an empty page."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import psutil
from playwright.sync_api import Error as PageError

from include.core.aws.objects import ObjectStore
from infra.aws.declared_dags import declared_dags
from infra.common.watch_run import wait_for_dag
from infra.local import stack as stacks
from infra.local.airflow.settings import Options
from tests.bench.aims import Aim
from tests.bench.lab import WrongResultError
from tests.bench.plan import Report
from tests.support.chromium import MISSING, find_chromium, started_chromium
from tests.support.many_summaries import write_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser

    from tests.bench.lab import Lab
    from tests.bench.plan import Plan
    from tests.bench.server import Servers

DATASETS: Final = 100
RUNS: Final = 30
# What the laptop should take, on a quiet machine.
_MOST_SECONDS: Final = 1.0
_MOST_KB: Final = 300.0
_PATIENCE_MS: Final = 60_000
# The smallest answer of the same server.
_EMPTY: Final = "/api/v2/version"
_PAGE: Final = "/sluice/"
# Calls back once so many rows are there, and on asking the view is whole, and the picture with them
# has been made. The page's policy forbids Playwright's own way to wait for something.
_PAINTED: Final = """
([rows, whole, patience]) => new Promise((done, failed) => {
  const until = performance.now() + patience;
  const look = () => {
    const isThere = document.querySelectorAll("tbody tr").length >= rows;
    if (isThere && !(whole && document.querySelector("[aria-busy]"))) {
      requestAnimationFrame(() => requestAnimationFrame(done));
    } else if (performance.now() > until) {
      failed(new Error(document.body.innerText.slice(0, 300)));
    } else {
      requestAnimationFrame(look);
    }
  };
  look();
})
"""


@dataclass(frozen=True, kw_only=True)
class View:
    """Where pages are looked at.

    Attributes:
        browser: with what.
        url: of the server.
        server: the number of its process.
    """

    browser: Browser
    url: str
    server: int

    def cpu_seconds(self) -> float:
        """Of a core, that the server has taken so far."""
        server = psutil.Process(self.server)
        times = [each.cpu_times() for each in (server, *server.children(recursive=True))]
        return sum(time.user + time.system for time in times)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One look at a page, by who has none of its files.

    Attributes:
        seconds: from the address to the first picture with all rows.
        whole_seconds: to the first one with all that Airflow knows of them too.
        own_kb: kilobytes that were transferred of the page itself.
        airflow_kb: kilobytes of Airflow's REST API that it asked for.
        drawing_seconds: of a core, by the browser's main thread of the page.
        serving_seconds: of a core, by the server.
    """

    seconds: float
    whole_seconds: float
    drawing_seconds: float
    serving_seconds: float
    own_kb: float
    airflow_kb: float


def measure(lab: Lab, servers: Servers, plan: Plan) -> Report:
    """Measure "page": how long the overview takes, and how much is transferred.

    Raises:
        WrongResultError: there is no browser, or the page does not show all datasets.
        StackError: the stack does not start.
    """
    program = find_chromium()
    if not program:
        raise WrongResultError(MISSING)
    with (
        stacks.started(servers.root / "stack", Options(ui_port=None), say=lab.say) as stack,
        started_chromium(program) as browser,
    ):
        dag_ids = [dag.dag_id for dag in declared_dags()]
        for dag_id in dag_ids:
            wait_for_dag(stack.api, dag_id, None)
        client = stack.emulator.client("s3")
        store = ObjectStore(client=client, bucket=stack.running.outputs["LakeBucket"])
        began = time.perf_counter()
        write_many(store, dag_ids, datasets=DATASETS, runs=RUNS)
        lab.say(f"{DATASETS} summaries written in {time.perf_counter() - began:.1f} s")
        (server,) = (each for each in stack.group.programs if each.name == "api-server")
        view = View(browser=browser, url=stack.running.ui_url, server=server.process.pid)
        return measure_views(view, rounds=plan.rounds)


def measure_views(view: View, *, rounds: int) -> Report:
    """Look at an empty page and at the overview in turn; the first look at it is the server's."""
    first = look(view, _PAGE, rows=DATASETS)
    pairs = [(look(view, _EMPTY, rows=0), look(view, _PAGE, rows=DATASETS)) for _ in range(rounds)]
    return _report(first, [empty for empty, _ in pairs], [page for _, page in pairs])


def look(view: View, path: str, *, rows: int) -> Seen:
    """Open a page of a server until so many rows are painted.

    Raises:
        WrongResultError: they do not come.
    """
    url = view.url
    context = view.browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(_PATIENCE_MS)
    # Who is logged in has a cookie; the laptop gives one to anyone.
    context.request.get(f"{url}/auth/token/login")
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    asked: dict[str, str] = {}
    kilobytes: dict[str, float] = {}

    def ask(event: dict[str, Any]) -> None:
        asked[event["requestId"]] = event["request"]["url"]

    def finish(event: dict[str, Any]) -> None:
        address = asked.get(event["requestId"], "")
        part = address.removeprefix(url).split("/")[1] if address.startswith(url) else "elsewhere"
        kilobytes[part] = kilobytes.get(part, 0.0) + event["encodedDataLength"] / 1000

    session.on(
        "Network.requestWillBeSent", lambda e: asked.update({e["requestId"]: e["request"]["url"]})
    )
    session.on("Network.loadingFinished", finish)
    try:
        served, began = view.cpu_seconds(), time.perf_counter()
        page.goto(url + path, wait_until="commit")
        page.evaluate(_PAINTED, [rows, False, _PATIENCE_MS])
        seconds = time.perf_counter() - began
        page.evaluate(_PAINTED, [rows, True, _PATIENCE_MS])
        whole_seconds = time.perf_counter() - began
        page.wait_for_load_state("networkidle")
        metrics = session.send("Performance.getMetrics")["metrics"]
        served = view.cpu_seconds() - served
    except PageError as error:
        raise WrongResultError(f"{path} does not show {rows} rows: {error.message}") from error
    finally:
        context.close()
    (drawing,) = (each["value"] for each in metrics if each["name"] == "TaskDuration")
    return Seen(
        seconds=seconds,
        whole_seconds=whole_seconds,
        drawing_seconds=drawing,
        serving_seconds=served,
        own_kb=kilobytes.get("sluice", 0.0),
        airflow_kb=kilobytes.get("api", 0.0),
    )


def _report(first: Seen, empty: Sequence[Seen], pages: Sequence[Seen]) -> Report:
    drawing, serving = (
        [median(getattr(each, name) for each in seen) for seen in (empty, pages)]
        for name in ("drawing_seconds", "serving_seconds")
    )
    floor, seconds = (median(each.seconds for each in seen) for seen in (empty, pages))
    whole = median(each.whole_seconds for each in pages)
    own, airflow = (max(getattr(each, name) for each in pages) for name in ("own_kb", "airflow_kb"))
    slower = median(page.seconds / one.seconds for one, page in zip(empty, pages, strict=True))
    lines = [
        f"First view of {DATASETS} datasets with {RUNS} runs each",
        f"{'empty page of the same server':<48}{floor:10.3f} s",
        f"{'overview, all rows painted':<48}{seconds:10.3f} s  {slower:5.1f} x the empty page",
        f"{'overview, with what waits in Airflow':<48}{whole:10.3f} s",
        f"{'overview, first after the server started':<48}{first.seconds:10.3f} s",
        f"{'of a core, the browser: empty, overview':<48}{drawing[0]:10.3f} s{drawing[1]:10.3f} s",
        f"{'of a core, the server: empty, overview':<48}{serving[0]:10.3f} s{serving[1]:10.3f} s",
        f"{'transferred, the page itself':<48}{own:10.1f} kB",
        f"{'transferred, answers of Airflow':<48}{airflow:10.1f} kB",
        "",
    ]
    return Report(
        lines=lines,
        aims=[
            Aim(title="page, first view", reached=seconds, most=_MOST_SECONDS, unit="s"),
            Aim(title="page, bytes of our own", reached=own, most=_MOST_KB, unit="kB"),
        ],
    )
