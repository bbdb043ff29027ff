"""Waiting for a DAG, with Airflow's answers as a test prescribes them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from infra.common.airflow_rest import AirflowRest
from infra.common.errors import StackError
from infra.common.watch_run import wait_for_dag
from tests.support.scripted_airflow import ScriptedAirflow, iso_now


class Rest(AirflowRest):
    def __init__(self, scripted: ScriptedAirflow) -> None:
        self.scripted = scripted

    def ask(
        self, method: str, path: str, *, query: dict[str, Any] | None = None, body: Any = None
    ) -> Any:
        status, answer = self.scripted(method, path, query, body)
        return answer if status == 200 else None


def fault(timestamp: str) -> dict[str, Any]:
    return {"timestamp": timestamp, "filename": "some.py", "stack_trace": "NameError: x"}


def test_fault_of_a_file_that_was_read_before_the_stack_started_is_waited_out() -> None:
    now = datetime.now(timezone.utc)
    scripted = ScriptedAirflow({}, errors=[[fault("2020-01-01T00:00:00Z")]])
    with pytest.raises(StackError, match="found no DAG some within 0 s"):
        wait_for_dag(Rest(scripted), "some", now, seconds=0)
    scripted.files["some"] = "some.py"
    wait_for_dag(Rest(scripted), "some", now, seconds=1)


@pytest.mark.parametrize("since", [datetime.now(timezone.utc) - timedelta(hours=1), None])
def test_fault_of_a_file_that_has_been_read_since_ends_the_wait(since: datetime | None) -> None:
    scripted = ScriptedAirflow({}, errors=[[fault(iso_now())]])
    with pytest.raises(StackError, match=r"some\.py: NameError: x"):
        wait_for_dag(Rest(scripted), "some", since, seconds=60)
