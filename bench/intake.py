"""How fast reports are accepted, durably, beside a bare endpoint that commits the same bytes: `python bench/intake.py [reports]`.

Prints one line a measure and the ratio to the floor of the same run. 64 KiB class, 64 connections, on this machine's cores together with
the load itself, so the ratios carry over to other machines and the absolute figures do not.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from bench.load import Measured, bodies, drive
from bench.stage import Stage, free_port, running

ROOT = Path(__file__).resolve().parent.parent

CALL = "transnational-repression"


def floor(place: Path, count: int) -> Measured:
    """Measure the bare endpoint of bench/floor.py."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "uvicorn", "--factory", "bench.floor:create_app", "--host", "127.0.0.1", "--port", str(port)),
        *("--no-access-log", "--log-level", "warning"),
    ]
    env = {**os.environ, "FLOOR_DATABASE": str(place / "floor.db"), "PYTHONPATH": str(ROOT)}
    with running(command, port=port, ready="/ready", env=env, log=place / "floor.log"):
        drive(port, "/reports", bodies(count // 10))
        return drive(port, "/reports", bodies(count))


def service(place: Path, count: int) -> Measured:
    """Measure `saksei-intake serve` on SQLite."""
    stage = Stage(place)
    stage.build_call(ROOT / "questionnaire" / "calls" / f"{CALL}.yaml", "--demo")
    with stage.serving():
        drive(stage.port, f"/calls/{CALL}/reports", bodies(count // 10))
        return drive(stage.port, f"/calls/{CALL}/reports", bodies(count))


def line(name: str, measured: Measured) -> str:
    """One measure in words."""
    answers = ", ".join(f"{count} × {status}" for status, count in sorted(measured.statuses.items()))
    p50, p99 = measured.percentile(50), measured.percentile(99)
    return f"{name:<8} {measured.per_second:8.0f}/s   p50 {p50:6.1f} ms   p99 {p99:6.1f} ms   {answers}"


def main() -> None:
    """Measure both, print both, print their ratio."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 6000
    with tempfile.TemporaryDirectory() as folder:
        below, ours = Path(folder, "floor"), Path(folder, "service")
        below.mkdir()
        ours.mkdir()
        base, saksei = floor(below, count), service(ours, count)
    print(line("floor", base))
    print(line("saksei", saksei))
    accepted, tail = saksei.per_second / base.per_second, saksei.percentile(99) / base.percentile(99)
    print(f"ratio    accepted a second {accepted:.2f} of the floor, p99 {tail:.2f} × the floor's")


if __name__ == "__main__":
    main()
