"""How much memory some work takes at its most: it runs in a process of its own, which says so itself."""

import resource
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def taken() -> int:
    """The most bytes of memory that this process ever had at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def most_memory(module: str, *arguments: str | Path) -> int:
    """Run `python -m module arguments…`, which prints a number of bytes as its last line, and return that number.

    A shell stands between: a process inherits the most that the one which started it ever had, and pytest has had much.
    """
    command = shlex.join([sys.executable, "-m", module, *map(str, arguments)])
    done = subprocess.run(["/bin/sh", "-c", f"{command}; exit $?"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1])
