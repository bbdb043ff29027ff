"""The form of compare_exports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param

from include.errors import RunInputError
from include.pipelines.table_export_to_kinesis import Comparison
from wiring.run_input import NAME, refuse_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping


_VERSION = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(!\d{3,})?$"
# The form in the UI; the API and the command line are held to the same schema.
PARAMS = {
    "tenant": Param(type="string", pattern=NAME, title="Tenant"),
    "table": Param(type="string", pattern=NAME, title="Table"),
    "from_version": Param(
        None,
        type=["null", "string"],
        pattern=_VERSION,
        title="From version",
        description="As ops.export has it. Empty: every row counts as inserted.",
    ),
    "to_version": Param(
        type="string",
        pattern=_VERSION,
        title="To version",
        description=(
            "The same; it may be the older one. Nothing is published: the XCom tab of the task "
            "compare shows the counts, and the first 20 operations before and after."
        ),
    ),
}


def asked_for(*, params: Mapping[str, Any], run: Any) -> Comparison:
    """What a person wants compared.

    Arguments:
        params: the run's parameters with their defaults.
        run: Airflow's dag_run; unknown names in what it was triggered with are refused.

    Raises:
        RunInputError: an unknown name, or a text of another shape.
    """
    refuse_unknown(run.conf, PARAMS)
    before = params["from_version"]
    return Comparison(
        tenant=_text("tenant", params["tenant"], NAME),
        table=_text("table", params["table"], NAME),
        from_version=None if before is None else _text("from_version", before, _VERSION),
        to_version=_text("to_version", params["to_version"], _VERSION),
    )


def _text(name: str, given: Any, pattern: str) -> str:
    if not (isinstance(given, str) and re.fullmatch(pattern, given)):
        raise RunInputError(f"Parameter {name} must be text that fits {pattern}")
    return given
