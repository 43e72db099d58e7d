"""What bench/intake.py sends its load to: floors and whole intakes, started, warmed up, measured in turns, and ended."""

from __future__ import annotations

import os
import statistics
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.load import Measured, drive
from bench.stage import COMMANDS, Stage, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
CALL = "transnational-repression"
DAY = 86400
ROUNDS = 3


@dataclass
class Target:
    """Servers that share one database, and the path that takes reports. `rounds` are what was measured of them."""

    name: str
    ports: Sequence[int]
    path: str
    pids: Sequence[int]
    stage: Stage | None = None
    rounds: list[Measured] = field(default_factory=list)

    def drive(self, count: int, **options: int) -> Measured:
        """Send a load and keep what it gave."""
        self.rounds.append(drive(self.ports, self.path, count, **options))
        return self.rounds[-1]

    @property
    def per_second(self) -> float:
        """Median of the rounds."""
        return statistics.median(one.per_second for one in self.rounds)

    def percentile(self, percent: int) -> float:
        """Median of the rounds, in milliseconds."""
        return statistics.median(one.percentile(percent) for one in self.rounds)

    @property
    def broken(self) -> int:
        """Answers 5xx in all rounds, and those that never came."""
        return sum(one.broken for one in self.rounds)

    def line(self) -> str:
        """In words."""
        wrong = f"   {self.broken} answers 5xx or none" if self.broken else ""
        return f"  {self.name:<34} {self.per_second:7.0f}/s   p50 {self.percentile(50):7.1f} ms   p99 {self.percentile(99):7.1f} ms{wrong}"


@contextmanager
def floor(name: str, place: Path, *, database: str = "", processes: int = 1, env: Mapping[str, str] | None = None) -> Iterator[Target]:
    """The bare endpoint of bench/floor.py on an SQLite file of its own, or on `database`."""
    place.mkdir()
    environment = {**os.environ, "FLOOR_DATABASE": database or str(place / "floor.db"), "PYTHONPATH": str(ROOT), **(env or {})}
    with ExitStack() as stack:
        ports, pids = [free_port() for _ in range(processes)], []
        for port in ports:
            command = [
                *(sys.executable, "-m", "uvicorn", "--factory", "bench.floor:create_app", "--host", "127.0.0.1", "--port", str(port)),
                *("--no-access-log", "--log-level", "warning"),
            ]
            pids.append(stack.enter_context(running(command, port=port, ready="/ready", env=environment, log=place / "server.log")).pid)
        yield Target(name, ports, "/reports", pids)


@contextmanager
def intake(  # noqa: PLR0913 -- what differs between the rows
    name: str, place: Path, *, database: str = "", processes: int = 1, env: Mapping[str, str] | None = None, batch_seconds: int = DAY
) -> Iterator[Target]:
    """`saksei-intake serve`, so many processes on one database; no batch is due while it is measured, unless `batch_seconds` is short."""
    place.mkdir()
    stage = Stage(place, database)
    options = ("--demo", "--demo-batch-seconds", str(batch_seconds), "--demo-deadline", str(4102444800))
    stage.build_call(ROOT / "questionnaire" / "calls" / f"{CALL}.yaml", *options)
    with ExitStack() as stack:
        ports, pids = [stage.port, *(free_port() for _ in range(processes - 1))], []
        for port in ports:
            environment = {**stage.environment, **(env or {}), "SAKSEI_PORT": str(port)}
            command = [str(COMMANDS / "saksei-intake"), "serve"]
            pids.append(stack.enter_context(running(command, port=port, ready="/readyz", env=environment, log=place / "server.log")).pid)
        yield Target(name, ports, f"/calls/{CALL}/reports", pids, stage)


def measure(targets: Sequence[Target], count: int, *, rounds: int = ROUNDS) -> None:
    """Drive all of them in turns, so that what else the machine does falls on each alike; print what each gave."""
    for target in targets:
        drive(target.ports, target.path, max(count // 10, 64))
    for _ in range(rounds):
        for target in targets:
            target.drive(count // rounds)
    for target in targets:
        print(target.line(), flush=True)
