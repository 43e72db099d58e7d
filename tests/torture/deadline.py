"""The deadline from outside: one second either side of it, at both changes of daylight saving time, and an upload that lies across it.

The clock that decides is the database's: SQLite's is the server's own, moved with it (libfaketime); on PostgreSQL only the database server
is moved, and the host that takes the reports is wrong by months. What must be on time is sent while the clock stands still a second before
the deadline, what must be late while it runs on from a second after it, so that a slow machine changes nothing. At the end each database is
asked by raw SQL, without a line of ours. `python -m tests.torture.deadline [--database NAME] [--change NAME]`; all unless told otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg

from questionnaire.times import deadline_instant
from tests.torture.clock import moved_by
from tests.torture.crowd import Crowd, Errand, errand
from tests.torture.keeping import Verdict, exit_code, settle
from tests.torture.postgres import Postgres, new_folder
from tests.torture.scene import DATABASES, Scene, staged

if TYPE_CHECKING:
    from pathlib import Path

ZONE = "America/New_York"
CHANGES = {
    "spring": ("2027-03-14T01:59", 1805007600),  # the minute before the one that does not exist: 03:00 follows it
    "autumn": ("2026-11-01T01:30", 1793514660),  # a minute that is there twice: the later one counts, and is included
}
"""The last minute of a call, and the first instant that is late, worked out by hand: 07:00:00 and 06:31:00 UTC."""

GRACE = 600
STOPPED = 5.0
"""Seconds that an upload rests across the deadline."""

INSERT = "INSERT INTO pending_reports (call, digest, handle, batch) VALUES ({0}, {1}, {2}, {3})"
SQLITE = f"""
import json, os, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
row = (sys.argv[2], os.urandom(32), os.urandom(32), int(sys.argv[3]))
try:
    database.execute("{INSERT.format("?", "?", "?", "?")}", row)
except sqlite3.IntegrityError as error:
    print(error.sqlite_errorname)
database.rollback()
"""


@dataclass
class Clock:
    """A clock in a file: it stands still, or runs on from an instant (unix seconds)."""

    file: Path

    def stand(self, instant: float) -> None:
        """Stand still."""
        self._write(datetime.datetime.fromtimestamp(instant, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S.%f"))

    def run_from(self, instant: float) -> None:
        """Run on from there."""
        self._write(f"{instant - time.time():+.3f}")

    @property
    def environment(self) -> dict[str, str]:
        """What makes a program's clock this one."""
        return {**moved_by(self.file), "TZ": "UTC"}

    def _write(self, text: str) -> None:
        aside = self.file.with_suffix(".new")
        aside.write_text(text + "\n")
        aside.chmod(0o644)
        aside.replace(self.file)


@dataclass
class Minute:
    """The last minute of a call, and what people are told around it."""

    scene: Scene
    clock: Clock
    crowd: Crowd

    @property
    def deadline(self) -> int:
        """The first instant that is late."""
        return self.scene.call.stored.call.deadline

    def expect(self, title: str, each: Errand, status: int, word: str = "") -> None:
        """Send it, and hold the answer against what it must be."""
        self._compare(title, self.crowd.send(self.scene.server.target, each), status, word)

    def across(self) -> None:
        """An upload begins while the clock stands a second before the deadline, rests, and is complete half a second after it."""
        self.clock.stand(self.deadline - 1)
        each = errand(self.scene.call)
        head = f"POST {each.path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(each.body)}\r\n\r\n".encode()
        with socket.create_connection(self.scene.server.target, timeout=60) as line:
            line.sendall(head + each.body[:1000])
            time.sleep(STOPPED)
            self.clock.run_from(self.deadline + 0.5)
            line.sendall(each.body[1000:])
            answer = http.client.HTTPResponse(line)
            answer.begin()
            found = answer.status, answer.read()
        self._compare("begun before, complete after", found, 201)
        self.expect("the same once more", each, 201)

    def raw(self, title: str, *, refused: bool) -> None:
        """A row by raw SQL, taken back at once: the database by itself takes it, or does not."""
        call, batch = self.scene.call.id, self.deadline + GRACE
        if self.scene.postgres is None:
            path = self.scene.place / "data" / "intake.db"
            command = [sys.executable, "-c", SQLITE, str(path), call, str(batch)]
            done = subprocess.run(command, env={**os.environ, **self.clock.environment}, capture_output=True, text=True, check=True)
            found = done.stdout.strip() == "SQLITE_CONSTRAINT_TRIGGER"
        else:
            found = asyncio.run(_raw(self.scene.postgres, call, batch))
        if found != refused:
            self.crowd.faults.append(f"raw SQL, {title}: {'refused' if found else 'taken'}")

    def _compare(self, title: str, found: tuple[int, bytes], status: int, word: str = "") -> None:
        said = json.loads(found[1])["code"] if found[0] >= 400 else ""
        if (found[0], said) != (status, word):
            self.crowd.faults.append(f"{title}: {found[0]} {said}")


