"""The disk is full under load: nobody is promised what could not be kept, and when there is room again it goes on.

The disk is a small tmpfs, mounted where only this process and what it starts can see it (`unshare --mount`; root, or a user who may make
namespaces). `python -m tests.torture.full [--times N] [--database NAME]`: filled so many times, 5 unless told otherwise.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.torture.crowd import TRY_AGAIN, Crowd
from tests.torture.keeping import exit_code, say, settle
from tests.torture.postgres import Postgres, new_folder
from tests.torture.scene import DATABASES, staged

if TYPE_CHECKING:
    from pathlib import Path

    from tests.torture.keeping import Verdict

ALONE = "TORTURE_MOUNTS_ALONE"
MEGABYTES = {"sqlite": 8, "postgresql": 112}
MORE = {"sqlite": 16, "postgresql": 48}
REFUSED = 20
SMALL_JOURNAL = {"max_wal_size": "32MB", "min_wal_size": "32MB", "shared_buffers": "16MB"}


def mount(folder: Path, megabytes: int, *, again: bool = False) -> None:
    """A disk of that size at `folder`; `again` gives one that is there another size."""
    size = f"size={megabytes}m"
    options = ["-o", f"remount,{size}"] if again else ["-t", "tmpfs", "-o", size, "none"]
    subprocess.run(["mount", *options, str(folder)], check=True)


def fill(database: str, times: int) -> Verdict:
    """Fill it, make room, and again."""
    place = new_folder("saksei-torture-")
    postgres = None
    disk = place / ("data" if database == "sqlite" else "postgres")
    disk.mkdir(mode=0o700)
    size = MEGABYTES[database]
    mount(disk, size)
    try:
        if database == "postgresql":
            disk.chmod(0o755)
            (disk / "place").mkdir(mode=0o755)
            postgres = Postgres(disk / "place", settings=SMALL_JOURNAL)
            postgres.start()
        with staged(database, postgres=postgres, place=place) as scene:
            server = scene.server
            server.start()
            with Crowd(scene.call, [server.target], pause=0.01) as crowd:
                for _ in range(times):
                    await_refusals(crowd)
                    size += MORE[database]
                    mount(disk, size, again=True)
                    if postgres is not None and postgres.process is not None and postgres.process.poll() is not None:
                        postgres.start()  # it gives up where it cannot write its journal
                    crowd.grown(5)
            mount(disk, 4 * size, again=True)
            say(f"{database}: full {times} times; answers {dict(crowd.answers)}")
            crowd.finish()
            server.stop()
            return settle(scene, crowd)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=False)
        shutil.rmtree(place, ignore_errors=True)


def await_refusals(crowd: Crowd, seconds: float = 300) -> None:
    """Wait until many were told to come again later. Raises TimeoutError."""
    before, until = sum(crowd.answers[status] for status in TRY_AGAIN), time.monotonic() + seconds
    while sum(crowd.answers[status] for status in TRY_AGAIN) < before + REFUSED:
        if time.monotonic() > until:
            raise TimeoutError(f"the disk was never full; answers {dict(crowd.answers)}")
        time.sleep(0.01)


def main() -> int:
    """Run it on the databases that were asked for, in a mount namespace of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.full", description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--database", choices=DATABASES, action="append")
    chosen = parser.parse_args()
    if ALONE not in os.environ:
        alone = ["unshare", "--mount", "--propagation", "private", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        os.execvpe("unshare", [*alone, sys.executable, "-m", "tests.torture.full", *sys.argv[1:]], {**os.environ, ALONE: "1"})  # noqa: S606
    return exit_code([(f"disk full {chosen.times} times, {name}", fill(name, chosen.times)) for name in chosen.database or DATABASES])


if __name__ == "__main__":
    sys.exit(main())
