"""The publisher is stopped (SIGSTOP) in mid-batch, another publishes meanwhile, and then it wakes up: no second history comes of it.

The publisher is `saksei-intake publish`, stopped by the library of tests/torture/power.c. Then its lock is broken, as a host loses it that
seems to be dead: on PostgreSQL its sessions are ended, and the other is a host with a log state of its own; on SQLite the lock's file is
taken away. What the sleeper holds besides stays with it: while it holds the log state nobody else signs, and while it is inside of a
transaction of SQLite nobody else writes. `python -m tests.torture.paused [--step N] [--database NAME]`; at every event (`--step 1`) unless
told otherwise, until a pass ends before it would have stopped.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import signal
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import asyncpg

from tests.torture.crowd import Crowd
from tests.torture.keeping import exit_code, say, settle
from tests.torture.power import compiled
from tests.torture.publisher import REPORTS, Succession
from tests.torture.scene import DATABASES, START_SECONDS, Server, answers, staged

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.torture.keeping import Verdict
    from tests.torture.scene import Scene
    from tests.torture.spawner import Forked

RENAMING = "rename"
"""Stop where the batch is in the log, and what is to be signed is about to be kept: nothing is signed yet."""

TRIES = 20
SIGNED = "SELECT size, note FROM batches WHERE note IS NOT NULL"


class AliveError(Exception):
    """The pass ended before it would have been stopped."""


@dataclass
class Pauses(Succession):
    """Publishers of a scene that are stopped and wake up; `signed` is every checkpoint that was ever seen in the database."""

    signed: dict[int, bytes] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)

    @property
    def other(self) -> Server:
        """Who publishes meanwhile."""
        return self.scene.servers[1]

    def pause(self, stop: str) -> None:
        """Stop a publisher there, have the other do its work, and wake it up. Raises AliveError when it is done before that."""
        sleeper = self._asleep(stop)
        held = [name for name, path in self._locks().items() if _is_locked(path)]
        self.met[held[0] if held else "nothing"] += 1
        self.look()
        if "transaction" not in held:
            self._break_lock()
            self.other.start(ready="/healthz")
            self._send()
            self._await_other(signs=not held)
        os.kill(sleeper.pid, signal.SIGCONT)
        _await_end(sleeper)
        if "transaction" in held:
            self.other.start()
        self.catch_up(self.other)
        self.look()
        self.other.kill()

    def look(self) -> None:
        """Read every checkpoint that was signed; where one became another, or is not in the log any more, there is a second history."""
        now = dict(signed(self.scene))
        changed = [size for size, note in self.signed.items() if now.get(size) != note]
        self.crowd.faults += [f"a second history over {size} entries" for size in changed]
        self.signed |= now

    def _asleep(self, stop: str) -> Forked:
        """A publisher that was stopped there; there is something to publish."""
        for _ in range(TRIES if stop == RENAMING else 1):
            self.batch()
            env = {"LD_PRELOAD": str(self.library)}
            publisher = self.scene.spawner((), env).launch(
                ["publish"], {**self.scene.environment, "POWER_STOP": stop}, self.scene.place / "sleeper.log"
            )
            while publisher.lives:
                if publisher.status[0] == "T":
                    return publisher
                time.sleep(0.01)
        raise AliveError

    def _locks(self) -> dict[str, Path]:
        """What a sleeper may hold that cannot be taken from it."""
        if self.scene.postgres is not None:
            return {}
        data = self.scene.place / "data"
        return {"transaction": data / "intake.db.writer-lock", "log state": data / "log" / f"{self.scene.call.id}.lock"}

    def _break_lock(self) -> None:
        if self.scene.postgres is None:
            (self.scene.place / "data" / "intake.db.publisher-lock").unlink()
        else:
            asyncio.run(end_sessions(self.scene.postgres.url()))

    def _send(self) -> None:
        """People send to the other, who takes their reports whatever the sleeper holds."""
        with Crowd(self.scene.call, [self.other.target], size=REPORTS, pause=0.1) as lot:
            lot.grown(REPORTS)
        self.crowd.kept += lot.kept
        self.crowd.waiting += lot.waiting
        self.crowd.faults += lot.faults

    def _await_other(self, *, signs: bool) -> None:
        """The other signs all there is, or, while the sleeper keeps the log state to itself, nothing; it answers either way."""
        before = len(self.signed)
        if signs:
            self.catch_up(self.other)
        self.look()
        if (len(self.signed) > before) != signs:
            self.crowd.faults.append("the other signed what it may not" if len(self.signed) > before else "the other signed nothing")
        if not all(answers(self.other.target, path) for path in ("/healthz", "/", f"/calls/{self.scene.call.id}/log/entries")):
            self.crowd.faults.append("the other does not answer")


def signed(scene: Scene) -> list[tuple[int, bytes]]:
    """Size and note of every checkpoint in the database."""
    if scene.postgres is not None:
        return asyncio.run(_signed(scene.postgres.url()))
    with closing(sqlite3.connect(f"file:{scene.place}/data/intake.db?mode=ro", uri=True, timeout=START_SECONDS)) as database:
        return [(int(size), bytes(note)) for size, note in database.execute(SIGNED)]


async def _signed(url: str) -> list[tuple[int, bytes]]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return [(row["size"], row["note"]) for row in await connection.fetch(SIGNED)]
    finally:
        await connection.close()


async def end_sessions(url: str) -> None:
    """End every session of the intake, as the database does with a host that gives no sign of life."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE application_name = 'saksei'")
    finally:
        await connection.close()


def _is_locked(path: Path) -> bool:
    """Whether somebody holds the lock on this file."""
    if not path.exists():
        return False
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _await_end(sleeper: Forked) -> None:
    until = time.monotonic() + 2 * START_SECONDS
    while sleeper.lives:
        if time.monotonic() > until:
            os.kill(sleeper.pid, signal.SIGKILL)
            raise TimeoutError("the publisher that woke up does not end")
        time.sleep(0.01)


def pauses(database: str, stops: Iterable[str]) -> Verdict:
    """Stop a publisher at each of these, until one is done before; then settle."""
    with staged(database) as scene:
        story = Pauses(scene, Crowd(scene.call, [scene.server.target]), compiled(scene.place))
        another = scene.another() if scene.postgres is None else scene.another(SAKSEI_LOG_STATE_DIR=str(scene.place / "state-2"))
        scene.intake("publish", "--trust-database", env={"SAKSEI_LOG_STATE_DIR": another.environment["SAKSEI_LOG_STATE_DIR"]})
        for stop in stops:
            try:
                story.pause(stop)
            except AliveError:
                break
            say(f"{database}: stopped at {stop}, {len(story.crowd.kept)} promises")
        say(f"{database}: {sum(story.met.values())} pauses; what the sleeper kept others from: {dict(story.met)}")
        if not story.met:
            story.crowd.faults.append("nobody was ever stopped")
        scene.server.start()
        story.crowd.finish()
        scene.server.stop()
        return settle(scene, story.crowd, story.kept_files())


def main() -> int:
    """Run it on the databases that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.paused", description=__doc__)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--database", choices=DATABASES, action="append")
    chosen = parser.parse_args()
    names = chosen.database or DATABASES
    return exit_code([(f"publisher paused, {name}", pauses(name, map(str, count(1, chosen.step)))) for name in names])


if __name__ == "__main__":
    sys.exit(main())
