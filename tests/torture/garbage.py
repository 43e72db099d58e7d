"""Requests that are wrong in every way: never a 500, never a word of them in the answer, memory that stays bounded, and schemathesis.

What machines ask is refused as problem+json with exactly four keys. `python -m tests.torture.garbage [--requests N] [--examples N]`;
100,000 requests, and 200 examples for each operation of the OpenAPI document of a development server, unless told otherwise.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING

from bench.stage import COMMANDS
from crypto.envelope import PREFIX
from tests.torture.crowd import Crowd
from tests.torture.keeping import Verdict, exit_code, say, settle
from tests.torture.scene import Server, staged

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = b"KANARI"
THREADS = 4
MEGABYTES = 64
"""What the server may grow by while all this comes in."""

PROBLEM = {"type", "title", "status", "code"}
ALLOWED = frozenset({503, 507})
"""Above 499, only to be told to come again later."""

METHODS = (
    *(b"GET",) * 6,
    *(b"POST",) * 12,
    b"PUT",
    b"HEAD",
    b"DELETE",
    b"OPTIONS",
    b"PATCH",
    b"TRACE",
    b"CONNECT",
    b"KANARI",
    b"G\x00T",
    b"post",
)
PLACES = (
    *(b"/calls/asked/" + name for name in (b"reports", b"withdrawals", b"log/entries", b"log/checkpoint", b"log/checkpoint.KANARI")),
    *(b"/calls/asked/" + name for name in (b"log/checkpoint.0", b"log/checkpoint.99999999999999999999", b"log/received", b"call.json")),
    *(b"/calls/asked/replies/" + name for name in (b"all", b"KANARI", b"%00", b"ffffffffffffffffffffffff")),
    *(
        b"/calls/" + name
        for name in (b"KANARI/reports", b"%e1%9e/reports", b"../../etc/passwd", b"%2e%2e%2fasked/call.json", b"asked%00/reports")
    ),
    *(b"/en/calls/asked" + name for name in (b"", b"/reports", b"/receipt", b"/KANARI")),
    *(
        b"/" + name
        for name in (b"", b"KANARI", b"km/calls/KANARI", b"static/KANARI", b"static/..%2f..", b"?lang=KANARI", b"healthz", b"readyz")
    ),
    *(b"*", b"http://KANARI/", b"//KANARI", b"/\xff\xfe", b"/" + b"a" * 9000, b"/?" + b"KANARI&" * 300),
)
HEADERS = (
    *(
        b"content-type: " + kind
        for kind in (b"application/octet-stream", b"multipart/form-data", b"multipart/form-data; boundary=", b"KANARI")
    ),
    *(b"content-type: multipart/form-data; boundary=" + edge for edge in (b"edge", b"KANARI" * 100, b'"', b"\xff")),
    *(b"content-type: application/x-www-form-urlencoded", b"content-encoding: gzip", b"expect: 100-continue", b"upgrade: websocket"),
    *(b"transfer-encoding: chunked", b"transfer-encoding: KANARI", b"content-length: -1", b"content-length: KANARI", b"content-length: 0"),
    *(b"host: KANARI", b"host: localhost:99999", b"host: ", b"accept-language: KANARI" * 50, b"range: bytes=KANARI", b"x: " + b"y" * 20000),
    *(
        b"cookie: KANARI",
        b"referer: http://KANARI",
        b"user-agent: KANARI",
        b"x-forwarded-for: KANARI",
        b"saksei-work: KANARI",
        b" folded: KANARI",
    ),
    *(
        b"saksei-work: 1 " + b"00" * 32 + b" " + b"00" * 16,
        b"if-none-match: KANARI",
        b"\x00: KANARI",
        b"no colon KANARI",
        b"connection: KANARI",
    ),
)


def body(rng: random.Random) -> bytes:
    """Something to send."""
    return rng.choice(
        (
            lambda: b"",
            lambda: CANARY * rng.randint(1, 400),
            lambda: rng.randbytes(rng.choice((1, 31, 32, 33, 200, 5000))),
            lambda: rng.randbytes(32) + PREFIX + rng.randbytes(rng.randint(0, 70000)),
            lambda: rng.randbytes(67227),
            lambda: (
                b'--edge\r\nContent-Disposition: form-data; name="'
                + rng.choice((b"receipt", b"q-what", CANARY))
                + b'"\r\n\r\n'
                + CANARY
                + b"\r\n--edge--\r\n"
            ),
            lambda: b"--edge\r\n" + rng.randbytes(100) + b"\r\n--edge",
            lambda: (
                b"receipt="
                + rng.choice((CANARY, b"1" * 32, b"%ff%00"))
                + b"&action=withdraw&n="
                + rng.choice((CANARY, b"-1", b"0", b"\xff"))
            ),
            lambda: rng.choice((b"5\r\nKANAR\r\n0\r\n\r\n", b"ffffffffffffffff\r\nKANARI", b"-1\r\n\r\n", b"KANARI\r\n")),
            lambda: b'{"KANARI": ' * 200,
        )
    )()


def request(rng: random.Random) -> bytes:
    """The bytes of one request that is wrong, or might be."""
    if rng.random() < 0.05:
        return rng.randbytes(rng.randint(1, 300)) + b"\r\n\r\n"
    content = body(rng)
    lines = [
        rng.choice(METHODS) + b" " + rng.choice(PLACES) + b" " + rng.choice((b"HTTP/1.1",) * 8 + (b"HTTP/1.0", b"HTTP/9.9", b"KANARI"))
    ]
    if rng.random() < 0.9:
        lines.append(b"host: localhost")
    lines += rng.sample(HEADERS, rng.choice((0, 0, 1, 1, 2, 4)))
    if rng.random() < 0.8:
        lines.append(b"content-length: %d" % (len(content) if rng.random() < 0.9 else rng.choice((1, 10**6, 10**30))))
    whole = b"\r\n".join([*lines, b"connection: close", b"", b""]) + content
    if rng.random() < 0.1:
        at = rng.randrange(len(whole))
        whole = whole[:at] + rng.randbytes(rng.randint(1, 4)) + whole[at + 1 :]
    return whole


@dataclass
class Pelting:
    """So many requests at a server, and what came back; the same `seed` gives the same requests."""

    server: Server
    count: int
    seed: int
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def run(self, ask: Callable[[tuple[str, int], bytes], HTTPResponse | None] | None = None) -> None:
        """Send them all, a few at a time."""
        threads = [threading.Thread(target=self._send, args=(number, ask or answered)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send(self, number: int, ask: Callable[[tuple[str, int], bytes], HTTPResponse | None]) -> None:
        rng = random.Random(self.seed * THREADS + number)  # noqa: S311
        for _ in range(self.count // THREADS):
            sent = request(rng)
            answer = ask(self.server.target, sent)
            if answer is None:
                self.statuses[0] += 1
                continue
            self.statuses[answer.status] += 1
            fault = wrong(answer, sent)
            if fault:
                self.faults.append(f"{fault}: {sent[:300]!r}")


def answered(target: tuple[str, int], sent: bytes) -> HTTPResponse | None:
    """The answer, its body in `kept`; None when the server hangs up or waits for more than it was told it would get."""
    try:
        with socket.create_connection(target, timeout=60) as line:
            line.sendall(sent)
            line.settimeout(0.5 if waits_for_more(sent) else 60)
            answer = HTTPResponse(line, method="HEAD" if sent.startswith(b"HEAD ") else "GET")
            answer.begin()
            answer.kept = answer.read()  # type: ignore[attr-defined]
            return answer
    except (OSError, HTTPException):
        return None


def waits_for_more(sent: bytes) -> bool:
    """Whether a server may rightly wait: the request says that there is more of it, or is not framed at all."""
    head, _, content = sent.partition(b"\r\n\r\n")
    declared = [line.partition(b":")[2].strip() for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    return declared != [b"%d" % len(content)] or b"transfer-encoding" in head.lower() or b"expect" in head.lower()


def wrong(answer: HTTPResponse, sent: bytes) -> str:
    """What is wrong with an answer; nothing when it may be given."""
    status, kept = answer.status, bytes(answer.kept)  # type: ignore[attr-defined]
    if status >= 500 and status not in ALLOWED:
        return f"answered {status}"
    if status < 400:
        return ""
    headers = b"".join(f"{name}: {value}\n".encode() for name, value in answer.getheaders())
    typed = b"/en/calls/" in sent or b"/km/calls/" in sent  # a page gives back what was typed into it, to who typed it
    if CANARY in headers or (CANARY in kept and not typed):
        return f"{status} holds what was sent"
    path = sent.split(b" ", 2)[1] if sent.count(b" ") > 1 else b""
    if not path.startswith(b"/calls/") or not kept:
        return ""
    if answer.getheader("content-type") != "application/problem+json" or set(json.loads(kept)) != PROBLEM:
        return f"{status} is not problem+json"
    return ""


def resident(server: Server, name: str) -> int:
    """VmRSS or VmHWM of the server in bytes."""
    assert server.forked is not None
    with open(f"/proc/{server.forked.pid}/status") as status:  # noqa: PTH123 -- no file
        return next(int(line.split()[1]) << 10 for line in status if line.startswith(name))


def schemathesis(server: Server, examples: int) -> list[str]:
    """Run it on the OpenAPI document, with calls that do not exist and with the one that does; what it says when it finds something."""
    found = []
    for known in ("", '[parameters]\n"path.call_id" = "asked"\n"path.lang" = "en"\n'):
        settings = server.scene.place / "schemathesis.toml"
        settings.write_text(known)
        command = [str(COMMANDS / "schemathesis"), "--config-file", str(settings), "run", f"http://127.0.0.1:{server.port}/openapi.json"]
        options = ["--max-examples", str(examples), "--seed", "1", "--workers", "1", "--no-color", "--generation-database", "none"]
        checks = ["--checks", "not_a_server_error"]
        done = subprocess.run([*command, *options, *checks], capture_output=True, text=True, check=False, cwd=server.scene.place)
        say("schemathesis: " + " ".join(line.strip() for line in done.stdout.splitlines() if "generated" in line))
        found += [] if done.returncode == 0 else ["schemathesis: " + done.stdout[-3000:]]
    return found


def pelt(count: int, examples: int) -> Verdict:
    """Both, while honest people send, at a development server on SQLite."""
    with staged("sqlite") as scene:
        server = scene.another(SAKSEI_DEVELOPMENT="1")
        server.start()
        with Crowd(scene.call, [server.target], size=1, pause=0.2) as crowd:
            Pelting(server, min(count, 1000), seed=0).run()
            idle = resident(server, "VmRSS")
            pelting = Pelting(server, count, seed=1)
            pelting.run()
            crowd.faults += pelting.faults
            crowd.faults += schemathesis(server, examples) if examples else []
            crowd.grown(1)
        grown = resident(server, "VmHWM") - idle
        say(f"{count} requests: {dict(sorted(pelting.statuses.items()))}; memory {idle >> 20} MiB, at most {grown >> 20} MiB more")
        if grown > MEGABYTES << 20:
            crowd.faults.append(f"memory grew by {grown >> 20} MiB")
        crowd.faults += [f"log: {line}" for line in server.log.read_text().splitlines() if CANARY.decode() in line or '"info"' not in line]
        crowd.finish()
        server.stop()
        return settle(scene, crowd)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.garbage", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--examples", type=int, default=200)
    chosen = parser.parse_args()
    return exit_code([(f"{chosen.requests} malformed requests", pelt(chosen.requests, chosen.examples))])


if __name__ == "__main__":
    sys.exit(main())
