"""Taking figures on a machine that others use too: what is compared is timed in turn, so that their load falls on all of it alike."""

from __future__ import annotations

import os
import re
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 7


def medians(*works: Callable[[], object], rounds: int = ROUNDS, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Median seconds of each of `works`; see `taken`."""
    return [statistics.median(times) for times in taken(*works, rounds=rounds, clock=clock)]


def taken(*works: Callable[[], object], rounds: int = ROUNDS, clock: Callable[[], float] = time.perf_counter) -> list[list[float]]:
    """Seconds of each of `works`, the shortest first; each runs once unmeasured, then once a round, one after the other.

    With `clock` time.process_time they are those that a core worked for this process, not those it waited for one.
    """
    all_times: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for work, times in zip(works, all_times, strict=True):
            started = clock()
            work()
            if number:
                times.append(clock() - started)
    return [sorted(times) for times in all_times]


def load() -> str:
    """What else the machine does while this runs, in words: the processes that were waiting for a core in the last minute."""
    return f"(load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)"


def most_memory() -> int:
    """KiB of memory that this process ever had at once. (ru_maxrss would count the process that started it, too.)"""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    if found is None:
        raise RuntimeError("this kernel does not count memory")
    return int(found[1])
