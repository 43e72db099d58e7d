"""A server with the log of the invented call, on 127.0.0.1: honest unless a test makes it lie. And a SOCKS5 proxy that notes every name."""

from __future__ import annotations

import hashlib
import http.server
import socket
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crypto import entries as log
from crypto.merkle import leaf_hash, root
from crypto.notes import Checkpoint, SignerKey
from tests.summary.invented import SIGNER, SIGNING, call_bytes, call_of, choice, document

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from crypto.minisign import SecretKey

CALL = call_of(document([choice("asked", 3)], {"one": ["asked"]}))
CALL_BYTES = call_bytes(CALL)
CALL_SHA256 = hashlib.sha256(CALL_BYTES).digest()


def report(number: int) -> bytes:
    return log.report_entry(hashlib.sha256(b"envelope %d" % number).digest(), hashlib.sha256(b"handle %d" % number).digest())


@dataclass
class LogServer:
    """What is served: `entries` under a checkpoint of all of them, and whatever `pages` says otherwise; `answers` counts requests."""

    entries: list[bytes] = field(default_factory=lambda: [log.call_entry("invented", CALL_SHA256)])
    pages: dict[str, bytes] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    answers: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        """The address of the call."""
        return f"http://127.0.0.1:{self.port}/calls/invented"

    def append(self, *numbers: int) -> LogServer:
        """Let reports into the log."""
        self.entries.extend(report(number) for number in numbers)
        return self

    def checkpoint(self, signer: SignerKey = SIGNER, origin: str | None = None) -> bytes:
        """The signed checkpoint of all entries."""
        leaves = [leaf_hash(entry) for entry in self.entries]
        return signer.sign(Checkpoint(origin or CALL.origin, len(leaves), root(leaves)).text())

    def countersign(self, signing: SecretKey = SIGNING) -> LogServer:
        """Let the reviewers hand back the newest checkpoint as `received`."""
        note = self.checkpoint()
        self.pages |= {"log/received": note, "log/received.minisig": signing.sign(note).encode()}
        return self

    def page(self, path: str) -> bytes | None:
        """What stands at a path."""
        name = path.removeprefix("/calls/invented/")
        if name in self.pages:
            return self.pages[name]
        if name == "call.json":
            return CALL_BYTES
        if name == "log/checkpoint":
            return self.checkpoint()
        return log.frame(self.entries) if name == "log/entries" else None


@contextmanager
def serving(server: LogServer, *, tls: ssl.SSLContext | None = None) -> Iterator[LogServer]:
    """Serve over real http, or https."""

    class Answer(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answer what the server has."""
            server.answers += 1
            content = server.page(self.path)
            self.send_response(server.status.get(self.path, 404 if content is None else 200))
            for name, value in {"Content-Length": str(len(content or b"")), **server.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content or b"")
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as listening:
        if tls is not None:
            listening.socket = tls.wrap_socket(listening.socket, server_side=True)
        server.port = listening.server_address[1]
        with _running(listening):
            yield server


@dataclass
class Proxy:
    """A SOCKS5 proxy, which leads every name to 127.0.0.1; `wanted` are the (name, port) that it was asked for.

    With `nonsense` it is none: it says that to everybody and hangs up.
    """

    nonsense: bytes = b""
    refuses: bool = False
    wanted: list[tuple[str, int]] = field(default_factory=list)
    port: int = 0


@contextmanager
def proxying(proxy: Proxy) -> Iterator[Proxy]:
    """Run the proxy."""

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            """Shake hands as RFC 1928 says, then pass on what comes."""
            client: socket.socket = self.request
            client.recv(3)
            if proxy.nonsense:
                client.sendall(proxy.nonsense)
                return
            client.sendall(b"\x05\x00")
            head = client.recv(5)
            name = client.recv(head[4]).decode()
            port = int.from_bytes(client.recv(2), "big")
            proxy.wanted.append((name, port))
            client.sendall(b"\x05" + (b"\x05" if proxy.refuses else b"\x00") + b"\x00\x01\x7f\x00\x00\x01\x00\x00")
            if proxy.refuses:
                return
            with socket.create_connection(("127.0.0.1", port)) as server:
                sending = threading.Thread(target=_pass_on, args=(client, server))
                sending.start()
                _pass_on(server, client)
                sending.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Relay) as listening:
        proxy.port = listening.server_address[1]
        with _running(listening):
            yield proxy


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other side is done


@contextmanager
def _running(listening: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        listening.shutdown()
        thread.join()
