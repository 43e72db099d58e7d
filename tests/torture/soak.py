"""A long evening: 100,000 reports of the smallest class, one after another into one server, published batch by batch while they come.

`python -m tests.torture.soak --reports 100000 --database sqlite` (or postgresql; both, one after the other, unless one is named). A batch
is due every 30 seconds; with fewer reports `--batch-seconds` makes it come often enough to be seen. Memory
and the cost of a report must stay where they were after the first tenth; then `check`, `export` and `saksei-reviewer verify` pass, and
every promise that was given is in the bundle. Takes 15 GB of disk for 100,000 reports, in a temporary folder that is removed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from app.sqlite import WRITER_CACHE_KIB
from bench.load import Measured, drive
from bench.postgresql import intake_url, postgresql_server
from bench.promises import await_published, count_kept
from bench.stage import Stage

ROOT = Path(__file__).resolve().parent.parent.parent
CALL = "transnational-repression"
ROUNDS = 20
BATCH_SECONDS = 30
BYTES_A_REPORT = 150_000
"""What a report takes of the disk: in the database and in the bundle."""
GROWTH_MIB = 32 + WRITER_CACHE_KIB // 1024
"""How much more memory the last rounds may take than the first: allocators breathe, and the cache of SQLite's writer, which is bounded,
fills when the first large batch is cut."""
SLOPE = 1.5
"""How much more processor time a report may cost in the last rounds than in the first."""


@dataclass(frozen=True)
class Round:
    """What one part of the run gave: the answers, the server's memory after it (MiB), and its processor time a report (microseconds)."""

    measured: Measured
    memory: float
    cost: float

    def line(self, number: int) -> str:
        """In words."""
        p50, p99 = self.measured.percentile(50), self.measured.percentile(99)
        longest = max(self.measured.milliseconds)
        rate = f"{self.measured.per_second:6.0f}/s   p50 {p50:6.1f} ms   p99 {p99:7.1f} ms   longest {longest:7.1f} ms"
        return f"{number:2}   {rate}   {self.cost:6.0f} µs of processor a report   {self.memory:6.1f} MiB"


def memory_of(pid: int) -> float:
    """Resident memory of a process in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def processor_of(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_round(stage: Stage, pid: int, count: int) -> Round:
    """Send `count` reports over 64 connections."""
    before = processor_of(pid)
    measured = drive([stage.port], f"/calls/{CALL}/reports", count)
    return Round(measured, memory_of(pid), (processor_of(pid) - before) / count * 1e6)


def faults_of(rounds: list[Round]) -> list[str]:
    """What did not stay flat, or was answered with an error. The first tenth is left out: caches fill."""
    settled = rounds[len(rounds) // 10 :]
    part = max(len(settled) // 3, 1)
    first, last = settled[:part], settled[-part:]
    faults = [f"{one.measured.broken} answers 5xx or none" for one in rounds if one.measured.broken]
    grown = max(one.memory for one in last) - max(one.memory for one in first)
    if grown > GROWTH_MIB:
        faults.append(f"memory grew by {grown:.0f} MiB")
    slope = sum(one.cost for one in last) / sum(one.cost for one in first)
    if slope > SLOPE:
        faults.append(f"a report costs {slope:.2f} × what it did")
    print(f"memory {grown:+.1f} MiB, cost of a report {slope:.2f} ×, from the first third to the last")
    return faults


def soak(place: Path, reports: int, database_url: str, batch_seconds: int) -> bool:
    """Run it all and print it; True when nothing is wrong."""
    stage = Stage(place, database_url)
    stage.build_call(ROOT / "questionnaire" / "calls" / f"{CALL}.yaml", "--demo", "--demo-batch-seconds", str(batch_seconds))
    rounds: list[Round] = []
    with stage.serving() as server:
        for number in range(ROUNDS):
            rounds.append(run_round(stage, server.pid, reports // ROUNDS))
            print(rounds[-1].line(number + 1), flush=True)
        promises = [promise for one in rounds for promise in one.measured.promises]
        await_published(stage, CALL, len(promises) + 1)
    faults = faults_of(rounds)
    stage.run("saksei-intake", "check")  # raises unless everything holds
    print("check: passed")
    kept = count_kept(stage, CALL, promises)
    print(*(f"FAULT: {fault}" for fault in faults), f"{len(promises)} promises given, {kept} kept", sep="\n", flush=True)
    return not faults and kept == len(promises) > 0


def run_on(database: str, reports: int, batch_seconds: int) -> bool:
    """Soak one kind of database in a folder of its own."""
    began = time.monotonic()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="saksei-soak-")))
        url = intake_url(stack.enter_context(postgresql_server())) if database == "postgresql" else ""
        print(f"{database}: {reports} reports of 64 KiB, {shutil.disk_usage(place).free >> 30} GiB free", flush=True)
        sound = soak(place, reports, url, batch_seconds)
        print(f"{database}: {'sound' if sound else 'NOT SOUND'} after {time.monotonic() - began:.0f} s", flush=True)
    return sound


def main() -> int:
    """Soak what was asked for; 0 when it was sound, 2 where there is no room."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    parser.add_argument("--batch-seconds", type=int, default=BATCH_SECONDS)
    asked = parser.parse_args()
    if shutil.disk_usage(tempfile.gettempdir()).free < asked.reports * BYTES_A_REPORT * 1.5:
        print("there is not enough room in the temporary folder for so many reports", file=sys.stderr)
        return 2
    chosen = [asked.database] if asked.database else ["sqlite", "postgresql"]
    sound = [run_on(database, asked.reports, asked.batch_seconds) for database in chosen]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
