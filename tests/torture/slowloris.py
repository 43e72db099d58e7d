"""People who send as slowly as they can, thousands at once, and others who have a report to send meanwhile: do theirs pass?

`python -m tests.torture.slowloris` prints what came of it for 2,000 connections, and fails when an honest report does not pass.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from app.calls import HANDLE_BYTES
from app.hardening import raise_open_files
from bench.stage import COMMANDS, Stage, running
from crypto.envelope import PREFIX
from crypto.receipts import Receipt
from tests.app.made import browser_form, write_call
from tests.app.working import worked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.app.made import MadeCall

CONNECTIONS = 2000
HONEST = 20
KINDS = ("head", "report", "form")
BETWEEN_BYTES = 1.0
CONNECTING_AT_ONCE = 100
GIVEN_UP_SECONDS = 300.0
BEGINNINGS = {"head": "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ", "form": "--edge\r\nContent-Disposition: form-data; name="}


@dataclass
class Outcome:
    """What came of a storm: how many trickled at once, how often one was cut off or refused, and what honest people met with."""

    most_open: int = 0
    cut: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    sent: int = 0
    resident_mib: int = 0

    @property
    def passed(self) -> bool:
        """Whether every honest report was taken."""
        return self.sent > 0 and len(self.seconds) == self.sent

    def line(self) -> str:
        """In one sentence."""
        refused = ", ".join(f"{count} {word}" for word, count in sorted(self.refusals.items())) or "none"
        middle, longest = median(self.seconds or [0]), max(self.seconds, default=0)
        return (
            f"{self.most_open} trickled at once and were cut off or refused {self.cut} times; {len(self.seconds)} of {self.sent} honest"
            f" reports passed, p50 {middle:.2f} s, longest {longest:.2f} s; refusals on the way: {refused}; the server held"
            f" {self.resident_mib} MiB at most"
        )


class Storm:
    """Connections that trickle at a server until told to stop; each that is cut off comes back."""

    def __init__(self, port: int, call: MadeCall, connections: int, kinds: Sequence[str]) -> None:
        """Nothing is connected yet."""
        self._port, self._call = port, call
        self._kinds = [kinds[number % len(kinds)] for number in range(connections)]
        self._gate = asyncio.Semaphore(CONNECTING_AT_ONCE)
        self._open = 0
        self.outcome = Outcome()

    async def blow(self) -> None:
        """Trickle until cancelled."""
        async with asyncio.TaskGroup() as group:
            for kind in self._kinds:
                group.create_task(self._trickle_on(kind))

    async def wait_until_open(self, share: float) -> None:
        """Return when so many of the connections were open at once, or each was refused once: then the server holds all it will."""
        async with asyncio.timeout(GIVEN_UP_SECONDS):
            while self.outcome.most_open < share * len(self._kinds) and self.outcome.cut < len(self._kinds):
                await asyncio.sleep(0.1)

    async def _trickle_on(self, kind: str) -> None:
        while True:
            with suppress(OSError):
                await self._trickle(kind)
            self.outcome.cut += 1
            await asyncio.sleep(BETWEEN_BYTES)

    async def _trickle(self, kind: str) -> None:
        async with self._gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._open += 1
        self.outcome.most_open = max(self.outcome.most_open, self._open)
        try:
            writer.write(self._beginning(kind))
            answer = asyncio.ensure_future(reader.read(1))
            while not answer.done():
                writer.write(b"x")
                await writer.drain()
                await asyncio.wait({answer}, timeout=BETWEEN_BYTES)
            answer.result()
        finally:
            self._open -= 1
            writer.close()

    def _beginning(self, kind: str) -> bytes:
        call_id = self._call.id
        if kind == "head":
            return BEGINNINGS[kind].encode()
        if kind == "report":
            size = min(self._call.stored.body_sizes)
            return (
                f"POST /calls/{call_id}/reports HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {size}\r\n\r\n".encode()
                + bytes(HANDLE_BYTES)
                + PREFIX
            )
        head = f"POST /en/calls/{call_id}/reports HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: multipart/form-data; boundary=edge\r\n"
        return f"{head}content-length: 20000\r\n\r\n{BEGINNINGS[kind]}".encode()


async def asked(port: int, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """POST as a browser does, over a connection of its own; status and body of the answer, 0 and nothing where the connection broke off."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write("\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode() + body)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)\r\n", head)
            return int(head.split(b" ")[1]), await reader.readexactly(int(length[1])) if length else b""
        finally:
            writer.close()
    except (OSError, asyncio.IncompleteReadError):
        return 0, b""


