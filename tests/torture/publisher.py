"""The publisher is killed in mid-batch, at each of its steps in turn: another takes over, and no second history comes of it.

The publisher is `saksei-intake publish`, killed at its n-th event by the library of tests/torture/power.c: before or after a flush, before
a rename, before a message to the database. n goes up until a pass ends alive. `python -m tests.torture.publisher [--step N]
[--database NAME]`; every event (`--step 1`) unless told otherwise.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crypto.entries import unframe
from crypto.merkle import leaf_hash
from tests.torture.crowd import Crowd
from tests.torture.keeping import exit_code, say, settle
from tests.torture.power import compiled
from tests.torture.scene import DATABASES, SOON, Scene, Server, staged

if TYPE_CHECKING:
    from pathlib import Path

    from tests.torture.keeping import Verdict

REPORTS = 3
TAKEOVER_SECONDS = 120.0


@dataclass
class Succession:
    """Publishers who follow one another on a scene; `checkpoints` are all that anybody could have fetched meanwhile."""

    scene: Scene
    crowd: Crowd
    library: Path
    checkpoints: dict[str, bytes] = field(default_factory=dict)
    slowest: float = 0.0

    def batch(self) -> None:
        """People send, the server dies at once, and what they sent is due."""
        server = self.scene.server
        before = len(self.crowd.kept)
        server.start()
        with Crowd(self.scene.call, [server.target], size=REPORTS, pause=0.1) as lot:
            lot.grown(REPORTS)
            server.kill()
        self.crowd.kept += lot.kept
        self.crowd.waiting += lot.waiting
        self.crowd.faults += lot.faults
        assert len(self.crowd.kept) > before
        time.sleep(SOON["batch_seconds"])

    def killed(self, event: int) -> bool:
        """Publish, to be killed at that event; False when the pass ended alive."""
        env = {"LD_PRELOAD": str(self.library)}
        spawner = self.scene.spawner((), env)
        done = spawner.run(["publish"], {**self.scene.environment, "POWER_CUT": str(event)}, self.scene.place)
        if done.returncode not in (0, -9):
            self.crowd.faults.append(f"publish ended with {done.returncode}: {done.stderr[-200:]}")
        return done.returncode == -9

    def take_over(self) -> None:
        """Another publisher begins; everything that was promised is in its log soon."""
        self.scene.server.start()
        self.catch_up(self.scene.server)
        self.scene.server.kill()

    def catch_up(self, server: Server) -> None:
        """Wait until everything that was promised is in the log that this server shows, and keep the checkpoint that it shows with it."""
        began = time.monotonic()
        wanted = {one.leaf for one in self.crowd.kept}
        while not wanted <= {leaf_hash(entry) for entry in unframe(fetched(server, "entries"))}:
            if time.monotonic() - began > TAKEOVER_SECONDS:
                self.crowd.faults.append("nobody took over")
                break
            time.sleep(0.05)
        self.slowest = max(self.slowest, time.monotonic() - began)
        note = fetched(server, "checkpoint")
        size = note.split(b"\n")[1].decode()
        if self.checkpoints.setdefault(size, note) != note:
            self.crowd.faults.append(f"two checkpoints over {size} entries")

    def kept_files(self) -> list[str]:
        """Each checkpoint in a file, for `verify --checkpoint`."""
        for size, note in self.checkpoints.items():
            (self.scene.place / f"checkpoint.{size}").write_bytes(note)
        return [option for size in self.checkpoints for option in ("--checkpoint", f"checkpoint.{size}")]


def fetched(server: Server, name: str) -> bytes:
    """Something of the public log, as a server shows it."""
    connection = http.client.HTTPConnection(*server.target, timeout=60)
    try:
        connection.request("GET", f"/calls/{server.scene.call.id}/log/{name}", headers={"host": "localhost"})
        return connection.getresponse().read()
    finally:
        connection.close()


def sweep(database: str, step: int) -> Verdict:
    """Kill at every `step`-th event until a pass ends alive, then take over once more and settle."""
    with staged(database) as scene:
        succession = Succession(scene, Crowd(scene.call, [scene.server.target]), compiled(scene.place))
        event = 1
        while True:
            succession.batch()
            killed = succession.killed(event)
            succession.take_over()
            if event % 10 == 1:
                say(f"{database}: event {event}, {len(succession.crowd.kept)} promises")
            if not killed:
                break
            event += step
        say(f"{database}: killed at events 1 to {event - 1}, every {step}; slowest takeover {succession.slowest:.1f} s")
        scene.server.start()
        succession.crowd.finish()
        scene.server.stop()
        return settle(scene, succession.crowd, succession.kept_files())


def main() -> int:
    """Run it on the databases that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.publisher", description=__doc__)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--database", choices=DATABASES, action="append")
    chosen = parser.parse_args()
    return exit_code([(f"publisher killed, {name}", sweep(name, chosen.step)) for name in chosen.database or DATABASES])


if __name__ == "__main__":
    sys.exit(main())
