"""The blocks of the documents run as they are printed, and print what is shown."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg2
import pytest

from include.core.warehouse.migrations import migrate
from infra.local.commands import exports
from tests.support.document_blocks import ALL, REPOSITORY, Block, place_of, shows
from tests.support.document_shell import Shell
from tests.support.scheduled_runs import ScheduledRuns
from tests.support.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from infra.local.stack import Stack

RUN = {page: found for page, blocks in ALL.items() if (found := [b for b in blocks if b.is_run])}
# Pages that begin where a reader has no stack's environment yet.
FIRST_PAGES = {"README.md", "docs/everyday.md"}
TABLES = {"covid_us_daily": "covid.us_daily", "covid_us_states_daily": "covid.us_states_daily"}
SAMPLE = "ID,Name\n1,Ann\n2,Bo\n"
COPY_WITHOUT = shutil.ignore_patterns(".git", ".local", "__pycache__", ".*_cache")
# Most of a page's time it waits for Airflow.
AT_ONCE = 3


def copied(folder: Path) -> Path:
    """A copy of the code with the environments of this one."""
    shutil.copytree(REPOSITORY, folder, ignore=COPY_WITHOUT, symlinks=True)
    (folder / ".local").symlink_to(REPOSITORY / ".local")
    return folder


def before(page: str) -> list[str]:
    """The pages whose blocks are run before those of a page."""
    return [block.marks["first"] for block in RUN[page] if "first" in block.marks]


@dataclass
class Reader:
    """Somebody who runs the blocks of pages, in a copy of the code for each page.

    Attributes:
        stack: the stack that the pages use.
        folder: where the copies go.
        uploads: says when all runs have ended.
        asking: held while it is asked, since making clients of boto3 is not safe in threads.
    """

    stack: Stack
    folder: Path
    uploads: Uploads
    asking: threading.Lock = field(default_factory=threading.Lock)

    def read(self, page: str, earlier: Iterable[Future[None]] = ()) -> None:
        """Run a page's blocks in their order once other pages are done.

        Raises:
            AssertionError: a block failed, or printed other than is shown.
        """
        for other in earlier:
            other.result()
        start = "" if page in FIRST_PAGES else "\n".join(exports(self.stack.running))
        copy = copied(self.folder / page.replace("/", "-"))
        with closing(Shell(copy, self.stack.layout.root, start)) as shell:
            printed = ""
            for block in ALL[page]:
                if "after the runs" in block.marks:
                    self.wait()
                if block.is_run:
                    printed = run(block, shell, copy)
                elif block.is_compared:
                    assert shows(printed, block), f"{block} shows other than\n{printed}"

    def wait(self) -> None:
        """Wait until no run is under way."""
        with self.asking:
            self.uploads.wait([])


def run(block: Block, shell: Shell, copy: Path) -> str:
    """Run a block; returns what it printed."""
    for name in filter(None, block.marks.get("given", "").split(", ")):
        content = SAMPLE.encode()
        (copy / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    if block.language == "sh":
        return shell.run(block)
    if "file" in block.marks:
        place_of(block.marks["file"], copy).write_text(block.text)
        return ""
    return call(copy, "-c", "\n".join([block.marks.get("with", ""), block.text]))


def call(copy: Path, *words: str) -> str:
    """Run Python in a copy of the code; returns what it printed."""
    command = [sys.executable, *words]
    called = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert called.returncode == 0, called.stdout + called.stderr
    return called.stdout


def forget_backfills(runs: ScheduledRuns, dag_id: str) -> None:
    """Have Airflow make runs again for dates that another test has backfilled."""
    runs.wait_until_no_backfill_is_open(dag_id)
    call_airflow, path = runs.stack.api.call, f"/dags/{dag_id}/dagRuns"
    for run in call_airflow("GET", path, query={"run_type": "backfill"})["dag_runs"]:
        call_airflow("DELETE", f"{path}/{quote(run['dag_run_id'], safe='')}")


@pytest.fixture(scope="module")
def pages_read(
    request: pytest.FixtureRequest, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[None]]]:
    """What became of each page that a test asks for, on a stack with empty tables."""
    asked = {
        str(item.callspec.params["page"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == PAGE_TEST
    }
    asked |= {each for page in asked for each in before(page)}
    runs = ScheduledRuns(stack)
    uploads = Uploads(runs)
    migrate(lambda: psycopg2.connect(stack.running.warehouse_uri))
    for dag_id, table in TABLES.items():
        runs.forget(table, dag_id)
        forget_backfills(runs, dag_id)
    reader = Reader(stack, tmp_path_factory.mktemp("pages"), uploads)
    read: dict[str, Future[None]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for page in sorted(asked, key=lambda page: (len(before(page)), page)):
            read[page] = pool.submit(reader.read, page, [read[each] for each in before(page)])
        yield read
    reader.wait()


@pytest.mark.parametrize("page", RUN)
def test_blocks_of_a_page_run_as_printed(page: str, pages_read: dict[str, Future[None]]) -> None:
    pages_read[page].result()


PAGE_TEST = test_blocks_of_a_page_run_as_printed.__name__


def added_files() -> list[Block]:
    return [block for blocks in RUN.values() for block in blocks if "file" in block.marks]


def test_dataset_that_the_documents_add_has_its_table_and_is_found(
    tmp_path: Path, warehouse_uri: str
) -> None:
    copy = copied(tmp_path / "code")
    for block in added_files():
        place_of(block.marks["file"], copy).write_text(block.text)
    migrate(lambda: psycopg2.connect(warehouse_uri), copy / "include" / "sql" / "migrations")
    with closing(psycopg2.connect(warehouse_uri)) as opened, opened, opened.cursor() as cursor:
        cursor.execute("select * from covid.countries_daily")
        made = [column.name for column in cursor.description or ()]
    shown = "from include.datasets import all_datasets, github_datasets as github\n"
    shown += "print(*(each.name for each in all_datasets()))\n"
    shown += "print(*(c.name for d in github() if d.name == 'covid_countries_daily'"
    shown += " for c in d.table.columns))"
    names, columns = call(copy, "-c", shown).splitlines()
    assert {"covid_countries_daily", "shops"} <= set(names.split())
    assert columns.split() == made


def test_migration_that_the_documents_add_gets_the_next_free_number() -> None:
    (added,) = (b.marks["file"] for b in added_files() if "/migrations/" in b.marks["file"])
    known = (REPOSITORY / "include" / "sql" / "migrations").glob("*.sql")
    last = max(int(re.sub(r"\D.*", "", path.name)) for path in known)
    assert place_of(added, REPOSITORY).name.startswith(f"{last + 1:04}_")