async def send_sealed(port: int, call: MadeCall, body: bytes, outcome: Outcome) -> None:
    """As the form does: send, do the work that is asked for, wait and send again."""
    headers: dict[str, str] = {}
    while True:
        status, content = await asked(port, f"/calls/{call.id}/reports", body, headers)
        if status == 201:
            return
        problem = json.loads(content) if content.startswith(b"{") else {"code": "nothing"}
        note(outcome, problem["code"])
        if problem["code"] == "work":
            headers = await asyncio.to_thread(worked, call.id, problem, body[:32])
        else:
            await asyncio.sleep(1)


async def send_plain(port: int, call: MadeCall, outcome: Outcome) -> None:
    """As a browser without JavaScript does when its person tries again."""
    kind, body = browser_form([("receipt", Receipt.generate().code), ("consent", "C1"), ("q-what", "words")], [])
    while (await asked(port, f"/en/calls/{call.id}/reports", body, {"content-type": kind}))[0] != 201:
        note(outcome, "form")
        await asyncio.sleep(1)


def note(outcome: Outcome, word: str) -> None:
    """Count a refusal that somebody honest met with."""
    outcome.refusals[word] = outcome.refusals.get(word, 0) + 1


async def weather(port: int, call: MadeCall, *, connections: int, honest: int, kinds: Sequence[str]) -> Outcome:
    """Honest reports, sealed and plain by turns, in the middle of a storm."""
    storm = Storm(port, call, connections, kinds)
    bodies = [call.body() for _ in range(honest)]
    blowing = asyncio.create_task(storm.blow())
    try:
        await storm.wait_until_open(0.9)
        for number, body in enumerate(bodies):
            storm.outcome.sent += 1
            began = time.monotonic()
            async with asyncio.timeout(GIVEN_UP_SECONDS):
                await (send_plain(port, call, storm.outcome) if number % 2 else send_sealed(port, call, body, storm.outcome))
            storm.outcome.seconds.append(time.monotonic() - began)
    except TimeoutError:
        pass  # the outcome says it
    finally:
        blowing.cancel()
        await asyncio.gather(blowing, return_exceptions=True)
    return storm.outcome


def storm_at(place: Path, *, connections: int, honest: int, uploads: int | None = None, kinds: Sequence[str] = KINDS) -> Outcome:
    """A storm at a server of its own in an empty folder; `uploads` is SAKSEI_MAX_CONCURRENT_UPLOADS where it is not to be the default."""
    raise_open_files()
    stage = Stage(place)
    (place / "server").mkdir()
    call = write_call(place / "server")
    stage.run("saksei-intake", "migrate")
    stage.run("saksei-intake", "call", "add", call.folder)
    env = stage.environment | ({} if uploads is None else {"SAKSEI_MAX_CONCURRENT_UPLOADS": str(uploads)})
    with running([str(COMMANDS / "saksei-intake"), "serve"], port=stage.port, ready="/readyz", env=env, log=place / "server.log") as server:
        outcome = asyncio.run(weather(stage.port, call, connections=connections, honest=honest, kinds=kinds))
        outcome.resident_mib = int(re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{server.pid}/status").read_text())[0]) // 1024
    return outcome


def main() -> int:
    """Both storms; 1 when an honest report did not pass."""
    passed = True
    storms = (("the shipped settings, every kind", None, KINDS), ("an eighth of the places, all at the reports", 16, ("report",)))
    for name, uploads, kinds in storms:
        with tempfile.TemporaryDirectory() as folder:
            outcome = storm_at(Path(folder), connections=CONNECTIONS, honest=HONEST, uploads=uploads, kinds=kinds)
        print(f"{name}: {outcome.line()}")
        passed = passed and outcome.passed
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
