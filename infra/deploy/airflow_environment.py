"""The environment of MWAA: its state, what failed, and which files it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.deploy.errors import DeployError
from infra.deploy.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.deploy.waiting import Patience

# https://docs.aws.amazon.com/mwaa/latest/API/API_Environment.html
_ON_THE_WAY = {
    "CREATING",
    "CREATING_SNAPSHOT",
    "MAINTENANCE",
    "PENDING",
    "ROLLING_BACK",
    "UPDATING",
}
_VERSIONS = {
    "PluginsVersion": "PluginsS3ObjectVersion",
    "RequirementsVersion": "RequirementsS3ObjectVersion",
    "StartupScriptVersion": "StartupScriptS3ObjectVersion",
}


def find(mwaa: Any, name: str) -> dict[str, Any] | None:
    """MWAA's answer about an environment; None when it knows none of that name."""
    try:
        return dict(mwaa.get_environment(Name=name)["Environment"])
    except mwaa.exceptions.ResourceNotFoundException:
        return None


def what_failed(environment: Mapping[str, Any] | None) -> str:
    """The state of an environment and the end of its last update, as one sentence."""
    if environment is None:
        return "MWAA has no environment"
    last = environment.get("LastUpdate") or {}
    error = last.get("Error") or {}
    cause = f"{error.get('ErrorCode', '')} {error.get('ErrorMessage', '')}".strip()
    said = f", whose last update ended in {last['Status']}" if last.get("Status") else ""
    return f"MWAA's environment is {environment['Status']}{said}: {cause or 'it gives no cause'}"


def wait_until_available(
    mwaa: Any, name: str, *, report: Callable[[str], None], patience: Patience
) -> dict[str, Any]:
    """Wait until an environment can be used; report each state, and return MWAA's answer.

    Raises:
        DeployError: there is none, it failed, or it took too long.
    """
    reported: list[str] = []

    def look() -> dict[str, Any] | None:
        environment = find(mwaa, name)
        status = "" if environment is None else environment["Status"]
        if status not in _ON_THE_WAY | {"AVAILABLE"}:
            raise DeployError(
                f"{what_failed(environment)}. Its logs are in the log groups airflow-{name}-*"
            )
        if status not in reported[-1:]:
            reported.append(status)
            report(f"{name} is {status}")
        return environment if status == "AVAILABLE" else None

    return wait_for(
        look,
        seconds=patience.environment,
        poll=patience.poll,
        what=f"MWAA's environment {name} did not become available",
    )


def check_versions(environment: Mapping[str, Any], versions: Mapping[str, str]) -> None:
    """Hold an environment to the files that it was given.

    MWAA goes back to what it ran before when an update fails, and is available then too.

    Raises:
        DeployError: it runs others; names them, and the end of its last update.
    """
    other = [name for name, key in _VERSIONS.items() if environment.get(key) != versions[name]]
    if other:
        raise DeployError(
            f"MWAA does not run what was deployed ({', '.join(other)}). {what_failed(environment)}"
        )
