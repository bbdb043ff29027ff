"""What a stack remembers: its secrets for good, its addresses while it runs."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from infra.local.layout import Layout, write_private
from infra.local.ports import HOST

if TYPE_CHECKING:
    from pathlib import Path


def _password() -> str:
    return secrets.token_urlsafe(24)


def _long() -> str:
    return secrets.token_urlsafe(64)


def _api_key() -> str:
    # As long as those of OpenWeather, and letters and digits alone.
    return secrets.token_hex(16)


def _fernet_key() -> str:
    # https://cryptography.io/en/latest/fernet/: 32 bytes in URL-safe base64
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Random words of one stack, made when it first starts."""

    postgres: str = field(default_factory=_password)
    airflow: str = field(default_factory=_password)
    sluice: str = field(default_factory=_password)
    sluice_loader: str = field(default_factory=_password)
    jwt: str = field(default_factory=_long)
    api: str = field(default_factory=_password)
    fernet: str = field(default_factory=_fernet_key)
    weather_api: str = field(default_factory=_api_key)
    payments_api: str = field(default_factory=_api_key)

    @classmethod
    def of(cls, layout: Layout) -> Secrets:
        """Read a stack's secrets; makes those that are missing, readable by their owner alone."""
        known = json.loads(layout.secrets.read_text()) if layout.secrets.exists() else {}
        secrets = cls(**known)
        if asdict(secrets) != known:
            write_private(layout.secrets, json.dumps(asdict(secrets)))
        return secrets


@dataclass(frozen=True, kw_only=True)
class Running:
    """What others need to use a stack that is up.

    Attributes:
        pid: the process that holds it.
        ui_port: where Airflow's UI and REST API answer on 127.0.0.1.
        warehouse_uri: a libpq URI, as the owner of all tables.
        endpoint: URL of the AWS emulator.
        notices_queue: URL of the queue that is subscribed to the alerts topic.
        outputs: outputs of the CloudFormation stack.
        env: the environment that Airflow's parts run with, beyond what they inherit.
    """

    pid: int
    ui_port: int
    warehouse_uri: str
    endpoint: str
    notices_queue: str
    outputs: dict[str, str]
    env: dict[str, str]

    @property
    def ui_url(self) -> str:
        return f"http://{HOST}:{self.ui_port}"

    @property
    def page_url(self) -> str:
        """Where Airflow shows the page of Sluice."""
        return f"{self.ui_url}/plugin/sluice"

    def write(self, path: Path) -> None:
        write_private(path, json.dumps(asdict(self), indent=2))

    @classmethod
    def read(cls, path: Path) -> Running | None:
        """Read what a stack wrote, or None if it is not ready."""
        if not path.exists():
            return None
        return cls(**json.loads(path.read_text()))
