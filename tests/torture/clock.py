"""The clock is stepped back and forth under load, by hours: batches and promises keep their order, and every promise is kept.

The wall's clock of the server, and of PostgreSQL, follows a file (libfaketime); the clock that waiting is measured by goes on, as on a real
machine. `python -m tests.torture.clock [--steps N] [--database NAME]`; 60 steps on each kind of database unless told otherwise.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.torture.crowd import Crowd
from tests.torture.keeping import exit_code, say, settle
from tests.torture.postgres import Postgres, new_folder
from tests.torture.scene import DATABASES, WALL_CLOCK_ONLY, staged

if TYPE_CHECKING:
    from tests.torture.keeping import Verdict

FARTHEST = 3 * 3600
LONGEST_STAY = 1.5


def moved_by(file: Path) -> dict[str, str]:
    """What makes a program's clock follow `file`, which holds an offset such as `+60`."""
    library = next(Path("/usr/lib").glob("**/faketime/libfaketime.so.1"))
    return {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1", **WALL_CLOCK_ONLY}


def step(file: Path, seconds: int) -> None:
    """Set the clock; the file is replaced whole."""
    aside = file.with_suffix(".new")
    aside.write_text(f"{seconds:+d}\n")
    aside.chmod(0o644)
    aside.replace(file)


def steps(database: str, count: int) -> Verdict:
    """Step so many times, never as far as the call's deadline, and not before it opened."""
    rng = random.Random(count)  # noqa: S311
    place = new_folder("saksei-torture-clock-")
    file = place / "clock"
    step(file, 0)
    postgres = None
    try:
        if database == "postgresql":
            postgres = Postgres(place)
            postgres.start(env=moved_by(file))
        with staged(database, postgres=postgres, opens=int(time.time()) - 2 * FARTHEST) as scene:
            server = scene.server
            server.start(**moved_by(file))
            with Crowd(scene.call, [server.target], pause=0.02) as crowd:
                for _ in range(count):
                    step(file, rng.randint(-FARTHEST, FARTHEST))
                    crowd.grown(2)
                    time.sleep(rng.uniform(0, LONGEST_STAY))
            step(file, 0)
            say(f"{database}: {count} steps; answers {dict(crowd.answers)}")
            crowd.finish()
            server.stop()
            return settle(scene, crowd)
    finally:
        if postgres is not None:
            postgres.kill()
        shutil.rmtree(place, ignore_errors=True)


def main() -> int:
    """Run it on the databases that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.clock", description=__doc__)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--database", choices=DATABASES, action="append")
    chosen = parser.parse_args()
    return exit_code([(f"{chosen.steps} steps of the clock, {name}", steps(name, chosen.steps)) for name in chosen.database or DATABASES])


if __name__ == "__main__":
    sys.exit(main())
