"""A TCP proxy before Postgres that reads along with the client, and breaks what it is told to.

Messages: https://www.postgresql.org/docs/18/protocol-message-formats.html
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from typing_extensions import Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK_BYTES = 1 << 16
POLL_SECONDS = 0.1
PATIENCE_SECONDS = 60
_LENGTH = struct.Struct("!I")
# Requests for encryption come before the startup message, and like it have no type.
_ENCRYPTION_REQUESTS = (80877103, 80877104)
_COPY_DATA, _COPY_DONE, _QUERY = b"d", b"c", b"Q"


class Fate(Enum):
    """What becomes of a message of the client.

    PASS forwards it. CUT resets the connection before it. LOSE_ANSWER forwards it, waits until
    the server has answered, and resets the connection without handing the answer on.
    """

    PASS = auto()
    CUT = auto()
    LOSE_ANSWER = auto()


@dataclass
class Seen:
    """What a client has sent on one connection, the message in question included.

    Attributes:
        kind: of this message: "connect" (there is none yet), "query", "copy", "copied", "other".
        statements: texts of all statements, in order.
        copied: bytes of rows.
    """

    kind: str = "connect"
    statements: list[str] = field(default_factory=list)
    copied: int = 0


class Proxy:
    """Forwards connections to a server while the `with` block lasts.

    Arguments:
        uri: libpq URI of the server.
        decide: asked before each message of each client, in a thread of that connection, so it
            may also wait; after its first fate other than PASS all pass.

    Attributes:
        uri: as given, through this proxy.
        fired: whether the fault has happened.
        copied: the most bytes of rows that one connection has sent.
    """

    def __init__(self, uri: str, decide: Callable[[Seen], Fate] = lambda _: Fate.PASS) -> None:
        parts = urlsplit(uri)
        assert parts.hostname
        assert parts.port
        self._server, self._decide = (parts.hostname, parts.port), decide
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        at = parts.netloc.rpartition("@")[0]
        self.uri = parts._replace(netloc=f"{at}@127.0.0.1:{port}").geturl()
        self.fired, self.copied = False, 0
        self._closed = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed.is_set():
            if select.select([self._listener], [], [], POLL_SECONDS)[0]:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(client,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        # A client that was killed, or a server that was, ends the connection with an error.
        with closing(client), suppress(OSError):
            seen = Seen()
            if self._ask(seen) is not Fate.PASS:
                _reset(client)
                return
            with closing(socket.create_connection(self._server)) as server:
                self._forward(client, server, _Messages(seen))

    def _forward(self, client: socket.socket, server: socket.socket, messages: _Messages) -> None:
        while not self._closed.is_set():
            ready = select.select([client, server], [], [], POLL_SECONDS)[0]
            for source in ready:
                data = source.recv(CHUNK_BYTES)
                if not data:
                    return
                if source is server:
                    client.sendall(data)
                    continue
                for message in messages.feed(data):
                    self.copied = max(self.copied, messages.seen.copied)
                    fate = self._ask(messages.seen)
                    if fate is not Fate.CUT:
                        server.sendall(message)
                    if fate is Fate.LOSE_ANSWER:
                        server.recv(1)
                    if fate is not Fate.PASS:
                        _reset(client)
                        return

    def _ask(self, seen: Seen) -> Fate:
        if self.fired:
            return Fate.PASS
        fate = self._decide(seen)
        self.fired = self.fired or fate is not Fate.PASS
        return fate


class _Messages:
    """Cuts a client's bytes into messages."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self._rest = b""
        self._started = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._rest += data
        while (size := self._size()) and len(self._rest) >= size:
            message, self._rest = self._rest[:size], self._rest[size:]
            self._note(message)
            yield message

    def _size(self) -> int:
        head = int(self._started)
        if len(self._rest) < head + _LENGTH.size:
            return 0
        length: int = _LENGTH.unpack_from(self._rest, head)[0]
        return head + length

    def _note(self, message: bytes) -> None:
        seen, kind, body = self.seen, message[:1], message[5:]
        if not self._started:
            self._started = _LENGTH.unpack_from(message, 4)[0] not in _ENCRYPTION_REQUESTS
            seen.kind = "other"
        elif kind == _COPY_DATA:
            seen.kind, seen.copied = "copy", seen.copied + len(body)
        elif kind == _COPY_DONE:
            seen.kind = "copied"
        elif kind == _QUERY:
            seen.kind = "query"
            seen.statements.append(body.rstrip(b"\0").decode())
        else:
            seen.kind = "other"


def _reset(connection: socket.socket) -> None:
    """End a connection by a reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def commit_of(statement: str, fate: Fate) -> Callable[[Seen], Fate]:
    """This fate for the COMMIT of a transaction that has a statement."""

    def decide(seen: Seen) -> Fate:
        is_commit = seen.kind == "query" and seen.statements[-1] == "COMMIT"
        return fate if is_commit and any(statement in one for one in seen.statements) else Fate.PASS

    return decide


class Pause:
    """Stops a load within COPY, while it holds the lock on its table, until it may go on.

    Attributes:
        held: set when it has stopped.
        go_on: to be set by the test.
    """

    def __init__(self) -> None:
        self.held, self.go_on = threading.Event(), threading.Event()

    def __call__(self, seen: Seen) -> Fate:
        if seen.kind == "copy" and not self.held.is_set():
            self.held.set()
            assert self.go_on.wait(PATIENCE_SECONDS)
        return Fate.PASS
