"""Power loss between write and answer: what was not flushed is taken back, and no promise may be among it.

tests/torture/power.c says exactly what is modelled. On SQLite the server is cut off at an event drawn at random (before a flush, after it,
before a rename, before a message leaves); on PostgreSQL the whole database server and the intake are cut off at a random instant. Then
either all that was not flushed is lost, or blocks of 4 KiB drawn at random. `python -m tests.torture.power [--cuts N] [--database NAME]`;
100 power cuts on each kind of database unless told otherwise.
"""

from __future__ import annotations

import argparse
import os
import random
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.torture.crowd import Crowd
from tests.torture.keeping import exit_code, say, settle
from tests.torture.scene import DATABASES, Scene, staged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.torture.keeping import Verdict

BLOCK = 4096
LATEST_EVENT = 120
LONGEST_LIFE = 0.8
_HEAD = struct.Struct("=5Q")


def compiled(place: Path) -> Path:
    """power.c as a library in `place`, which every user may read."""
    library = place / "power.so"
    source = Path(__file__).with_suffix(".c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", library, source, "-ldl"], check=True)
    library.chmod(0o755)
    return library


@dataclass(frozen=True)
class Change:
    """One write or truncation that was not flushed: where, how much, what was there, and how long the file was."""

    truncates: bool
    at: int
    size: int
    before: bytes
    length: int


@dataclass(frozen=True)
class Disk:
    """Folders whose unflushed changes are known: `trees`, and `ledger`, where they are written down."""

    trees: tuple[Path, ...]
    ledger: Path
    library: Path
    lies: bool = False

    @classmethod
    def over(cls, *trees: Path, place: Path, lies: bool = False) -> Disk:
        """Keep a ledger for `trees` in `place`, on the same file system."""
        ledger = place / "ledger"
        ledger.mkdir()
        ledger.chmod(0o1777)
        return cls(trees, ledger, compiled(place), lies)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a program write to this disk."""
        trees = ":".join(f"{tree}/" for tree in self.trees)
        lies = {"POWER_LIES": "1"} if self.lies else {}
        return {"LD_PRELOAD": str(self.library), "POWER_TREES": trees, "POWER_LEDGER": str(self.ledger), **lies}

    def lose(self, rng: random.Random, *, everything: bool) -> int:
        """Take back what was not flushed, all of it or some blocks; how many bytes. Nobody may be writing."""
        folders = [Path(folder) for root in (*self.trees, self.ledger) for folder, _, _ in os.walk(root)]
        files = {path.stat().st_ino: path for folder in folders for path in folder.iterdir() if path.is_file() and not path.is_symlink()}
        lost = 0
        for book in self.ledger.glob("*.undo"):
            path = files.get(int(book.stem))
            if path is not None:
                lost += _take_back(path, list(_changes(book.read_bytes())), rng, everything=everything)
        for book in self.ledger.glob("*.names"):
            _rename_back(book.read_bytes())
        for index in (index for tree in self.trees for index in tree.rglob("*-shm")):
            index.unlink()  # memory that SQLite's processes share: no power, no memory
        for left in self.ledger.iterdir():
            left.unlink()
        return lost


def _changes(book: bytes) -> Iterator[Change]:
    """The changes in a ledger that still count, oldest first; one that was not wholly written down did not happen yet."""
    at = struct.unpack_from("=Q", book)[0] if len(book) >= 8 else len(book)
    while at + _HEAD.size <= len(book):
        kind, offset, kept, length, size = _HEAD.unpack_from(book, at)
        at += _HEAD.size + kept
        if at <= len(book):
            yield Change(kind == ord("t"), offset, size, book[at - kept : at], length)


def _take_back(path: Path, changes: list[Change], rng: random.Random, *, everything: bool) -> int:
    blocks = {block for change in changes for block in range(change.at // BLOCK, (change.at + change.size) // BLOCK + 1)}
    lost = blocks if everything else {block for block in sorted(blocks) if rng.random() < 1 / 2}
    with path.open("r+b") as file:
        for change in reversed(changes):
            if everything:
                file.seek(change.at)
                file.write(change.before)
                file.truncate(change.length)
            elif not change.truncates:
                _blank(file.fileno(), change, lost)
    return sum(change.size for change in changes)


def _blank(file: int, change: Change, lost: set[int]) -> None:
    """Put what was there before into the lost blocks that a write touched, zeros where nothing was; the length stays."""
    content = change.before.ljust(change.size, b"\0")
    end = min(change.at + change.size, os.fstat(file).st_size)
    for block in range(change.at // BLOCK, end // BLOCK + 1):
        start, stop = max(block * BLOCK, change.at), min((block + 1) * BLOCK, end)
        if block in lost and start < stop:
            os.pwrite(file, content[start - change.at : stop - change.at], start)


def _rename_back(book: bytes) -> None:
    if len(book) < 8:
        return
    names = os.fsdecode(book[struct.unpack_from("=Q", book)[0] :]).split("\0")[:-1]
    for source, target, kept in reversed([names[at : at + 3] for at in range(0, len(names) - 2, 3)]):
        if Path(target).exists():
            Path(target).rename(source)
        if kept:
            Path(kept).rename(target)


def cut_sqlite(scene: Scene, disk: Disk, rng: random.Random, crowd: Crowd) -> None:
    """Let the server run into its end."""
    server, before = scene.server, len(crowd.kept)
    server.launch(own={"POWER_CUT": str(rng.randint(1, LATEST_EVENT))}, **disk.environment)
    while server.forked is not None and server.forked.lives:
        time.sleep(0.01)
    say(f"{len(crowd.kept) - before} promises in this life")


def cut_postgresql(scene: Scene, disk: Disk, rng: random.Random, crowd: Crowd) -> None:
    """Cut the database and the server off."""
    assert scene.postgres is not None
    scene.postgres.start(env=disk.environment)
    scene.server.start(**disk.environment)
    crowd.grown(1)
    time.sleep(rng.uniform(0, LONGEST_LIFE))
    scene.postgres.kill()
    scene.server.kill()


def cuts(database: str, count: int) -> Verdict:
    """Cut the power so many times under load, losing all that was not flushed and some of it in turn."""
    rng = random.Random(count)  # noqa: S311
    with staged(database) as scene:
        trees: tuple[Path, ...] = (scene.place / "data",)
        cut = cut_sqlite
        if scene.postgres is not None:
            scene.postgres.stop()
            trees, cut = (*trees, scene.postgres.data), cut_postgresql
        disk, lost = Disk.over(*trees, place=scene.place), 0
        with Crowd(scene.call, [scene.server.target], pause=0.02) as crowd:
            for number in range(count):
                cut(scene, disk, rng, crowd)
                lost += disk.lose(rng, everything=number % 2 == 0)
        say(f"{database}: {count} power cuts took back {lost} bytes; {len(crowd.kept)} promises stood")
        if scene.postgres is not None:
            scene.postgres.start()
        scene.server.start()
        crowd.finish()
        scene.server.stop()
        return settle(scene, crowd)


def main() -> int:
    """Run it on the databases that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.power", description=__doc__)
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--database", choices=DATABASES, action="append")
    chosen = parser.parse_args()
    names = chosen.database or DATABASES
    return exit_code([(f"{chosen.cuts} power cuts, {name}", cuts(name, chosen.cuts)) for name in names])


if __name__ == "__main__":
    sys.exit(main())
