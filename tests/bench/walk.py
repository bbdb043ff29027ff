"""Exports from when they land to when their target holds them, through the scheduler."""

from __future__ import annotations

import gzip
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

import psycopg2

from infra.common.watch_run import wait_for_dag
from infra.local import stack as stacks
from infra.local.airflow.settings import Options
from tests.bench.aims import Aim
from tests.bench.lab import WrongResultError
from tests.bench.plan import Report

if TYPE_CHECKING:
    from tests.bench.lab import Lab
    from tests.bench.plan import Plan
    from tests.bench.server import Servers

# Rows of an export, and the seconds that the whole way should take on a quiet machine.
_AIMS: Final = ((3, 15.0), (100_000, 40.0))
_PATIENCE_SECONDS: Final = 600
_DAGS: Final = ("table_export_to_kinesis", "kinesis_to_postgres")
_STATE: Final = "select state, cause from ops.export where tenant = %s and version = %s"
_COUNT: Final = "select count(*) from exports.{}__test_table where c1 = %s"


def measure(lab: Lab, servers: Servers, plan: Plan) -> Report:
    """Measure "walk": a first export of few rows and of many, and one in which every row differs.

    Raises:
        WrongResultError: a version fails, or the target holds other rows than it.
        StackError: the stack does not start.
    """
    lines = ["From the landed file to the target, through the scheduler"]
    aims = []
    with stacks.started(servers.root / "stack", Options(ui_port=None), say=lab.say) as stack:
        for dag_id in _DAGS:
            wait_for_dag(stack.api, dag_id, None)
        # What a stack does once, such as to migrate the database, is no part of the way.
        _walk(stack, "warm", 1, "first")
        for rows, most in _AIMS:
            count, tenant = min(rows, plan.rows), f"rows{rows}"
            for version in ("first", "second"):
                seconds = _walk(stack, tenant, count, version)
                title = f"{version} export of {count:,} rows"
                lab.say(f"{title}: {seconds:.1f} s")
                lines.append(f"{title:<48}{seconds:10.1f} s")
            aims.append(Aim(title=f"walk, {title}", reached=seconds, most=most, unit="s"))
    return Report(lines=[*lines, ""], aims=aims)


def _walk(stack: stacks.Stack, tenant: str, rows: int, version: str) -> float:
    """Land a version; returns the seconds until its target holds it."""
    body = "".join(f"{row:08};{version};b;c\n" for row in range(rows))
    began = time.monotonic()
    stack.emulator.client("s3").put_object(
        Bucket=stack.running.outputs["LandingBucket"],
        Key=f"exports/{tenant}/test_table/{version}/all.csv.gz",
        Body=gzip.compress(body.encode()),
    )
    with closing(psycopg2.connect(stack.running.warehouse_uri)) as opened:
        opened.autocommit = True
        cursor = opened.cursor()
        while True:
            state, cause = _state(cursor, tenant, version)
            if state == "applied":
                break
            if state == "failed" or time.monotonic() - began > _PATIENCE_SECONDS:
                raise WrongResultError(f"{tenant}/{version} is {state}: {cause}")
            time.sleep(0.1)
        seconds = time.monotonic() - began
        cursor.execute(_COUNT.format(tenant), (version,))
        (found,) = cursor.fetchone() or (0,)
    if found != rows:
        raise WrongResultError(f"{tenant}/{version}: {found} rows of {rows} are in the target")
    return seconds


def _state(cursor: psycopg2.extensions.cursor, tenant: str, version: str) -> tuple[str, str | None]:
    """How far a version has come; the first task of a new database migrates it."""
    try:
        cursor.execute(_STATE, (tenant, version))
    except psycopg2.errors.UndefinedTable:
        return "nowhere", None
    return cursor.fetchone() or ("nowhere", None)
