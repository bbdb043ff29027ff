"""What a run left behind, for people: its ledger rows, its rows in the lake, and its notice."""

from __future__ import annotations

import contextlib
import json
import re
import textwrap
import time
from datetime import timezone
from typing import TYPE_CHECKING, Any

import psycopg2

from infra.common.errors import StackError
from infra.common.waiting import until
from infra.local import athena, aws

if TYPE_CHECKING:
    from datetime import datetime

    from infra.local.state import Running

_COUNTS = (
    "read",
    "rejected",
    "duplicate",
    "inserted",
    "updated",
    "unchanged",
    "superseded",
    "delivered",
    "deleted",
)
_COLUMNS = ("sink", "as_of", "status", *_COUNTS, "details")
_NUMBER = re.compile(r"-|-?\d+(\.\d+)?")  # a dash alone is no value
_LAKE = "lake."  # before a table's name, where the table is one of the lake
_FIRST_ROWS = 10
_INDENT = "  "
_POLL_SECONDS = 0.5


def ledger(warehouse_uri: str, dag_id: str, run_id: str, *, seconds: float) -> str:
    """A run's ledger rows as an aligned table, and their details; empty when none came.

    Arguments:
        warehouse_uri: a libpq URI.
        dag_id: which DAG.
        run_id: which run of it.
        seconds: how long to wait; a failure is written down some time after the run's end.
    """
    rows = until(
        lambda: _ledger_rows(warehouse_uri, dag_id, run_id), seconds=seconds, poll=_POLL_SECONDS
    )
    if not rows:
        return ""
    cells = [[_cell(value) for value in row[:-1]] for row in rows]
    lines = _table([list(_COLUMNS[:-1]), *cells])
    for row in rows:
        if row[-1]:
            details = json.dumps(row[-1], indent=2, ensure_ascii=False)
            lines += ["details", *textwrap.indent(details, _INDENT).splitlines()]
    return textwrap.indent("\n".join(lines), _INDENT)


def sinks(warehouse_uri: str, dag_id: str, run_id: str) -> list[str]:
    """The sinks of a run's ledger rows."""
    return [row[0] for row in _ledger_rows(warehouse_uri, dag_id, run_id)]


def _ledger_rows(warehouse_uri: str, dag_id: str, run_id: str) -> list[tuple[Any, ...]]:
    query = f"select {', '.join(_COLUMNS)} from ops.run where dag_id = %s and run_id = %s"
    connection = psycopg2.connect(warehouse_uri)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("select to_regclass('ops.run') is not null")
        if cursor.fetchone() != (True,):
            return []
        cursor.execute(f"{query} order by sink", (dag_id, run_id))
        return list(cursor.fetchall())


def lake(running: Running, dag_id: str, run_id: str) -> str:
    """The question that a run's table of the lake is asked, and the first rows of the answer.

    Empty for a run that writes to no table of the lake.

    Arguments:
        running: the stack that it ran in.
        dag_id: which DAG.
        run_id: which run of it.
    """
    rows = _ledger_rows(running.warehouse_uri, dag_id, run_id)
    tables = [(row[0].removeprefix(_LAKE), row[1]) for row in rows if row[0].startswith(_LAKE)]
    asked = []
    for table, as_of in tables:
        database, day = running.outputs["LakeDatabase"], as_of.astimezone(timezone.utc)
        query = (
            f'select * from "{database}"."{table}" where dt = \'{day:%Y-%m-%d}\' '
            f"order by as_of desc limit {_FIRST_ROWS}"
        )
        asked += [query, *_answered(running, query)]
    return textwrap.indent("\n".join(asked), _INDENT)


def _answered(running: Running, query: str) -> list[str]:
    """Athena's answer as an aligned table, or why there is none."""
    try:
        rows = athena.ask(query, endpoint=running.endpoint, outputs=running.outputs)
    except StackError as error:
        return [str(error)]
    if len(rows) == 1:
        return ["no row"]
    return _table([[_cell(value) for value in row] for row in rows])


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return value.isoformat(sep=" ") if hasattr(value, "isoformat") else str(value)


def _table(rows: list[list[str]]) -> list[str]:
    """Align columns, numbers to the right; the first row holds the names of the columns."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [all(map(_NUMBER.fullmatch, column[1:])) for column in columns]
    return [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in rows
    ]


def notice(running: Running, run_id: str, since: datetime, *, seconds: float) -> str:
    """Wait for the notice of a run as the laptop's queue receives it; empty when none came.

    Arguments:
        running: the stack that it ran in.
        run_id: whose notice.
        since: older notices of other runs are thrown away.
        seconds: how long to wait.
    """
    sqs = aws.client("sqs", running.endpoint)
    queue = running.notices_queue
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            AttributeNames=["SentTimestamp"],
        )
        for message in answer.get("Messages", []):
            envelope = json.loads(message["Body"])
            given = envelope.get("MessageAttributes", {})
            mine = given.get("run_id", {}).get("Value") == run_id
            sent = int(message["Attributes"]["SentTimestamp"]) / 1000  # given in milliseconds
            handle = {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]}
            # Another command may wait for the notice of another run, so it stays in the queue.
            if mine or sent < since.timestamp():
                sqs.delete_message(**handle)
            else:
                sqs.change_message_visibility(**handle, VisibilityTimeout=0)
            if mine:
                return _readable(envelope)
    return ""


def _readable(envelope: dict[str, Any]) -> str:
    attributes = {k: v["Value"] for k, v in envelope["MessageAttributes"].items()}
    given = ", ".join(f"{name}={value}" for name, value in sorted(attributes.items()))
    text = f"{envelope.get('Subject', '')}\n\n{envelope['Message'].rstrip()}\n\n[{given}]"
    return textwrap.indent(text, _INDENT)
