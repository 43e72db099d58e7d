"""The real service behind the real nginx, each watched by strace, and people who use it well or badly."""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from bench.stage import COMMANDS, Stage, running
from tests.deploy.placed import HOST, ONION, QUIET, PlacedNginx
from tests.end_to_end.canary import STRACE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.app.made import MadeCall

QUICK_STRACE = (STRACE[0], "--seccomp-bpf", *STRACE[1:])
"""The same search, stopping the process at the calls that are searched only."""

_CONNECTION = re.compile(rb"^\d+ +(?:write|writev|sendto|sendmsg)\(\d+<TCP:\[([\d.]+):(\d+)->([\d.]+):(\d+)\]>")


@dataclass
class Watched:
    """The real intake with its calls, as strace sees it, in `place` (an empty folder). Many proxies may stand before it."""

    place: Path
    stage: Stage = field(init=False)

    def __post_init__(self) -> None:
        """Migrate the database."""
        self.stage = Stage(self.place)
        self.stage.run("saksei-intake", "migrate")

    @property
    def trace(self) -> Path:
        """All that the intake wrote."""
        return self.place / "intake.trace"

    def add(self, call: MadeCall) -> None:
        """`call add`, before it serves or while it does."""
        self.stage.run("saksei-intake", "call", "add", call.folder)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """`saksei-intake serve` with a public https address, until the block ends."""
        env = {**self.stage.environment, "SAKSEI_PUBLIC_URL": f"https://{HOST}", "SAKSEI_ONION_URL": f"http://{ONION}"}
        command = [*QUICK_STRACE, str(self.trace), str(COMMANDS / "saksei-intake"), "serve"]
        with running(command, port=self.stage.port, ready="/readyz", env=env, log=self.place / "server.log"):
            yield


@dataclass
class Front:
    """nginx in `place` (an empty folder) before an intake that is running; `changes` break guards (PlacedNginx)."""

    place: Path
    intake: Watched
    changes: Mapping[str, str] = field(default_factory=dict)
    nginx: PlacedNginx = field(init=False)

    def __post_init__(self) -> None:
        """Write its configuration."""
        self.place.mkdir(exist_ok=True)
        self.nginx = PlacedNginx(self.place / "nginx", intake=self.intake.stage.port, changes=self.changes)

    @property
    def log(self) -> Path:
        """All that nginx says."""
        return self.place / "nginx.log"

    @property
    def trace(self) -> Path:
        """All that nginx wrote."""
        return self.place / "nginx.trace"

    @contextmanager
    def serving(self, *, traced: bool = False) -> Iterator[Front]:
        """nginx runs until the block ends."""
        wrapper = (*QUICK_STRACE, str(self.trace)) if traced else ()
        with running([*wrapper, *self.nginx.command], port=self.nginx.onion, ready="/readyz", env=QUIET, log=self.log):
            yield self

    def ask(
        self, method: str, path: str, *, tls: bool = True, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """One request: by the public name over TLS, or as Tor would hand it on."""
        named = dict(headers or {})
        if not tls:
            url = f"http://127.0.0.1:{self.nginx.onion}{path}"
            return httpx.request(method, url, content=content, headers={"host": ONION, **named}, timeout=60)
        context = ssl.create_default_context(cafile=str(self.nginx.place / "fullchain.pem"))
        with httpx.Client(verify=context, timeout=60) as client:
            url = f"https://127.0.0.1:{self.nginx.tls}{path}"
            return client.request(method, url, content=content, headers={"host": HOST, **named}, extensions={"sni_hostname": HOST})

    def written_elsewhere(self, words: Sequence[bytes]) -> list[bytes]:
        """Traced writes of either process that hold a word and go anywhere but to a submitter or between nginx and the intake."""
        placed = self.nginx
        ours = {str(port).encode() for port in (placed.tls, placed.onion, placed.http, placed.intake)}
        return [line[:200] for line in self._lines(words) if not _between(line, ours)]

    def written(self, words: Sequence[bytes]) -> int:
        """How many traced writes hold a word at all: proof that the search can see."""
        return len(list(self._lines(words)))

    def _lines(self, words: Sequence[bytes]) -> Iterator[bytes]:
        for trace in (self.intake.trace, self.trace):
            with trace.open("rb") as lines:
                yield from (line for line in lines if any(word in line for word in words))


def _between(line: bytes, ports: set[bytes]) -> bool:
    """Whether a traced write goes along a connection of this machine's loopback that has one of these ports at an end."""
    found = _CONNECTION.match(line)
    return found is not None and found[1] == found[3] == b"127.0.0.1" and bool({found[2], found[4]} & ports)


@contextmanager
def connected(port: int, *, receive: int | None = None) -> Iterator[socket.socket]:
    """A connection to 127.0.0.1, with a receive buffer of `receive` bytes for somebody whose line is slow."""
    with socket.socket() as client:
        if receive:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        client.settimeout(60)
        client.connect(("127.0.0.1", port))
        yield client


def head(path: str, length: int, kind: str = "application/octet-stream") -> bytes:
    """The head of a POST as Tor would hand it on."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {kind}", f"Content-Length: {length}", "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode()


def rest(client: socket.socket) -> bytes:
    """Everything that still comes, until the other side ends the connection, politely or not."""
    answer = b""
    with suppress(ConnectionResetError):
        while piece := client.recv(1 << 16):
            answer += piece
    return answer
