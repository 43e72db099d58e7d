"""A timestamp authority that answers over HTTP on 127.0.0.1, and ones that answer as nobody should."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from tests.crypto.authority import Authority

Answer = Callable[[bytes], tuple[int, dict[str, str], Iterable[bytes]]]
"""Status, headers and the pieces of a body, for the body of a request."""


@dataclass
class Served:
    """An authority that is served: its address, and what it was asked (path, content type, body)."""

    url: str
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)


@contextmanager
def serving(answer: Answer) -> Iterator[Served]:
    """Serve an answer to every POST while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        served: ClassVar[Served]

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.served.asked.append((self.path, self.headers["content-type"], body))
            status, headers, content = answer(body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # who asked may have gone
                for piece in content:
                    self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.served = Served(f"http://127.0.0.1:{server.server_port}/tsr")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Handler.served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def stamping(authority: Authority) -> Answer:
    """What an authority answers; one request at a time, as its folder has one place for each."""
    lock = threading.Lock()

    def answer(body: bytes) -> tuple[int, dict[str, str], Iterable[bytes]]:
        with lock:
            return 200, {"content-type": "application/timestamp-reply"}, (authority.answer(body),)

    return answer


def always(content: bytes, *, status: int = 200, **headers: str) -> Answer:
    """The same answer to everybody."""
    return lambda _body: (status, headers, (content,))


def dripping(pieces: int) -> Answer:
    """A byte every tenth of a second."""

    def drops() -> Iterator[bytes]:
        for _ in range(pieces):
            time.sleep(0.1)
            yield b"x"

    return lambda _body: (200, {}, drops())
