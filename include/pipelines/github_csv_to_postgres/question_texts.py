"""What people read of a shrunken snapshot: the question in the UI, and the notices.

The question alone shows keys.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from include.core.runs.notices import compose_notice, foot, format_moment, head, section
from include.core.runs.questions import (
    DECIDED_BY,
    QUESTIONS_DAG,
    Question,
    compose_body,
    question_run_id,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.contracts.github import GitHubDataset
    from include.core.runs.notices import RunFacts
    from include.core.runs.outbox import Notice
    from include.core.warehouse.shrunken import Shrinkage, ShrunkenSnapshot
    from include.pipelines.github_csv_to_postgres.task_values import CleanedSnapshot

APPROVED: Final = "approved"
REFUSED: Final = "refused"
"""Parameters of the run that an answer starts: the digest of the snapshot that it is about."""
_NEWS: Final = {
    "asked": "waits for a person, {gone}",
    "refused": "refused by a person, nothing loaded",
    "expired": "nobody answered in time, nothing loaded",
}
_KNOWN: Final = {
    "asked": "still waits for a person, nothing loaded",
    "refused": "was refused by a person, nothing loaded",
    "expired": "nobody has answered in time, nothing loaded",
    "approved": "approved by a person meanwhile, nothing loaded by this run",
    "loaded": "approved by a person and loaded before",
}


def compose_question(
    dataset: GitHubDataset,
    cleaned: CleanedSnapshot,
    shrinkage: Shrinkage,
    asked: ShrunkenSnapshot,
    *,
    facts: RunFacts,
) -> Question:
    """What a person is asked, and what each answer starts.

    Arguments:
        dataset: the contract.
        cleaned: the snapshot.
        shrinkage: what it would do to the table.
        asked: the question, as it is entered.
        facts: of the run that asks, with the as_of that an approval loads.
    """
    sink, as_of = dataset.table.sink, format_moment(asked.as_of)
    answer = {"as_of": as_of, DECIDED_BY: None}
    return Question(
        dag_id=facts.dag_id,
        subject=f"{sink}: may {_gone(asked)}? ({as_of})",
        body=compose_body(
            f"{_said(dataset, shrinkage, asked)} [The run that asks]({facts.link})",
            counts={
                "rows of the snapshot before": shrinkage["rows_before"],
                "rows of this snapshot": shrinkage["row_count"],
                "gone": shrinkage["missing"],
                "new": shrinkage["inserted"],
            },
            gone=shrinkage["gone"],
            answers={"Approve": _if_approved(shrinkage), "Reject": _IF_REFUSED},
            facts=_sources(cleaned),
        ),
        approved_conf={**answer, APPROVED: asked.content_sha256},
        refused_conf={**answer, REFUSED: asked.content_sha256},
        valid=asked.valid,
    )


_IF_REFUSED: Final = (
    "nothing is loaded, and the table stays as it is. This snapshot is not asked about again, "
    "another one is."
)


def _gone(asked: ShrunkenSnapshot) -> str:
    return f"{asked.missing:,} of {asked.rows_before:,} rows go"


def _said(dataset: GitHubDataset, shrinkage: Shrinkage, asked: ShrunkenSnapshot) -> str:
    limit = dataset.shrink
    said = (
        f"The snapshot of **{format_moment(asked.as_of)}** for **{dataset.table.sink}** "
        f"(dataset {dataset.name}) lacks rows that the one before had. Without a question, up to "
        f"{limit.share:.0%} of them, or fewer than {limit.rows}, may go. Nothing is loaded yet."
    )
    return f"{said} {shrinkage['remark']}".rstrip()


def _if_approved(shrinkage: Shrinkage) -> str:
    if shrinkage["deletes"]:
        return f"the snapshot is loaded, and the {shrinkage['missing']:,} rows are deleted."
    return (
        f"the snapshot is loaded. The {shrinkage['missing']:,} rows stay in the table, though the "
        "source has them no more."
    )


def _sources(cleaned: CleanedSnapshot) -> list[str]:
    return [
        f"{source['repository']} {source['path']} at {source['commit'][:12]} "
        f"({source['committed_at']}): {source['read']:,} rows read"
        for source in cleaned["sources"]
    ]


def question_link(asked: ShrunkenSnapshot, dag_id: str, *, ui_url: str) -> str:
    """Where the UI shows a question of a DAG."""
    run_id = quote(question_run_id(dag_id, asked.valid))
    return f"{ui_url.rstrip('/')}/dags/{QUESTIONS_DAG}/runs/{run_id}/required_actions"


def question_notice(
    facts: RunFacts,
    asked: ShrunkenSnapshot,
    *,
    is_news: bool,
    warnings: Sequence[str] = (),
    dry_run: bool = False,
) -> Notice:
    """The notice of a run that has loaded nothing, since a person decides or has decided.

    Its status is asked or refused where this run brings the news, and skipped where people know.

    Arguments:
        facts: of the run.
        asked: how the question stands.
        is_news: this run has asked, or has entered the refusal.
        warnings: of the snapshot.
        dry_run: nothing is written, and nobody is asked.
    """
    is_news = is_news and asked.state in _NEWS
    text = (_NEWS if is_news else _KNOWN)[asked.state]
    if dry_run and asked.state == "asked":
        text = "a person would be asked, {gone}"
    said = text.format(gone=f"{asked.missing} of {asked.rows_before} rows are gone")
    status = "dry_run" if dry_run else _status(asked) if is_news else "skipped"
    lines = [
        *head(facts, said),
        "",
        f"Rows before: {asked.rows_before}",
        f"Rows now:    {asked.row_count}",
        f"Gone:        {asked.missing}",
        f"Snapshot:    {asked.content_sha256}",
        "",
        *([] if dry_run else _what_to_do(facts, asked)),
        *section("Warnings:", list(warnings)),
        *foot(facts),
    ]
    return compose_notice(facts, status, f"{facts.dataset}: {said}", lines)


def _status(asked: ShrunkenSnapshot) -> str:
    return "asked" if asked.state == "asked" else "refused"


def _what_to_do(facts: RunFacts, asked: ShrunkenSnapshot) -> list[str]:
    link = question_link(asked, facts.dag_id, ui_url=facts.ui_url)
    since = f"Asked:       {format_moment(asked.asked_at)}, by the run {asked.run_id}"
    if asked.state == "asked":
        return [f"Answer:      {link}", since]
    lines = [since]
    if asked.decided_at is not None:
        who = asked.decided_by or "nobody"
        lines.append(f"Answered:    {format_moment(asked.decided_at)}, by {who}")
    if asked.state in ("refused", "expired"):
        conf = {"as_of": format_moment(asked.as_of), APPROVED: asked.content_sha256}
        command = f"airflow dags trigger {facts.dag_id} --conf {shlex.quote(json.dumps(conf))}"
        lines.append(f"Load it:     {command}")
    return lines
