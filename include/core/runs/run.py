"""Which run of a DAG does something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of a DAG. What adds facts to it, such as the sink, is a subclass.

    Attributes:
        dag_id, run_id: Airflow's names; statements take them as parameters of these names.
    """

    dag_id: str
    run_id: str

    @property
    def work_prefix(self) -> str:
        """Key prefix in the lake of files between the tasks of this run; no slash at the end."""
        return f"work/{self.dag_id}/{self.run_id}"

    @property
    def parameters(self) -> dict[str, str]:
        """Its names as bound parameters of a statement, without what a subclass adds."""
        return {"dag_id": self.dag_id, "run_id": self.run_id}


class StartedRun(TypedDict):
    """Arguments of Airflow's TriggerDagRunOperator: a run that another run starts, once."""

    trigger_dag_id: str
    trigger_run_id: str
    conf: dict[str, Any]
