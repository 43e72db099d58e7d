"""How fast reports are accepted, durably, each figure beside its floor of the same run: `python bench/intake.py [row…] [--reports N]`.

Rows: one, two, flush, postgresql, storm, memory, growth; all of them when none is named. Bodies are of the 64 KiB class, 64 connections,
and the load (bench/load.c, compiled by `cc` when it starts) runs on the same processors: the ratios carry over to other machines and the
absolute figures do not. The exit code is 0 when every target that was measured is reached, 1 when one is not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from bench.compiled import slow_flush_library
from bench.growth import costs
from bench.postgresql import intake_url, postgresql_server
from bench.promises import await_published, count_kept
from bench.stage import Stage
from bench.targets import CALL, ROOT, Target, floor, intake, measure

if TYPE_CHECKING:
    from collections.abc import Callable

REPORTS = 6000
SLOW_MICROSECONDS = 2000
LARGE = 16 << 20
UPLOADS = 64
MEMORY_MIB = 200
STORMS = (64, 256)
STORM_BATCH_SECONDS = 15
FEW, MANY = 1_000, 100_000
SAMPLE = 2_000
SLOPE = 1.25


def told(what: str, value: float, bound: float, *, least: bool) -> bool:
    """Print a figure beside what it must reach; True when it does."""
    reached = value >= bound if least else value <= bound
    side = "at least" if least else "at most"
    print(f"    {what}: {value:.2f}, {side} {bound:g} wanted{'' if reached else ' -- NOT REACHED'}", flush=True)
    return reached


def beside(target: Target, base: Target, accepted: float, tail: float | None = None) -> bool:
    """Hold a target against its floor: the part of its reports a second, and how many times its p99."""
    reached = told(f"accepted a second beside {base.name}", target.per_second / base.per_second, accepted, least=True)
    return (
        reached
        if tail is None
        else told(f"p99 beside {base.name}", target.percentile(99) / base.percentile(99), tail, least=False) and reached
    )


def one(place: Path, count: int) -> bool:
    """One process on SQLite beside the bare endpoint."""
    with floor("floor", place / "floor") as base, intake("saksei", place / "saksei") as ours:
        measure([base, ours], count)
        return beside(ours, base, 0.6, 2)


def two(place: Path, count: int) -> bool:
    """Two processes on one SQLite file beside one."""
    with (
        floor("floor", place / "floor") as base,
        intake("one process", place / "one") as single,
        intake("two processes", place / "two", processes=2) as double,
    ):
        measure([base, single, double], count)
        return beside(double, single, 1, 2)


def flush(place: Path, count: int) -> bool:
    """Every flush of the disk slowed down by 2 ms."""
    env = {"LD_PRELOAD": str(slow_flush_library(place)), "SLOW_FLUSH_MICROSECONDS": str(SLOW_MICROSECONDS)}
    with (
        floor("floor, slow disk", place / "floor", env=env) as base,
        floor("one commit a report, slow disk", place / "single", env={**env, "FLOOR_GROUP": "1"}) as single,
        intake("saksei, slow disk", place / "saksei", env=env) as ours,
    ):
        measure([base, single, ours], count)
        reached = beside(ours, base, 0.6)
        return beside(ours, single, 8) and reached


def postgresql(place: Path, count: int) -> bool:
    """Two processes on PostgreSQL beside a bare insert through asyncpg."""
    with (
        postgresql_server() as url,
        floor("asyncpg, two processes", place / "floor", database=url, processes=2) as base,
        intake("saksei, two processes", place / "saksei", database=intake_url(url), processes=2) as ours,
    ):
        measure([base, ours], count)
        return beside(ours, base, 0.6)


def storm(place: Path, count: int) -> bool:
    """No answer 5xx, and every promise in the bundle afterwards."""
    reached = True
    for connections in STORMS:
        with intake(f"saksei, {connections} connections", place / str(connections), batch_seconds=STORM_BATCH_SECONDS) as ours:
            measured = ours.drive(count, connections=connections)
            print(ours.line(), flush=True)
            stage: Stage = ours.stage  # type: ignore[assignment]
            await_published(stage, CALL, len(measured.promises) + 1)
        kept = count_kept(stage, CALL, measured.promises)
        print(f"    {len(measured.promises)} promises given, {kept} kept", flush=True)
        reached = told("answers 5xx or none", ours.broken, 0, least=False) and kept == len(measured.promises) > 0 and reached
    return reached


def memory(place: Path, _count: int) -> bool:
    """Peak resident memory while 64 of the largest reports come in at once."""
    with intake("saksei", place / "saksei") as ours:
        ours.drive(UPLOADS)  # idle means: after the first requests
        ours.rounds.clear()
        idle = status_of(ours.pids[0], "VmRSS")
        Path(f"/proc/{ours.pids[0]}/clear_refs").write_text("5")  # forget the peak of before
        ours.drive(UPLOADS, connections=UPLOADS, padded=LARGE)
        peak = status_of(ours.pids[0], "VmHWM")
    print(f"  {UPLOADS} uploads of 16 MiB at once: idle {idle:.0f} MiB, peak {peak:.0f} MiB, {dict(ours.rounds[0].statuses)}")
    return told("MiB over idle", peak - idle, MEMORY_MIB, least=False) and ours.rounds[0].statuses[201] == UPLOADS


def status_of(pid: int, name: str) -> float:
    """A line of /proc/<pid>/status in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def growth(place: Path, stored: int) -> bool:
    """What a report costs to accept and to publish, with few and with many reports in the log."""
    stage = Stage(place)
    stage.build_call(ROOT / "questionnaire" / "calls" / f"{CALL}.yaml", "--demo", "--demo-batch-seconds", "1")
    few, many = costs(stage, CALL, (FEW, stored), SAMPLE)
    for cost in (few, many):
        print(f"  {cost.stored:>7} stored: accepting {cost.accepting * 1e6:6.0f} µs a report, publishing {cost.publishing * 1e6:6.0f} µs")
    reached = told("accepting, many beside few", many.accepting / few.accepting, SLOPE, least=False)
    return told("publishing, many beside few", many.publishing / few.publishing, SLOPE, least=False) and reached


ROWS: dict[str, Callable[[Path, int], bool]] = {row.__name__: row for row in (one, two, flush, postgresql, storm, memory, growth)}


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("rows", nargs="*", metavar="row", help=", ".join(ROWS))
    parser.add_argument("--reports", type=int, default=REPORTS, help="in all rounds of a measure")
    parser.add_argument("--stored", type=int, default=MANY, help="reports in the log for the row growth")
    asked = parser.parse_args()
    unknown = sorted(set(asked.rows) - set(ROWS))
    if unknown:
        parser.error(f"there is no row {', '.join(unknown)}")
    reached = True
    for name in asked.rows or ROWS:
        print(f"{name}: {ROWS[name].__doc__}", flush=True)
        with ExitStack() as stack:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="saksei-bench-")))
            reached = ROWS[name](place, asked.stored if name == "growth" else asked.reports) and reached
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
