"""Brings the warehouse's tables and users up to the newest migration.

**Reads**

- include/sql/migrations
- ops.migration, which knows what has been applied

**Writes**

- schemas, tables and roles, as their owner (connection sluice_migrations)
- a row in ops.migration for each file
- where QuickSight is: the user that it reads as, and another password after a week

**Runs**

- by hand without parameters: a deployment starts it first

Without it, the first task that needs the warehouse does the same.

**Safe to rerun because**

- each file is applied once, all that are missing in one transaction

**If it fails**

- The database is as it was.

| what the log says | what to do |
| --- | --- |
| a file fails | fix it and deploy again |
| an applied file was edited | undo the edit and add a file |
| make_charts_login fails | the tables are up to date; clear it, then deploy again |
| the password is refused | nothing: it is read anew at each try, so a rotation heals by itself |
"""

from __future__ import annotations

from airflow.sdk import dag, task

from include.core.warehouse import migrations
from wiring import clients
from wiring.charts import make_charts_login
from wiring.defaults import dag_defaults
from wiring.failures import notify_failure, records_cause

NAME = "migrate_warehouse"


@task
@records_cause
def migrate() -> list[str]:
    return migrations.migrate(clients.migrations())


@dag(
    dag_id=NAME,
    description="Brings the warehouse's tables and users up to date.",
    doc_md=__doc__,
    schedule=None,
    tags=["postgres", "migrations"],
    on_failure_callback=notify_failure(dataset=NAME, sink="migrations"),
    **dag_defaults(owner="data-platform"),
)
def wire() -> None:
    make_charts_login(after=migrate())


wire()
