"""What is told at the end of every script is true: a lost promise, a half report and a disk that lies are noticed."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.torture.__main__ import scripts
from tests.torture.crowd import Crowd, errand
from tests.torture.keeping import Verdict, settle
from tests.torture.power import Disk, cut_sqlite
from tests.torture.scene import staged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


LATE = 2
"""A seed whose first event is late enough that somebody was promised something by then."""


def lose_nothing(_database: sqlite3.Connection, _digest: bytes) -> None:
    """The twin of the twins."""


def lose_report(database: sqlite3.Connection, digest: bytes) -> None:
    """As if the commit had never been."""
    for table in ("pending_envelopes", "pending_reports"):
        database.execute(f"DELETE FROM {table} WHERE digest = ?", (digest,))  # noqa: S608


def lose_envelope(database: sqlite3.Connection, digest: bytes) -> None:
    """As if only half of the commit had been."""
    database.execute("DELETE FROM pending_envelopes WHERE digest = ?", (digest,))


@pytest.mark.parametrize(("lose", "kept", "words"), [(lose_nothing, 3, ()), (lose_report, 2, ("verify: error: promise-broken",)),
                         (lose_envelope, 2, ("1 reports stand in the log without",))], ids=["nothing", "report", "envelope"])  # fmt: skip
def test_what_is_lost_is_noticed(lose: Callable[[sqlite3.Connection, bytes], None], kept: int, words: tuple[str, ...]) -> None:
    with staged("sqlite", batch_seconds=7 * 86400) as scene:
        scene.server.start()
        crowd = Crowd(scene.call, [scene.server.target])
        people = [errand(scene.call) for _ in range(3)]
        assert [crowd.send(scene.server.target, one)[0] for one in people] == [201] * 3
        scene.server.stop()
        with sqlite3.connect(scene.place / "data" / "intake.db") as database:
            lose(database, people[0].digest)
        database.close()
        verdict = settle(scene, crowd)
    assert verdict.sentence == f"3 promises given, {kept} kept"
    assert [word for word in words if not any(fault.startswith(word) for fault in verdict.faults)] == []
    assert verdict.told("here") == (kept == 3)


def test_nothing_promised_is_no_success() -> None:
    assert not Verdict(0, 0).told("here")
    assert not Verdict(1, 1, ("something",)).told("here")


@pytest.mark.parametrize("lies", [False, True], ids=["honest", "lying"])
def test_lying_disk_is_noticed(lies: bool) -> None:
    """A power cut takes nothing promised from an honest disk; from one whose flushes do nothing it does: what is unflushed is lost."""
    with staged("sqlite") as scene:
        disk = Disk.over(scene.place / "data", place=scene.place, lies=lies)
        with Crowd(scene.call, [scene.server.target]) as crowd:
            cut_sqlite(scene, disk, random.Random(LATE), crowd)  # noqa: S311
        assert disk.lose(random.Random(LATE), everything=True) > 0  # noqa: S311
        database = sqlite3.connect(scene.place / "data" / "intake.db")
        found = set(database.execute("SELECT digest FROM reports UNION SELECT digest FROM pending_reports").fetchall())
        database.close()
    promised = {(one.digest,) for one in crowd.kept if one.path.endswith("/reports")}
    assert promised
    assert (promised <= found) != lies


def test_scripts_are_found(tmp_path: Path) -> None:
    """`make torture` runs what has a main(), and nothing is left out."""
    assert {"kills", "power", "full", "database", "clock", "publisher", "hosts", "deadline", "garbage"} <= set(scripts())
    assert not {"scene", "crowd", "keeping", "postgres", "spawner", "__main__"} & set(scripts())
    (tmp_path / "one.py").write_text("def main() -> int: ...\n")
    (tmp_path / "two.py").write_text("def maine() -> int: ...\n")
    assert scripts(tmp_path) == ["one"]
    done = subprocess.run([sys.executable, "-m", "tests.torture"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == scripts()
