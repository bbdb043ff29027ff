"""TCP ports on this machine alone."""

from __future__ import annotations

import secrets
import socket
import urllib.error
import urllib.request
from http import HTTPStatus

HOST = "127.0.0.1"
# Below the ports that Linux and macOS give to outgoing connections: none takes a chosen port.
_LOWEST, _HIGHEST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Check whether a server could listen on the port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(preferred: int | None = None) -> int:
    """Choose a free port: the preferred one if it is free, else a random one."""
    if preferred is not None and is_free(preferred):
        return preferred
    while True:
        port = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST)
        if is_free(port):
            return port


def answers(url: str) -> bool:
    """Check whether a server on this machine answers with 200, without any proxy."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=2) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False
