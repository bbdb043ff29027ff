"""The notice of a run, made of what it has entered: one line a target, and records set aside."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from include.core.runs.notices import compose_notice, count_of, facts_of, foot, head, section
from include.core.runs.outbox import write_notice
from include.core.statements import read_statement

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from include.core.runs.ledger import RunOfSink
    from include.core.runs.notices import RunFacts
    from include.core.runs.outbox import Notice

_COUNTS = ("read", "rejected", "duplicate", "inserted", "updated", "unchanged", "deleted")


def write_run_notice(cursor: cursor, run: RunOfSink, *, dataset: str, ui_url: str) -> None:
    """Put the notice of a run into the outbox, in the transaction of one of its ledger rows.

    Tables are applied side by side: whoever commits last has all of their rows.

    Arguments:
        cursor: in the transaction that has written the row.
        run: which run.
        dataset: what the notice is about.
        ui_url: base address of the Airflow UI.
    """
    # Until the transaction ends, no other one composes the notice, which would miss this row.
    cursor.execute(read_statement("runs/send_notices.lock"), run.parameters)
    cursor.execute(read_statement("kinesis_to_postgres/list_targets"), run.parameters)
    names = [column.name for column in cursor.description or ()]
    targets = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    cursor.execute(read_statement("kinesis_to_postgres/count_set_aside"), run.parameters)
    set_aside: dict[str, int] = dict(cursor.fetchall())
    facts = facts_of(run, dataset=dataset, ui_url=ui_url, conf={})
    write_notice(cursor, _notice(facts, targets, set_aside, run))


def _notice(
    facts: RunFacts, targets: list[dict[str, Any]], set_aside: dict[str, int], run: RunOfSink
) -> Notice:
    changed = sum(each["inserted"] + each["updated"] + each["deleted"] for each in targets)
    warnings = [f"{each['sink']}: {warning}" for each in targets for warning in each["warnings"]]
    subject = [
        f"{facts.dataset}: {count_of(changed, 'row')} changed in {count_of(len(targets), 'table')}",
        f"{count_of(sum(set_aside.values()), 'record')} set aside" if set_aside else "",
        count_of(len(warnings), "warning") if warnings else "",
    ]
    duration = datetime.now(timezone.utc) - run.started_at
    lines = [
        *head(facts, "success"),
        f"Duration:    {duration.total_seconds():.0f} s",
        *section("Tables:", [_line(each) for each in targets]),
        *section(
            "Records set aside, by reason (they wait in ops.rejected_row):",
            [f"{code}: {number}" for code, number in set_aside.items()],
        ),
        *section("Warnings:", warnings),
        *foot(facts),
    ]
    return compose_notice(facts, "success", ", ".join(filter(None, subject)), lines)


def _line(target: dict[str, Any]) -> str:
    counts = ", ".join(f"{target[name]} {name}" for name in _COUNTS)
    return f"{target['sink']} at {', '.join(target['versions'])}: {counts}"
