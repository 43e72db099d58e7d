"""The two small C programs of the benchmarks, compiled with `cc` when they are needed: the load, and the slowed flush."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent


def compiled(name: str, place: Path, *options: str) -> Path:
    """Compile bench/<name>.c into the folder `place` and return the result. Raises FileNotFoundError where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("the benchmarks need a C compiler called `cc`")
    target = place / name
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", *options, "-o", str(target), str(HERE / f"{name}.c")], check=True)
    return target


def load_program(place: Path) -> Path:
    """bench/load.c, compiled."""
    return compiled("load", place)


def slow_flush_library(place: Path) -> Path:
    """bench/slow_flush.c, compiled to be named by LD_PRELOAD."""
    return compiled("slow_flush", place, "-shared", "-fPIC")
