"""Airflow's REST API by way of MWAA, which checks who asks by IAM."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.common.airflow_rest import AirflowRest, Json
from infra.deploy.errors import DeployError

# https://docs.aws.amazon.com/mwaa/latest/API/API_InvokeRestApi.html
_LONGEST_PATH = 64
_NOT_FOUND = 404
_SERVER_ERRORS = 500
_TRIES = 4


class MwaaAirflow(AirflowRest):
    """Airflow of an MWAA environment, asked with the credentials of a client.

    Arguments:
        mwaa: a boto3 client.
        name: of the environment.
        pause: seconds before a question is asked again that the server failed to answer; its
            machines are replaced one after the other.
    """

    def __init__(self, mwaa: Any, name: str, *, pause: float = 5) -> None:
        self._mwaa = mwaa
        self._name = name
        self._pause = pause

    def ask(
        self, method: str, path: str, *, query: Json | None = None, body: Any = None
    ) -> Json | None:
        if len(path) > _LONGEST_PATH:
            raise DeployError(f"MWAA takes paths of {_LONGEST_PATH} characters at most: {path}")
        given = {"QueryParameters": query, "Body": body}
        call = {"Name": self._name, "Path": path, "Method": method}
        call |= {name: value for name, value in given.items() if value is not None}
        # Only what changes nothing may be asked twice.
        tries = _TRIES if method == "GET" else 1
        for left in reversed(range(tries)):
            try:
                return dict(self._mwaa.invoke_rest_api(**call)["RestApiResponse"])
            except ClientError as error:
                status = _status(error)
                if status == _NOT_FOUND:
                    return None
                if status < _SERVER_ERRORS or not left:
                    raise DeployError(_refusal(error, method, path)) from error
            except BotoCoreError as error:
                raise DeployError(f"MWAA did not answer {method} {path}: {error}") from error
            time.sleep(self._pause)
        raise AssertionError  # the last try returned or raised


def _status(error: ClientError) -> int:
    """What Airflow answered; 0 when the call did not get that far."""
    response: dict[str, Any] = dict(error.response)
    return int(response.get("RestApiStatusCode") or 0)


def _refusal(error: ClientError, method: str, path: str) -> str:
    code = error.response["Error"]["Code"]
    if code == "AccessDeniedException":
        return (
            f"these credentials may not ask Airflow ({method} {path}): they need "
            "airflow:InvokeRestApi on the environment's role Op"
        )
    said = error.response.get("RestApiResponse") or error.response["Error"].get("Message")
    return f"Airflow refused {method} {path} ({_status(error) or code}): {str(said)[:500]}"
