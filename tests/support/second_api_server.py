"""A second API server over a stack's database, whose users have to log in and have few rights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.local import ports
from infra.local.airflow.settings import inherited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from infra.local.stack import Stack

GRANTS = "SLUICE_TEST_GRANTS"
"""A variable with JSON: name of a user to the ids of the DAGs that the user may see."""
PASSWORD = "a password of the tests"  # noqa: S105 -- of users who live as long as a test
_PATIENCE_SECONDS = 240
_SETTINGS = {
    "AIRFLOW__CORE__AUTH_MANAGER": "tests.support.granting_auth_manager.GrantingAuthManager",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
}


@contextmanager
def second_api_server(
    stack: Stack, folder: Path, grants: Mapping[str, Sequence[str]], *, role: str
) -> Iterator[str]:
    """Run it for as long as the context lasts; yields its URL.

    Arguments:
        stack: whose database, bucket and DAGs it shows.
        folder: for its log and its passwords.
        grants: name of a user to the ids of the DAGs that the user may see.
        role: of all users, such as viewer.
    """
    port = ports.choose()
    url = f"http://{ports.HOST}:{port}"
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(grants, PASSWORD)))
    env = {
        **inherited(),
        **stack.running.env,
        **_SETTINGS,
        GRANTS: json.dumps(dict(grants)),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name in grants),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "PATH": os.environ["PATH"],
    }
    command = [sys.executable, "-m", "airflow", "api-server", "--port", str(port)]
    with (folder / "api-server.log").open("w") as log:
        process = subprocess.Popen(
            command, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not ports.answers(f"{url}/api/v2/version"):
            assert process.poll() is None, (folder / "api-server.log").read_text()[-3000:]
            assert time.monotonic() < deadline, "the second API server does not answer"
            time.sleep(0.2)
        yield url
    finally:
        os.killpg(process.pid, 9)
        process.wait(30)
