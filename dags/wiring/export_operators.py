"""The operator that works an export out, which gives its worker back while Athena is at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseOperator

from include.core.exports.names import shown
from include.pipelines import table_export_to_kinesis as pipeline
from wiring.declarations import declared
from wiring.failures import records_cause
from wiring.task_context import name_in_ui
from wiring.uploads.resources import export_resources
from wiring.uploads.tasks import skip_mapping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

# A lease on a table lasts half an hour; Athena's queries end in a few minutes.
_LOOK_SECONDS: Final = 5
_LOOKS: Final = 300
_COMPARING: Final = "comparing"  # key of the XCom that the task has for itself


class ComputeExport(BaseOperator):
    """Works an export out, and publishes a small one; mapped over the exports of a run.

    Arguments:
        work: which export.
        works: all of the run.
        find_parts: the task to skip where the only export has no parts left to publish.
    """

    template_fields: Sequence[str] = ("work", "works")

    def __init__(
        self,
        *,
        work: pipeline.ExportWork,
        works: list[pipeline.ExportWork],
        find_parts: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.work, self.works, self.find_parts = work, works, find_parts

    @records_cause
    def execute(self, context: Context) -> Any:
        return self._take_in(context, None)

    @records_cause
    def take_up(self, context: Context, event: dict[str, Any]) -> Any:  # noqa: ARG002 -- see below
        """Go on once Athena has ended, or was waited for too long: it is asked itself which."""
        ti: Any = context["ti"]
        comparing = ti.xcom_pull(task_ids=self.task_id, key=_COMPARING, map_indexes=ti.map_index)
        return self._take_in(context, comparing)

    def _take_in(self, context: Context, comparing: pipeline.Comparing | None) -> pipeline.Computed:
        name_in_ui(export=shown(self.work["export"]))
        with export_resources() as resources:
            computed = pipeline.take_in(
                declared(self.work["export"]), self.work, comparing, resources=resources
            )
        if "comparing" in computed:
            # The kwargs of a deferral would do, but for dag.test(), which drops them.
            context["ti"].xcom_push(key=_COMPARING, value=computed["comparing"])
            self._wait(computed["comparing"])
        left = len(self.works) > 1 or pipeline.parts_to_publish([computed])
        return computed if left else skip_mapping(self.find_parts, computed)

    def _wait(self, comparing: pipeline.Comparing) -> None:
        from airflow.providers.amazon.aws.triggers.athena import (  # noqa: PLC0415 -- few need it
            AthenaTrigger,
        )

        self.defer(
            trigger=AthenaTrigger(
                query_execution_id=comparing["query"]["query_id"],
                waiter_delay=_LOOK_SECONDS,
                waiter_max_attempts=_LOOKS,
                aws_conn_id="aws_default",
            ),
            method_name=self.take_up.__name__,
        )
