"""Questions to a person: what one shows, the run that asks it, and the run that its answer starts.

The DAG approve_shrinking asks. A run that needs an answer starts a run of it, ends, and holds
nothing meanwhile; the answer starts a run of the DAG that asked.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict

from include.core.runs.run import StartedRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

QUESTIONS_DAG: Final = "approve_shrinking"
DECIDED_BY: Final = "decided_by"
"""Where what an answer starts has this name, it gets the name of who answered; None: nobody did."""
_VALUE_CHARACTERS = 120
_APPROVE = "Approve"


class Question(TypedDict):
    """What a run of approve_shrinking is given.

    Attributes:
        dag_id: which DAG the answer starts a run of.
        subject: one line, which the list of required actions shows.
        body: Markdown, as compose_body makes it.
        approved_conf: what the run is given that "Approve" starts.
        refused_conf: what the run is given that "Reject", or no answer in time, starts; None
            starts none.
        valid: a text that names what is approved: the same for whoever asks the same, another for
            anything else.
    """

    dag_id: str
    subject: str
    body: str
    approved_conf: dict[str, Any]
    refused_conf: dict[str, Any] | None
    valid: str


class Answer(TypedDict):
    """What Airflow's ApprovalOperator is told, as far as it is read.

    Attributes:
        chosen_options: one of Approve and Reject.
        responded_by_user: id and name; None where nobody answered in time.
    """

    chosen_options: list[str]
    responded_by_user: dict[str, Any] | None


def run_that_asks(question: Question) -> StartedRun:
    """Give the run of approve_shrinking that asks; two runs that ask the same start it once."""
    return StartedRun(
        trigger_dag_id=QUESTIONS_DAG,
        trigger_run_id=question_run_id(question["dag_id"], question["valid"]),
        conf={**question},
    )


def question_run_id(dag_id: str, valid: str) -> str:
    """Give the run id of a question; arguments are the attributes of a Question."""
    return f"{dag_id}__{hashlib.sha256(valid.encode()).hexdigest()[:20]}"


def run_after_answer(question: Question, run_id: str, answer: Answer) -> list[StartedRun]:
    """Give the run that an answer starts, or none.

    Arguments:
        question: what was asked.
        run_id: of the run that asked it; an answer starts its run once.
        answer: what a person said, or "Reject" when the time was up.
    """
    approved = answer["chosen_options"] == [_APPROVE]
    decision: Literal["approved", "refused"] = "approved" if approved else "refused"
    conf = question["approved_conf"] if approved else question["refused_conf"]
    if conf is None:
        return []
    if DECIDED_BY in conf:
        person = answer["responded_by_user"]
        conf = {**conf, DECIDED_BY: person["name"] if person else None}
    return [
        StartedRun(
            trigger_dag_id=question["dag_id"],
            trigger_run_id=f"{decision}__{run_id}",
            conf=conf,
        )
    ]


def compose_body(
    said: str,
    *,
    counts: Mapping[str, int],
    gone: Sequence[Mapping[str, Any]],
    answers: Mapping[Literal["Approve", "Reject"], str],
    facts: Sequence[str] = (),
) -> str:
    """Write the body of a question in Markdown; what a source wrote cannot become markup.

    Arguments:
        said: what has happened, in sentences of ours.
        counts: rows by what they are; shown in this order.
        gone: the first keys that would go, each as its columns with their values.
        answers: what each answer does.
        facts: lines for who wants to look closer, such as where the data is from.
    """
    width = max((len(name) for name in counts), default=0)
    numbers = [f"{name + ':':<{width + 1}} {count:>15,}" for name, count in counts.items()]
    title = f"The first {len(gone)} keys that would go:" if len(gone) > 1 else "The key:"
    keys = [title, "", *_fenced([_line_of(key) for key in gone]), ""] if gone else []
    return "\n".join(
        [
            said,
            "",
            *_fenced(numbers),
            "",
            *keys,
            *(f"- **{answer}**: {text}" for answer, text in answers.items()),
            *(["", *_fenced(facts)] if facts else []),
        ]
    )


def _line_of(key: Mapping[str, Any]) -> str:
    """One key on one line: JSON escapes line feeds, and a long value is cut."""
    return json.dumps({name: _cut(value) for name, value in key.items()}, ensure_ascii=False)


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _VALUE_CHARACTERS:
        return value[:_VALUE_CHARACTERS] + "…"
    return value


def _fenced(lines: Sequence[str]) -> list[str]:
    """A code block, in which nothing is markup; its fence is longer than any in it.

    Source: https://spec.commonmark.org/0.31.2/#fenced-code-blocks
    """
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, *lines, fence]
