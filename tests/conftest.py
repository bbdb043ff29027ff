"""What tests share: servers in folders of their own, and the templates that CDK synthesizes."""

from __future__ import annotations

import itertools
import json
import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import psycopg2
import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from include.core.aws.objects import ObjectStore
from include.core.warehouse.migrations import migrate
from infra.aws.declared_dags import declared_dags
from infra.common.locks import exclusive
from infra.common.watch_run import wait_for_dag
from infra.local import aws as emulators
from infra.local import postgres as servers
from infra.local import stack as stacks
from infra.local.airflow.settings import Options
from infra.local.layout import Layout
from infra.local.processes.warden import guarded_group
from infra.local.state import Secrets
from tests.support.cdk_programs import CdkPrograms
from tests.support.databases import EMPTY, copy_database
from tests.support.examples import IS_THOROUGH, examples, spread

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from include.core.warehouse.connection import Connect

ROOT = Path(__file__).resolve().parents[1]
BEHIND_THE_STACK = 10  # niceness
INCLUDED = (path.relative_to(ROOT) for path in (ROOT / "include").rglob("[!_]*.py"))
OURS = sorted(".".join(path.with_suffix("").parts) for path in INCLUDED)
# Seconds that the laptop leaves people to look; a test only waits for them.
PACE = {
    "AIRFLOW__SLUICE__RETRY_SECONDS": "1",
    "AIRFLOW__SLUICE__SOURCE_RETRY_SECONDS": "1",
    "AIRFLOW__SLUICE__SWEEP_GRACE_SECONDS": "5",
    # Longer than a run takes to start when the machine is busy.
    "AIRFLOW__SLUICE__VISIBILITY_SECONDS": "30",
    # Nobody answers one question of the tests; all others are answered at once.
    "AIRFLOW__SLUICE__ANSWER_SECONDS": "90",
    # When another triggerer may take over from one that is dead.
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
    # Nobody changes them while tests run, and each task would load them.
    "SLUICE_PRELOADED": " ".join(OURS),
}
_numbers = itertools.count()

# Machines are busy, so no example has a time limit of its own. CI tries the same examples each
# time; elsewhere, and where it is thorough, each run tries others.
set_hypothesis_home_dir(ROOT / ".local" / "hypothesis")
hypothesis.settings.register_profile(
    "sluice",
    deadline=None,
    database=None,
    derandomize="CI" in os.environ and not IS_THOROUGH,
    max_examples=examples(25),
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("sluice")


@dataclass(frozen=True, kw_only=True)
class Aws:
    """An AWS emulator with the stack of the committed template in it.

    Attributes:
        endpoint: its URL.
        outputs: of the CloudFormation stack.
        notices_queue: URL of a queue that is subscribed to the alerts topic.
    """

    endpoint: str
    outputs: dict[str, str]
    notices_queue: str

    def client(self, service: str) -> Any:
        return emulators.client(service, self.endpoint)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name no test by bytes: packed ones hold the time, and workers must find the same tests."""
    return argname if isinstance(val, bytes) else None


# Before xdist looks at the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep in one worker the tests of the scheduler, and in others those of readers and of CDK.

    What people read, run and click has a full stack of its own: on one it would wait for the runs
    of the scheduler's tests, which wait as long themselves. What a module synthesizes once would
    be synthesized once in each worker that has a test of it.
    """
    for item in items:
        needed = getattr(item, "fixturenames", ())
        group = "stack" if _needs_stack(item) else "cdk" if "cdk_programs" in needed else None
        if group == "stack" and "scheduler" not in item.path.name:
            group = "stack of readers"
        if group and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(group))
    if not IS_THOROUGH:
        leave_to_thorough_runs(items)