async def _raw(postgres: Postgres, call: str, batch: int) -> bool:
    connection = await asyncpg.connect(postgres.url().replace("+asyncpg", ""))
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(INSERT.format("$1", "$2", "$3", "$4"), call, os.urandom(32), os.urandom(32), batch)
    except asyncpg.PostgresError as error:
        return bool(error.sqlstate == "SK001")
    finally:
        await transaction.rollback()
        await connection.close()
    return False


def pass_the_minute(minute: Minute) -> None:
    """Everything that happens around the deadline, in its order."""
    deadline, call = minute.deadline, minute.scene.call
    minute.clock.stand(deadline - 1)
    minute.expect("one second before", errand(call, withdraws=True), 201)
    minute.across()
    minute.clock.run_from(deadline + 1)
    minute.expect("one second after", errand(call), 403, "closed")
    minute.expect("asked again after it", minute.crowd.kept[0], 201)
    minute.clock.stand(deadline + GRACE - 1)
    minute.raw("before the close", refused=False)
    minute.clock.run_from(deadline + GRACE)
    minute.raw("after the close", refused=True)
    minute.expect("after the close", errand(call), 403, "closed")
    withdrawal = minute.crowd.kept[0].after
    assert withdrawal is not None
    minute.expect("a withdrawal after the close", withdrawal, 201)


def passed(database: str, change: str) -> Verdict:
    """One change of time on one kind of database."""
    local, instant = CHANGES[change]
    place = new_folder("saksei-torture-clock-")
    clock = Clock(place / "clock")
    clock.run_from(instant - 3600)
    postgres = None
    try:
        if database == "postgresql":
            postgres = Postgres(place)
            postgres.start(env=clock.environment)
        moved = clock.environment if postgres is None else {}
        times: dict[str, Any] = {
            "opens": instant - 86400,
            "deadline": deadline_instant(local, ZONE),
            "grace_seconds": GRACE,
            "batch_seconds": 3600,
        }
        with staged(database, postgres=postgres, ambient=moved, deadline_local={"time": local, "zone": ZONE}, **times) as scene:
            minute = Minute(scene, clock, Crowd(scene.call, [scene.server.target]))
            if minute.deadline != instant:
                minute.crowd.faults.append(f"the deadline is {minute.deadline}, not {instant}")
            scene.server.start()
            pass_the_minute(minute)
            scene.server.stop()
            clock.run_from(instant + 86400)
            scene.later = ((), clock.environment)
            return settle(scene, minute.crowd)
    finally:
        if postgres is not None:
            postgres.kill()
        shutil.rmtree(place, ignore_errors=True)


def main() -> int:
    """Run it on the databases and at the changes that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.deadline", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--change", choices=CHANGES, action="append")
    chosen = parser.parse_args()
    runs = [(name, change) for name in chosen.database or DATABASES for change in chosen.change or CHANGES]
    return exit_code([(f"deadline in {change}, {name}", passed(name, change)) for name, change in runs])


if __name__ == "__main__":
    sys.exit(main())
