"""What a question shows, and what its answer starts."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from include.core.runs.questions import (
    Answer,
    Question,
    compose_body,
    run_after_answer,
    run_that_asks,
)

QUESTION: Question = {
    "dag_id": "prices_daily",
    "subject": "May market.prices lose 120 of its 300 rows?",
    "body": "Counts, and keys.",
    "approved_conf": {"as_of": "2020-12-02T08:30:00Z", "approved": "abc", "decided_by": None},
    "refused_conf": {"as_of": "2020-12-02T08:30:00Z", "refused": "abc", "decided_by": None},
    "valid": "market.prices abc",
}
ASKED = "prices_daily__1"


def answer(option: str, name: str | None = "ann") -> Answer:
    person = {"id": "7", "name": name} if name else None
    return Answer(chosen_options=[option], responded_by_user=person)


def asked(**other: Any) -> dict[str, Any]:
    """What is started for a question that is QUESTION but for this."""
    question: Any = {**QUESTION, **other}
    return {**run_that_asks(question)}


def test_question_is_what_the_run_that_asks_it_is_given() -> None:
    assert asked()["trigger_dag_id"] == "approve_shrinking"
    assert asked()["conf"] == QUESTION


def test_same_question_has_the_same_run_and_another_has_another() -> None:
    same = asked(subject="By another run", body="An hour later")
    assert same["trigger_run_id"] == asked()["trigger_run_id"]
    others = [asked(valid="market.prices abd"), asked(dag_id="prices_hourly")]
    assert len({asked()["trigger_run_id"], *(run["trigger_run_id"] for run in others)}) == 3


@given(valid=st.text())
def test_run_id_is_one_that_airflow_takes_whatever_is_asked(valid: str) -> None:
    # The default of [core] allowed_run_id_pattern.
    assert re.fullmatch(r"[A-Za-z0-9_.~:+-]{1,250}", asked(valid=valid)["trigger_run_id"])


def test_approval_starts_the_dag_that_asked_with_who_approved() -> None:
    assert run_after_answer(QUESTION, ASKED, answer("Approve")) == [
        {
            "trigger_dag_id": "prices_daily",
            "trigger_run_id": "approved__prices_daily__1",
            "conf": {**QUESTION["approved_conf"], "decided_by": "ann"},
        }
    ]


def test_refusal_and_no_answer_in_time_start_the_same_but_for_who_decided() -> None:
    (refused,) = run_after_answer(QUESTION, ASKED, answer("Reject"))
    (timed_out,) = run_after_answer(QUESTION, ASKED, answer("Reject", None))
    assert refused["conf"] == {**(QUESTION["refused_conf"] or {}), "decided_by": "ann"}
    assert timed_out["conf"] == QUESTION["refused_conf"]
    assert refused["trigger_run_id"] == timed_out["trigger_run_id"] == "refused__prices_daily__1"


def test_name_of_who_answered_goes_only_where_it_is_asked_for() -> None:
    conf = {"tenant": "acme", "table": "orders", "version": "7", "decision": "approved"}
    (run,) = run_after_answer({**QUESTION, "approved_conf": conf}, ASKED, answer("Approve"))
    assert run["conf"] == conf


def test_refusal_starts_nothing_where_nobody_wants_to_know() -> None:
    question: Question = {**QUESTION, "refused_conf": None}
    assert run_after_answer(question, ASKED, answer("Reject")) == []
    assert run_after_answer(question, ASKED, answer("Approve"))


def test_body_shows_counts_keys_and_what_each_answer_does() -> None:
    body = compose_body(
        "market.prices would lose rows.",
        counts={"rows before": 1300, "gone": 120},
        gone=[{"day": "2020-12-01", "id": 7}, {"day": "2020-12-01", "id": 8}],
        answers={"Approve": "it is loaded", "Reject": "nothing is loaded"},
    )
    assert body.split("\n") == [
        "market.prices would lose rows.",
        "",
        "```",
        "rows before:           1,300",
        "gone:                    120",
        "```",
        "",
        "The first 2 keys that would go:",
        "",
        "```",
        '{"day": "2020-12-01", "id": 7}',
        '{"day": "2020-12-01", "id": 8}',
        "```",
        "",
        "- **Approve**: it is loaded",
        "- **Reject**: nothing is loaded",
    ]


KEYS = st.text() | st.integers() | st.none() | st.booleans()


@given(value=KEYS, other=KEYS)
@example("```\n# a heading\n", "![a picture](https://elsewhere.example/)")
@example("````", "<script>")
@example("x" * 500, "\u2028")
def test_no_key_breaks_out_of_its_block_and_each_has_one_line(value: Any, other: Any) -> None:
    gone = [{"a": value, "b": other}]
    body = compose_body("Said.", counts={"rows": 1}, gone=gone, answers={"Approve": "it loads"})
    lines = body.split("\n")
    opened = lines.index("The key:") + 2
    fence = lines[opened]
    assert re.fullmatch("`{3,}", fence)
    assert lines[opened + 2 : opened + 5] == [fence, "", "- **Approve**: it loads"]
    assert fence not in lines[opened + 1]
    found = json.loads(lines[opened + 1])
    for name, whole in gone[0].items():
        cut = isinstance(whole, str) and len(whole) > 120
        assert found[name] == (whole[:120] + "…" if cut else whole)
