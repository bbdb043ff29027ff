"""Summaries in which every text is one that somebody hostile, or careless, has sent."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from include.contracts.charts import Chart, Measure
from include.core.summaries.points import Drawn, Points
from include.core.summaries.summary import About, DeclaredRule, Told, write_summary

if TYPE_CHECKING:
    from include.core.aws.objects import ObjectStore

_NOW: Final = datetime(2026, 11, 20, 8, 30, tzinfo=timezone.utc)
_CALL: Final = "window.hacked = true"
TEXTS: Final = {
    "element": f'<img src="x" onerror="{_CALL}"><svg onload="{_CALL}">',
    "script": f"<script>{_CALL}</script>",
    "end of a script": f"</script></style></textarea><script>{_CALL}</script>",
    "end of an attribute": f'" onmouseover="{_CALL}" x=\'',
    "address": f"javascript:{_CALL}//",
    "template": "${" + _CALL + "} {{constructor.constructor('" + _CALL + "')()}}",
    "formula": '=HYPERLINK("https://example.com/","here")',
    "direction": "\u202e\u2066fdp.exe\u2069 \u200b\u2028 end",
    "null": "before\0after\x1b[31m",
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467 e\u0301\u0301\u0301",
    "long": "word " * 20_000,
    "long without a blank": "w" * 100_000,
}


def write_hostile(store: ObjectStore, text: str, *, sink: str, dag_id: str) -> None:
    """Write a summary of a sink that has a text wherever one can be.

    Arguments:
        store: the lake's bucket.
        text: the text.
        sink: its name, which the text is a part of.
        dag_id: of a DAG that Airflow knows.
    """
    about = About(
        sink=sink,
        dag_id=dag_id,
        pipeline=text,
        title=text,
        description=text,
        schedule="30 8 * * *",
        key=(text,),
        rules=(DeclaredRule(name="a rule", words=text, severity="warning"),),
    )
    broken = {"a rule": {"run_id": text, "as_of": _NOW, "words": text}}
    told = Told(
        runs=[_run(text, dag_id, "failed"), _run(text, dag_id, "success")],
        rejects=[_reject(text, dag_id)],
        open_rejects=[{"code": text, "rows": 1, "since": _NOW}],
        broken=broken,
        last_as_of=_NOW,
    )
    points = Points(date=["2026-11-19", "2026-11-20"], values={text: [1, 2]})
    drawn = Drawn(
        chart=Chart(
            date=text,
            columns=(text,),
            measures=(Measure(name=text, unit=text[:40], cumulative=True),),
            groups=(text,),
        ),
        points={text: points, "another": points},
        group=text,
        cut=text,
        keys={text: {text: text}},
    )
    write_summary(store, about, lambda _: (told, drawn))


def _run(text: str, dag_id: str, status: str) -> dict[str, Any]:
    counts = ("duplicate", "inserted", "updated", "unchanged", "superseded", "delivered", "deleted")
    return {
        "dag_id": dag_id,
        "run_id": text[:200],
        "as_of": _NOW,
        "status": status,
        "started_at": _NOW,
        "finished_at": _NOW,
        **dict.fromkeys(counts, 0),
        "read": 1,
        "rejected": 1,
        "failed_task": text,
        "cause": text,
        "question": None,
        "rejects_by_code": {text: 1},
        "warnings": [text],
    }


def _reject(text: str, dag_id: str) -> dict[str, Any]:
    return {
        "run_id": text[:200],
        "dag_id": dag_id,
        "file": text,
        "version": text,
        "line": 2,
        "column_name": text,
        "code": text,
        "reason": text,
        "raw": text,
        "rejected_at": _NOW,
    }
