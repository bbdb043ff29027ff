"""What a run's notice says: text for people, attributes for filters, never a value of a row."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from datetime import timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from include.core.runs.outbox import Notice
from include.core.runs.run import Run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from include.core.runs.ledger import Details, RunOfSink

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: printable ASCII that begins with a
# letter, a number or a punctuation mark, under 100 characters.
SUBJECT_CHARACTERS = 99


@dataclass(frozen=True, kw_only=True)
class RunFacts(Run):
    """What every notice says of a run.

    Attributes:
        dataset: the dataset's name.
        as_of: the moment that was loaded, None when the run failed before it was known.
        ui_url: base address of the Airflow UI.
        conf: what a run must be given to do the same again; its as_of when None, and nothing
            can be done again when empty.
    """

    dataset: str
    as_of: datetime | None
    ui_url: str
    conf: Mapping[str, Any] | None = None

    @property
    def link(self) -> str:
        """The run's page in the UI."""
        return f"{self.ui_url.rstrip('/')}/dags/{quote(self.dag_id)}/runs/{quote(self.run_id)}"

    @property
    def rerun_command(self) -> str:
        """What does the same work again; empty when there is none."""
        conf = self.conf
        if conf is None:
            conf = {} if self.as_of is None else {"as_of": format_moment(self.as_of)}
        elif not conf:
            return ""
        command = f"airflow dags trigger {self.dag_id}"
        return f"{command} --conf {shlex.quote(json.dumps(conf))}" if conf else command

    def attributes(self, status: str) -> dict[str, str]:
        """What SNS filter policies can match."""
        return {
            "dag_id": self.dag_id,
            "dataset": self.dataset,
            "status": status,
            "run_id": self.run_id,
        }


def facts_of(
    run: RunOfSink, *, dataset: str, ui_url: str, conf: Mapping[str, Any] | None = None
) -> RunFacts:
    """What every notice says of a run of a sink; dataset, ui_url and conf as RunFacts has them."""
    return RunFacts(**run.parameters, dataset=dataset, as_of=run.as_of, ui_url=ui_url, conf=conf)


def format_moment(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second: 2020-11-30T08:30:00Z."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def failure_notice(
    facts: RunFacts, *, task: str, cause: str, log_url: str, below: str = ""
) -> Notice:
    """The notice of a run that failed.

    Arguments:
        facts: of which run.
        task: the failed task's id.
        cause: one line without row values or secrets.
        log_url: the failed task's log in the UI.
        below: lines that people may copy, as safe as the cause.
    """
    lines = [
        *head(facts, "failed"),
        f"Failed task: {task}",
        f"Cause:       {cause}",
        f"Log:         {log_url}",
        *foot(facts),
        *(["", below.rstrip("\n")] if below else []),
    ]
    return compose_notice(facts, "failed", f"FAILED {facts.dataset}: {task}", lines)


def compose_notice(facts: RunFacts, status: str, subject: str, lines: list[str]) -> Notice:
    """A notice with a subject that SNS takes.

    Arguments:
        facts: of which run.
        status: what the run ended with.
        subject: what happened; characters that SNS refuses are replaced, and the end is cut.
        lines: the text.
    """
    # SNS refuses other characters, and the run would end without a notice.
    plain = "".join(map(_in_subject, f"Sluice {subject}"))
    return Notice(
        dag_id=facts.dag_id,
        run_id=facts.run_id,
        status=status,
        subject=plain[:SUBJECT_CHARACTERS],
        body="\n".join(lines) + "\n",
        attributes=facts.attributes(status),
    )


def _in_subject(char: str) -> str:
    if char.isspace():
        return " "
    return char if char.isascii() and char.isprintable() else "?"


def head(facts: RunFacts, status: str) -> list[str]:
    """The lines that each notice begins with."""
    return [
        f"Dataset:     {facts.dataset}",
        f"As of:       {format_moment(facts.as_of) if facts.as_of else 'not resolved'}",
        f"Status:      {status}",
    ]


def foot(facts: RunFacts) -> list[str]:
    """The lines that each notice ends with."""
    again = [f"Run again:   {facts.rerun_command}"] if facts.rerun_command else []
    return ["", f"Run:         {facts.link}", *again]


def count_of(count: int, thing: str) -> str:
    """1 row, 2 rows."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def rejects_section(details: Details, *, is_dry_run: bool = False) -> list[str]:
    """The section of rejected rows: how many each code has."""
    place = "" if is_dry_run else " (they wait in ops.rejected_row)"
    codes = sorted(details.rejects_by_code.items())
    return section(
        f"Rejected rows, by reason{place}:", [f"{code}: {number}" for code, number in codes]
    )


def section(title: str, entries: list[str]) -> list[str]:
    """A list with its title, or nothing where the list is empty."""
    return ["", title, *(f"  - {entry}" for entry in entries)] if entries else []
