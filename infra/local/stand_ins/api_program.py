"""Starts the stand-in for APIs that want a key."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from infra.common.paths import REPOSITORY
from infra.local import ports
from infra.local.airflow.settings import inherited
from infra.local.stand_ins import api, openweather, square

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.airflow.settings import Options
    from infra.local.processes.group import Group
    from infra.local.state import Secrets


def start(
    group: Group, options: Options, secrets: Secrets, say: Callable[[str], None]
) -> str | None:
    """Start the stand-in; returns its URL, or None if the stack asks the real APIs.

    Raises:
        StackError: it does not start.
    """
    if options.live:
        return None
    port = ports.choose()
    keys = {openweather.HOST: secrets.weather_api, square.HOST: secrets.payments_api}
    program = group.start(
        "api",
        [sys.executable, "-m", "infra.local.stand_ins.api", "--port", str(port)],
        env=inherited() | {api.KEYS: json.dumps(keys)},
        cwd=REPOSITORY,
    )
    url = f"http://{ports.HOST}:{port}"
    program.wait_until(lambda: ports.answers(f"{url}/healthz"), seconds=30)
    say(f"the API stand-in is up: {url}")
    return url
