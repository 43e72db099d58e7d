"""Runs `saksei-intake` many times without the seconds that Python takes to begin: a process that has read the program forks for each run.

`python -m tests.torture.spawner` takes a JSON object a line and answers one a line. What runs is `app.cli.run`, as the console script does.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Forked:
    """A run that goes on: its number, which is its group's too."""

    pid: int

    @property
    def status(self) -> list[str]:
        """State and what follows in proc(5); nothing once it is gone."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return []

    @property
    def lives(self) -> bool:
        """Whether it still runs."""
        return self.status[:1] not in ([], ["Z"], ["X"])


class Spawner:
    """The process that forks; everything it started is killed by its starter, not by it. `wrapper` and `env` are those of its own start."""

    def __init__(self, wrapper: Sequence[str], env: dict[str, str]) -> None:
        """Start it; the first order waits until it has read the program."""
        command = [*wrapper, sys.executable, "-m", "tests.torture.spawner"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**env, "PYTHONPATH": str(ROOT)}, cwd=ROOT
        )

    def launch(self, arguments: Sequence[str], env: dict[str, str], log: Path) -> Forked:
        """Begin a run; what it says is appended to `log`."""
        return Forked(int(self._order({"arguments": list(arguments), "env": env, "out": str(log), "err": str(log), "wait": False})["pid"]))

    def run(self, arguments: Sequence[str], env: dict[str, str], place: Path) -> subprocess.CompletedProcess[str]:
        """Run to the end; a run that a signal ended has its number, negative, as its code."""
        out, err = place / "run.out", place / "run.err"
        for file in (out, err):
            file.write_text("")
        answer = self._order({"arguments": list(arguments), "env": env, "out": str(out), "err": str(err), "wait": True})
        return subprocess.CompletedProcess(list(arguments), int(answer["code"]), out.read_text(), err.read_text())

    def end(self) -> None:
        """Let it go."""
        for end in (self._process.stdin, self._process.stdout):
            if end is not None:
                end.close()
        self._process.wait(60)

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@functools.cache
def spawner_of(wrapper: tuple[str, ...], extra: tuple[tuple[str, str], ...]) -> Spawner:
    """The one that runs behind `wrapper` with `extra` in its environment, for all scenes of this process; it goes when that does."""
    spawner = Spawner(wrapper, {**os.environ, **dict(extra)})
    atexit.register(spawner.end)
    return spawner


def fork(order: dict[str, Any]) -> int:
    """Fork a run as it was ordered; return its number."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        _become(order)
        from app.cli import run  # noqa: PLC0415 -- read before, by main(), where reading it is paid for once

        code = run(order["arguments"])
        sys.stdout.flush()
    finally:
        os._exit(code)


def _become(order: dict[str, Any]) -> None:
    os.environ.update(order["env"])
    for descriptor, path in ((0, os.devnull), (1, order["out"]), (2, order["err"])):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)


def serve(orders: IO[str], answers: IO[str]) -> None:
    """Take orders until there are no more."""
    for line in orders:
        order = json.loads(line)
        pid = fork(order)
        answer = {"pid": pid}
        if order["wait"]:
            answer = {"code": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}
        else:
            _bury()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _bury() -> None:
    """Count those who ended meanwhile, so that no dead ones pile up."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return


if __name__ == "__main__":
    import app.cli  # noqa: F401 -- this is what takes the seconds

    serve(sys.stdin, sys.stdout)
