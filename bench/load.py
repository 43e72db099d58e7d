"""A bounded load: raw HTTP/1.1 over kept connections, prepared bodies, latencies of every answer.

The same generator drives the floor and the service, so their ratio says what the service costs. It stops by itself: a fixed number of
requests, sent to 127.0.0.1 only.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field

from crypto.envelope import PREFIX, sealed_size


@dataclass
class Measured:
    """What a run gave: answers by status, seconds it took in all, and milliseconds a request took."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return sum(self.statuses.values()) / self.seconds

    def percentile(self, percent: int) -> float:
        """The latency in milliseconds that `percent` of the answers stayed under."""
        return statistics.quantiles(self.milliseconds, n=100)[percent - 1]


def bodies(count: int, padded: int = 65536) -> list[bytes]:
    """`count` different bodies the intake accepts: a handle and an envelope of the right size that nobody could open."""
    rest = os.urandom(sealed_size(1, padded) - len(PREFIX) - 16)
    return [os.urandom(32) + PREFIX + os.urandom(16) + rest for _ in range(count)]


async def _connection(port: int, path: str, queue: list[bytes], measured: Measured) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
    while queue:
        body = queue.pop()
        started = time.perf_counter()
        writer.writelines([(head % len(body)).encode(), body])
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        await reader.readexactly(length)
        measured.milliseconds.append((time.perf_counter() - started) * 1000)
        measured.statuses[int(answer[9:12])] += 1
    writer.close()


async def _drive(port: int, path: str, prepared: list[bytes], connections: int) -> Measured:
    measured = Measured()
    started = time.perf_counter()
    await asyncio.gather(*(_connection(port, path, prepared, measured) for _ in range(connections)))
    measured.seconds = time.perf_counter() - started
    return measured


def drive(port: int, path: str, prepared: list[bytes], *, connections: int = 64) -> Measured:
    """Send every prepared body once over `connections` connections and measure the answers."""
    return asyncio.run(_drive(port, path, prepared, connections))
