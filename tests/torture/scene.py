"""A call on a real server over either kind of database, in a folder that goes with the scene; servers are started and killed here."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bench.stage import COMMANDS, Stage, free_port
from tests.app.made import write_call
from tests.torture.postgres import Postgres, new_folder
from tests.torture.spawner import spawner_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.app.made import MadeCall
    from tests.torture.spawner import Forked, Spawner

    Completed = subprocess.CompletedProcess[str]

DATABASES = ("sqlite", "postgresql")
LATER = ("faketime", "-f", "+2d")
"""What goes before a command that is to see the day after tomorrow: the calls here are over by then."""

WALL_CLOCK_ONLY = {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}
"""As on a real machine: the clock of the wall is moved, the one that waiting is measured by is not (with both moved, waits never end)."""

SOON = {"batch_seconds": 2, "batch_min": 1, "max_k": 16}
"""A boundary every other second, and reports of the smallest size only."""

START_SECONDS = 90.0


@dataclass
class Server:
    """One `saksei-intake serve`: settings, where it listens, and whether it lives."""

    scene: Scene
    environment: dict[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    host: str = "127.0.0.1"
    forked: Forked | None = None

    @property
    def target(self) -> tuple[str, int]:
        """Where it listens."""
        return self.host, self.port

    def launch(self, *wrapper: str, own: dict[str, str] | None = None, **extra: str) -> None:
        """Start it; `wrapper` and `extra` are those of the program that it is forked of, `own` is for its own environment."""
        spawner = self.scene.spawner(wrapper, extra)
        env = {**self.environment, **extra, **(own or {}), "SAKSEI_HOST": self.host, "SAKSEI_PORT": str(self.port)}
        self.forked = spawner.launch(["serve"], env, self.log)

    def start(self, *wrapper: str, ready: str = "/readyz", **extra: str) -> None:
        """Start it and wait until it answers."""
        self.launch(*wrapper, own=None, **extra)
        self.await_ready(ready)

    def await_ready(self, path: str = "/readyz") -> None:
        """Wait until it answers 200. Raises RuntimeError when it ends, TimeoutError when the time is up."""
        until = time.monotonic() + START_SECONDS
        while not answers(self.target, path):
            if self.forked is None or not self.forked.lives:
                raise RuntimeError("the server ended:\n" + self.scene.said())
            if time.monotonic() > until:
                raise TimeoutError("the server did not come up:\n" + self.scene.said())
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait; one that does not is killed."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        if self.forked is None or not self.forked.lives:
            return
        os.killpg(self.forked.pid, number)
        until = time.monotonic() + START_SECONDS
        while self.forked.lives:
            if time.monotonic() > until:
                os.killpg(self.forked.pid, signal.SIGKILL)
            time.sleep(0.01)


def answers(target: tuple[str, int], path: str) -> bool:
    """Whether GET `path` is answered with 200."""
    connection = http.client.HTTPConnection(*target, timeout=10)
    try:
        connection.request("GET", path, headers={"host": "localhost"})
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@dataclass
class Scene:
    """One call, migrated and added, and the servers that take its reports.

    `ambient` is in the environment of everything that runs here from its start; `later` is the wrapper and the environment by which a
    program sees the call as over.
    """

    place: Path
    call: MadeCall
    postgres: Postgres | None
    stage: Stage
    ambient: dict[str, str] = field(default_factory=dict)
    later: tuple[tuple[str, ...], dict[str, str]] = (LATER, WALL_CLOCK_ONLY)
    servers: list[Server] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the intake; what was signed last stands beside a SQLite database, so that one folder is the whole disk."""
        return {**self.stage.environment, "SAKSEI_LOG_STATE_DIR": str(self.place / "data" / "log")}

    @property
    def server(self) -> Server:
        """The first one."""
        return self.servers[0] if self.servers else self.another()

    def another(self, **settings: str) -> Server:
        """One more server, not yet started; `settings` replace environment variables."""
        made = Server(self, {**self.environment, **settings}, self.place / f"server-{len(self.servers)}.log")
        self.servers.append(made)
        return made

    def spawner(self, wrapper: tuple[str, ...], extra: dict[str, str]) -> Spawner:
        """What runs `saksei-intake` behind `wrapper`, with `extra` in its environment from the start."""
        return spawner_of(wrapper, tuple(sorted({**self.ambient, **extra}.items())))

    def intake(
        self, *arguments: str | Path, wrapper: tuple[str, ...] = (), check: bool = True, env: dict[str, str] | None = None
    ) -> Completed:
        """Run `saksei-intake`, with `env` in its environment from the start; a refusal raises unless `check` is False."""
        words = [str(argument) for argument in arguments]
        done = self.spawner(wrapper, env or {}).run(words, {**self.environment, **(env or {})}, self.place)
        return self._checked(done) if check else done

    def reviewer(self, *arguments: str | Path) -> Completed:
        """Run `saksei-reviewer`, whatever comes of it."""
        command = [str(COMMANDS / "saksei-reviewer"), *map(str, arguments)]
        return subprocess.run(command, env=self.stage.environment, capture_output=True, text=True, check=False, cwd=self.place)

    def said(self) -> str:
        """The last that each server wrote."""
        return "\n".join(server.log.read_text()[-1000:] for server in self.servers if server.log.exists())

    def end(self) -> None:
        """Kill whatever still runs."""
        for server in self.servers:
            server.kill()
        if self.postgres is not None:
            self.postgres.kill()

    def _checked(self, done: Completed) -> Completed:
        if done.returncode:
            raise RuntimeError(f"{done.args[:6]}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}\n{self.said()}")
        return done


@contextmanager
def staged(
    database: str, *, postgres: Postgres | None = None, place: Path | None = None, ambient: dict[str, str] | None = None, **overrides: Any
) -> Iterator[Scene]:
    """A scene over `database` (one of DATABASES); `overrides` replace keys of call.json. Everything of it goes at the end."""
    folder = place or new_folder("saksei-torture-")
    scene = None
    try:
        if database == "postgresql" and postgres is None:
            postgres = Postgres(folder)
            postgres.start()
        package = folder / "package"
        package.mkdir()
        stage = Stage(folder, "" if postgres is None else postgres.url())
        scene = Scene(folder, write_call(package, **{**SOON, **overrides}), postgres, stage, ambient or {})
        scene.intake("migrate")
        scene.intake("call", "add", package)
        yield scene
    finally:
        if scene is not None:
            scene.end()
        elif postgres is not None:
            postgres.kill()
        if place is None:
            shutil.rmtree(folder, ignore_errors=True)
