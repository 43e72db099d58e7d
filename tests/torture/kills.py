"""kill -9 in a loop under load: a server dies in the middle of anything, is started again, and has kept its word.

`python -m tests.torture.kills [--kills N] [--database NAME]`; 200 kills on each kind of database unless told otherwise.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from typing import TYPE_CHECKING

from tests.torture.crowd import Crowd
from tests.torture.keeping import exit_code, say, settle
from tests.torture.scene import DATABASES, staged

if TYPE_CHECKING:
    from tests.torture.keeping import Verdict

LONGEST_LIFE = 0.6
"""Seconds: lives are drawn between nothing and this, so that many end before, in and after a batch of two seconds."""


def kills(database: str, count: int) -> Verdict:
    """Kill a server so many times while people send, at an instant drawn at random after it answered somebody."""
    rng = random.Random(count)  # noqa: S311
    with staged(database) as scene:
        server = scene.server
        with Crowd(scene.call, [server.target], pause=0.02) as crowd:
            for number in range(count):
                server.start()
                crowd.grown(1)
                time.sleep(rng.uniform(0, LONGEST_LIFE))
                server.kill()
                if number % 20 == 19:
                    say(f"{database}: {number + 1} kills, {len(crowd.kept)} promises, {crowd.broken_off} broken off")
        server.start()
        crowd.finish()
        server.stop()
        return settle(scene, crowd)


def main() -> int:
    """Run it on the databases that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--database", choices=DATABASES, action="append")
    chosen = parser.parse_args()
    return exit_code([(f"{chosen.kills} kills, {name}", kills(name, chosen.kills)) for name in chosen.database or DATABASES])


if __name__ == "__main__":
    sys.exit(main())
