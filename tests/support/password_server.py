"""A server that asks who connects for a password, as RDS does for a token, and turns them away.

Messages: https://www.postgresql.org/docs/18/protocol-message-formats.html
"""

from __future__ import annotations

import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typing_extensions import Self

from infra.local.stand_ins.served import Served

if TYPE_CHECKING:
    from pathlib import Path
    from socket import socket

HOST = "127.0.0.1"
_HEAD = struct.Struct("!iI")
_ASK_CLEAR_TEXT = b"R" + struct.pack("!II", 8, 3)
_REFUSAL = b"SFATAL\0C28000\0MPAM authentication failed\0\0"


@dataclass
class PasswordServer(Served):
    """The server, while the `with` block lasts; it speaks TLS only.

    Attributes:
        folder: where its key and its certificate are put.
        passwords: what clients said, in order.
        startups: who they said they are, in order: user and database.
    """

    folder: Path
    passwords: list[str] = field(default_factory=list)
    startups: list[dict[str, str]] = field(default_factory=list)

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    def __enter__(self) -> Self:
        write_certificate(self.folder)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(self.certificate, self.folder / "key.pem")
        owner: PasswordServer = self

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                # A client that does not trust the certificate goes away.
                with suppress(ssl.SSLError, ConnectionError):
                    owner.answer(self.request)

        self._server = ThreadingTCPServer((HOST, 0), Handler)
        return super().__enter__()

    def answer(self, connection: socket) -> None:
        """Talk to one client: encryption, its name, its password, and no."""
        connection.recv(8)
        connection.sendall(b"S")
        with self._tls.wrap_socket(connection, server_side=True) as secure:
            size, _ = _HEAD.unpack(_read(secure, 8))
            words = _read(secure, size - 8).decode().rstrip("\0").split("\0")
            self.startups.append(dict(zip(words[::2], words[1::2], strict=True)))
            secure.sendall(_ASK_CLEAR_TEXT)
            _, size = struct.unpack("!cI", _read(secure, 5))
            self.passwords.append(_read(secure, size - 4).decode().rstrip("\0"))
            secure.sendall(b"E" + struct.pack("!I", len(_REFUSAL) + 4) + _REFUSAL)


def _read(connection: ssl.SSLSocket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError("the client has gone")
        data += part
    return data


def write_certificate(folder: Path) -> None:
    """Make key.pem and certificate.pem, which its holder signed, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
