"""A bounded load: raw HTTP/1.1 over kept connections, different bodies, the status, latency and text of every answer.

The same generator drives the floor and the service, so their ratio says what the service costs. It is a C program (bench/load.c): in Python
it took as much of the machine as what it measured. It stops by itself: a fixed number of requests, sent to 127.0.0.1 only.
"""

from __future__ import annotations

import secrets
import statistics
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.compiled import load_program
from crypto.envelope import PREFIX, sealed_size

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST = 65536


@dataclass
class Measured:
    """What a run gave: answers by status (0: the connection ended without one), seconds it took in all, and milliseconds a request took.

    `promises` are the bodies of the answers 201.
    """

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    promises: list[bytes] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers 201 a second."""
        return self.statuses[201] / self.seconds

    @property
    def broken(self) -> int:
        """Answers 5xx, and those that never came."""
        return sum(count for status, count in self.statuses.items() if status >= 500 or status == 0)

    def percentile(self, percent: int) -> float:
        """The latency in milliseconds that `percent` of the answers stayed under."""
        return statistics.quantiles(self.milliseconds, n=100)[percent - 1]


def drive(ports: Sequence[int], path: str, count: int, *, connections: int = 64, padded: int = SMALLEST) -> Measured:
    """POST `count` different bodies the intake accepts (right size and prefix, opened by nobody) over `connections` connections."""
    with tempfile.TemporaryDirectory(prefix="saksei-load-") as folder:
        answers = Path(folder, "answers")
        command = [
            *(load_program(Path(folder)), ",".join(map(str, ports)), path, count, connections),
            *(32 + sealed_size(1, padded), PREFIX.hex(), secrets.token_hex(8), answers),
        ]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the load ended with exit code {done.returncode}: {done.stderr}")
        return read_answers(answers.read_bytes(), int(done.stdout) / 1e9)


def read_answers(written: bytes, seconds: float) -> Measured:
    """What bench/load.c wrote down of a run that took so long."""
    measured, at = Measured(seconds), 0
    while at < len(written):
        end = written.index(b"\n", at)
        status, nanoseconds, length = map(int, written[at:end].split())
        at = end + 1 + length
        measured.statuses[status] += 1
        measured.milliseconds.append(nanoseconds / 1e6)
        if status == 201:
            measured.promises.append(written[end + 1 : at])
    return measured
