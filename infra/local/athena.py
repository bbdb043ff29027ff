"""Questions to Athena, as people ask them of the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.common.errors import StackError
from infra.common.waiting import until
from infra.local import aws

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 60.0
_POLL_SECONDS = 0.1
_REASON_CHARACTERS = 300


def ask(query: str, *, endpoint: str, outputs: Mapping[str, str]) -> list[list[str | None]]:
    """The rows of an answer as text, the names of its columns first.

    Arguments:
        query: in Athena's SQL.
        endpoint: URL of the AWS emulator.
        outputs: of the CloudFormation stack, which has the workgroup.

    Raises:
        StackError: Athena fails, or does not end within a minute.
    """
    client = aws.client("athena", endpoint)
    started = client.start_query_execution(QueryString=query, WorkGroup=outputs["LakeWorkgroup"])
    query_id = started["QueryExecutionId"]

    def status() -> Any:
        answer = client.get_query_execution(QueryExecutionId=query_id)
        status = answer["QueryExecution"]["Status"]
        return None if status["State"] in ("QUEUED", "RUNNING") else status

    ended = until(status, seconds=_SECONDS, poll=_POLL_SECONDS)
    if not ended or ended["State"] != "SUCCEEDED":
        reason = str(ended.get("StateChangeReason")) if ended else f"no answer in {_SECONDS:.0f} s"
        raise StackError(f"Athena has no answer: {reason[:_REASON_CHARACTERS]}")
    found = client.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in found]