def leave_to_thorough_runs(items: list[pytest.Item]) -> None:
    """Skip all but the usual cases of the tests that say how many those are."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("thorough"):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for of_one in cases.values():
        mark = of_one[0].get_closest_marker("thorough")
        usual = spread(of_one, mark.kwargs.get("usual", 0) if mark else 0)
        for item in of_one:
            if item not in usual:
                item.add_marker(pytest.mark.skip(reason="another case of many: THOROUGH=1"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give way to the tests of full stacks, which are the longest way and wait on busy cores.

    A worker and all that it starts from now on step back with its first test of another kind.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ or _needs_stack(item):
        return
    if os.getpriority(os.PRIO_PROCESS, 0) < BEHIND_THE_STACK:
        os.setpriority(os.PRIO_PROCESS, 0, BEHIND_THE_STACK)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Function, nextitem: pytest.Item | None) -> Iterator[None]:
    """Stop a full stack after its last test in this worker: idle, it takes a third of a core."""
    yield
    if _needs_stack(item) and nextitem and not _needs_stack(nextitem):
        request: Any = item._request
        for fixture in item._fixtureinfo.name2fixturedefs["stack"]:
            fixture.finish(request)


def _needs_stack(item: pytest.Item) -> bool:
    return "stack" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """A Postgres server as on the laptop, without tables."""
    layout = Layout(tmp_path_factory.mktemp("postgres"))
    with guarded_group(layout.root) as group:
        server = servers.start(group, layout, Secrets.of(layout))
        never_sync(server)
        yield server


def wait_for_dags(running: stacks.Stack) -> None:
    """Wait until a stack knows every DAG; its API answers before that."""
    for dag in declared_dags():
        wait_for_dag(running.api, dag.dag_id, None)


def never_sync(server: servers.Server) -> None:
    """Have a server wait for no disk: its data outlives its processes, though not the machine."""
    with closing(psycopg2.connect(server.uri("postgres", "postgres"))) as opened:
        opened.autocommit = True
        with opened.cursor() as cursor:
            cursor.execute("alter system set fsync = off")
            cursor.execute("alter system set full_page_writes = off")
            cursor.execute("select pg_reload_conf()")


@pytest.fixture(scope="session")
def migrated(postgres: servers.Server) -> str:
    """The name of a database that is up to date, for copies; nobody stays connected to it."""
    uri = copy_database(postgres, EMPTY, "migrated")
    migrate(lambda: psycopg2.connect(uri))
    return "migrated"


@pytest.fixture
def warehouse_uri(request: pytest.FixtureRequest, postgres: servers.Server) -> Iterator[str]:
    """The libpq URI of a database for its owner: empty, but up to date where a loader works."""
    name = f"warehouse_{next(_numbers)}"
    is_loaded = "loader_uri" in request.fixturenames
    like = str(request.getfixturevalue("migrated")) if is_loaded else EMPTY
    yield copy_database(postgres, like, name)
    postgres.drop_database(name)


@pytest.fixture
def warehouse(warehouse_uri: str) -> Connect:
    """Opens connections to that database."""
    return lambda: psycopg2.connect(warehouse_uri)


@pytest.fixture
def loader_uri(warehouse_uri: str, postgres: servers.Server) -> str:
    """The libpq URI of the same database for the loader; it is up to date."""
    return postgres.uri("sluice_loader", warehouse_uri.rsplit("/", 1)[-1])


@pytest.fixture
def loader(loader_uri: str) -> Connect:
    """Opens connections of the loader."""
    return lambda: psycopg2.connect(loader_uri)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An AWS emulator with what CloudFormation makes of the committed template."""
    layout = Layout(tmp_path_factory.mktemp("aws"))
    with guarded_group(layout.root) as group:
        emulator = emulators.start(group, layout)
        outputs = emulators.deploy(emulator)
        queue = emulators.subscribe_laptop(emulator, outputs["AlertsTopicArn"])
        yield Aws(endpoint=emulator.endpoint, outputs=outputs, notices_queue=queue)


@pytest.fixture
def lake(aws: Aws) -> ObjectStore:
    """A bucket of its own, empty."""
    name = f"lake-{next(_numbers)}"
    client = aws.client("s3")
    client.create_bucket(Bucket=name)
    return ObjectStore(client=client, bucket=name)


def bundles(of_teams: Path) -> list[dict[str, Any]]:
    """Where Airflow finds DAG files: in the project's folder, and in one that tests fill."""
    folder = {"classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}
    return [
        {**folder, "name": "dags-folder", "kwargs": {}},
        {
            **folder,
            "name": "dags-of-teams",
            "kwargs": {"path": str(of_teams), "refresh_interval": 1},
        },
    ]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stacks.Stack]:
    """The whole stack over the shipped files; a file in its failpoints folder kills a task.

    Airflow also finds DAG files in its folder "dags of teams".
    """
    root = tmp_path_factory.mktemp("stack")
    failpoints = root / "failpoints"
    failpoints.mkdir()
    of_teams = root / "dags of teams"
    of_teams.mkdir()
    pace = PACE | {"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles(of_teams))}
    options = Options(ui_port=None, failpoints=failpoints, reread_seconds=3600, pace=pace)
    with stacks.started(root, options, say=print) as running:
        never_sync(running.server)
        wait_for_dags(running)
        yield running


@pytest.fixture(scope="session")
def cdk_programs() -> Path:
    """The folder of the CDK environment's programs; Airflow and tests live in another."""
    python = os.environ.get("SLUICE_CDK_PYTHON")
    if not python:
        pytest.fail("SLUICE_CDK_PYTHON names no Python with CDK: use make test, which sets it")
    return Path(python).parent


@pytest.fixture(scope="session")
def run_cdk(
    cdk_programs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Run a Python program of the CDK environment, in a fork of a process that has loaded CDK."""
    folder = tmp_path_factory.mktemp("cdk")
    with CdkPrograms(cdk_programs / "python", folder) as programs:
        yield programs.run


@pytest.fixture(scope="session")
def templates_folder(
    run_cdk: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Every template of every environment, in <environment>/<stack>.template.json.

    Synthesizing takes long: the workers of one test run share what the first of them has made.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "templates"
    with exclusive(shared / "templates.lock"):
        if not (folder / "prod" / "platform.template.json").exists():
            synth = run_cdk("-m", "infra.aws.synth", "--folder", str(folder))
            assert synth.returncode == 0, synth.stderr
    return folder
