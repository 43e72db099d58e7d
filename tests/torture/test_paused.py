"""Short forms of a publisher that is stopped in mid-batch and wakes up, and the twin: a second history is noticed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.torture.crowd import Crowd
from tests.torture.paused import RENAMING, Pauses, pauses, signed
from tests.torture.power import compiled
from tests.torture.scene import staged

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_publisher_paused_in_mid_batch(database: str) -> None:
    assert pauses(database, [RENAMING]).told("publisher paused")


def copied(source: Path, target: Path) -> None:
    """All of a database put into another file, whatever stood there."""
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)


def two_wait(story: Pauses, before: Path) -> None:
    """People send until two reports at least wait for a publisher; the database is kept as it is then."""
    waiting = 0
    while waiting < 2:
        story.batch()
        copied(story.scene.place / "data" / "intake.db", before)
        with closing(sqlite3.connect(before)) as database:
            (waiting,) = database.execute("SELECT count(*) FROM pending_reports WHERE batch > (SELECT cut FROM logs)").fetchone()


def lose_one(path: Path) -> None:
    """As if one report less had been waiting: what comes of it is another batch."""
    with closing(sqlite3.connect(path)) as database:
        (digest,) = database.execute("SELECT min(digest) FROM pending_reports WHERE batch > (SELECT cut FROM logs)").fetchone()
        for table in ("pending_envelopes", "pending_reports"):
            assert database.execute(f"DELETE FROM {table} WHERE digest = ?", (digest,)).rowcount == 1  # noqa: S608
        database.commit()


@pytest.mark.parametrize("forgetful", [False, True], ids=["remembers", "forgets"])
def test_second_history_is_noticed(forgetful: bool) -> None:
    """The database is brought back from before a batch: who remembers what was signed signs nothing, who forgets it is found out."""
    with staged("sqlite") as scene:
        story = Pauses(scene, Crowd(scene.call, [scene.server.target]), compiled(scene.place))
        database, before = scene.place / "data" / "intake.db", scene.place / "before.db"
        two_wait(story, before)
        first = dict(signed(scene))
        scene.intake("publish")
        story.look()
        assert (story.crowd.faults, max(story.signed) > max(first)) == ([], True)
        lose_one(before)
        copied(before, database)
        assert dict(signed(scene)) == first
        if forgetful:
            (scene.place / "data" / "log" / f"{scene.call.id}.state").unlink()
        done = scene.intake("publish", *(["--trust-database"] if forgetful else []), check=False)
        again = dict(signed(scene))
        story.look()
    assert (done.returncode, "log-inconsistent" in done.stderr) == ((0, False) if forgetful else (1, True))
    assert (again == first) != forgetful
    assert story.crowd.faults != []
