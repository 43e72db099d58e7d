"""The service as it really runs: `saksei-intake serve`, uvicorn, a socket (threats.md; format.md 5 and 9)."""

import contextlib
import json
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app import cli
from app.headers import ALWAYS
from crypto.bundle import open_bundle
from crypto.entries import unframe
from crypto.receipts import Receipt
from tests.app.made import MadeCall, PublicCall, browser_form, leaf_of

CANARY = "KANARI7391"


@dataclass
class Running:
    """A server process and what it says."""

    url: str
    port: int
    metrics: str
    process: subprocess.Popen[str]
    errors: Path
    gone: bool = False

    def post(self, call: MadeCall, body: bytes) -> httpx.Response:
        return httpx.post(f"{self.url}/calls/{call.id}/reports", content=body)


Serve = Callable[..., "contextlib.AbstractContextManager[Running]"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def serve(environment: dict[str, str], tmp_path: Path, postgresql_emptied: None) -> Serve:
    """Migrate, add calls, and serve until the block ends."""

    @contextlib.contextmanager
    def running(*calls: MadeCall) -> Iterator[Running]:
        port, metrics = free_port(), free_port()
        for arguments in (["migrate"], *(["call", "add", str(call.folder)] for call in calls)):
            assert cli.run(arguments) == 0
        errors = tmp_path / "stderr.txt"
        with errors.open("w") as stderr:
            command = [sys.executable, "-W", "error", "-c", "from app.cli import main; main()", "serve"]
            env = {**environment, "PYTHONPATH": str(Path.cwd()), "SAKSEI_PORT": str(port), "SAKSEI_METRICS_PORT": str(metrics)}
            process = subprocess.Popen(command, env=env, cwd=tmp_path, stderr=stderr, stdout=stderr, text=True)
            try:
                server = Running(f"http://127.0.0.1:{port}", port, f"http://127.0.0.1:{metrics}/metrics", process, errors)
                wait_until_ready(server)
                yield server
            finally:
                process.terminate()
                process.wait(60)
        assert server.gone or process.returncode in (0, -signal.SIGTERM)

    return running


def wait_until_ready(server: Running) -> None:
    while True:
        assert server.process.poll() is None, server.errors.read_text()
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{server.url}/readyz").status_code == 200:
                return
        time.sleep(0.1)


def raw(server: Running, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(sent)
        client.settimeout(30)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
            if b"\r\n\r\n" in answer and b"content-length: 0" in answer:
                break
        return answer


def test_promise_is_in_the_next_bundle(serve: Serve, hasty: MadeCall, tmp_path: Path) -> None:
    """Reports by API and by plain form, published by the running service, exported beside it, verified and opened."""
    with serve(hasty) as server:
        body = hasty.body(text=CANARY)
        note = server.post(hasty, body).content
        content_type, form = browser_form([("receipt", Receipt.generate().code), ("consent", "C1"), ("q-what", CANARY)], [])
        plain = httpx.post(f"{server.url}/km/calls/{hasty.id}/reports", content=form, headers={"content-type": content_type})
        assert plain.status_code == 201
        while len(unframe(httpx.get(f"{server.url}/calls/{hasty.id}/log/entries").content)) < 3:
            time.sleep(0.1)
        assert cli.run(["export", hasty.id, "--out", str(tmp_path / "x.bundle")]) == 0
    with (tmp_path / "x.bundle").open("rb") as file:
        bundle = open_bundle(file, expect=None, promises=[note])
        opened = [hasty.opened(bundle.read_envelope(outcome.digest), outcome.handle) for outcome in bundle.outcomes]
    assert hasty.promise(note).leaf_hash == leaf_of(body)
    assert [report.report.answers for report in opened] == [{"what": CANARY}] * 2
    assert sorted(report.report.form for report in opened) == ["server", "web"]


def test_it_keeps_and_tells_nothing(serve: Serve, asked: MadeCall, tmp_path: Path) -> None:
    """No address, agent, time or path in any line or figure, no Server header, no core dump; what is no HTTP gets our headers too."""
    with serve(asked) as server:
        headers = {"user-agent": CANARY, "x-forwarded-for": "203.0.113.77", "referer": f"https://{CANARY}"}
        for path in (f"/{CANARY}", f"/calls/{CANARY}/call.json", f"/km/calls/asked?{CANARY}", "/calls/asked/log/entries"):
            assert "server" not in httpx.get(server.url + path, headers=headers).headers
        httpx.post(f"{server.url}/calls/asked/reports", content=CANARY.encode(), headers=headers)
        server.post(asked, asked.body(text=CANARY))
        seen = [httpx.get(server.metrics).text for _ in range(2)]
        answer = raw(server, f"{CANARY} \x01 nonsense\r\n\r\n".encode())
        if sys.platform == "linux":
            assert resource.prlimit(server.process.pid, resource.RLIMIT_CORE) == (0, 0)
    head = answer.partition(b"\r\n\r\n")[0]
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert [name for name, value in ALWAYS if name + b": " + value not in head] == []
    assert b"server:" not in head.lower()
    assert seen[0] == seen[1]
    assert not re.search(rf"{CANARY}|127\.0|asked|python|accepted", seen[0])
    said = server.errors.read_text()
    assert [json.loads(line)["source"] for line in said.splitlines()] == ["saksei"] * len(said.splitlines())
    assert CANARY not in said
    assert "boundary character" not in said
    assert "203.0.113" not in said
    assert not re.search(r"\d\d:\d\d|20\d\d-|/calls|/km|GET|POST", said)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()] == []


def slow_post(server: Running, call: MadeCall, body: bytes, *, until: float) -> bytes:
    """Send the headers now, and the body in pieces until the given instant has passed."""
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        head = f"POST /calls/{call.id}/reports HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        client.sendall(head.encode() + body[:1000])
        while time.time() < until:
            time.sleep(0.1)
        client.sendall(body[1000:])
        client.settimeout(60)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
        return answer


def test_slow_upload_across_the_minute(serve: Serve, make_call: PublicCall) -> None:
    """Begun before the deadline and complete within the grace it is on time; begun after it, it is not (format.md 9)."""
    call = make_call(call="minute", deadline=int(time.time()) + 20, grace_seconds=600)
    with serve(call) as server:
        assert time.time() < call.stored.call.deadline, "the machine was too slow for this test to mean anything"
        slow = slow_post(server, call, call.body(), until=call.stored.call.deadline + 1.0)
        late = server.post(call, call.body())
    assert slow.startswith(b"HTTP/1.1 201 ")
    assert (late.status_code, late.json()["code"]) == (403, "closed")


def test_killed_server_keeps_its_promises(serve: Serve, asked: MadeCall) -> None:
    """kill -9 after the last promise: every one stands when the server comes back, with the same bytes."""
    bodies = [asked.body() for _ in range(10)]
    with serve(asked) as server:
        first = [server.post(asked, body).content for body in bodies]
        server.process.kill()
        server.gone = True
    with serve() as server:
        assert [server.post(asked, body).content for body in bodies] == first
