"""Room on the disk: what large reports may take of it, and what is kept."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from app.receiving import Kind
from app.room import Room, free_bytes, reusable_bytes
from tests.app.made import Intake, MadeCall

pytestmark = pytest.mark.anyio


def room(tmp_path: Path, *, used: int, free: int) -> Room:
    database = tmp_path / "intake.db"
    database.write_bytes(bytes(used // 2))
    database.with_name("intake.db-wal").write_bytes(bytes(used - used // 2))
    return Room(database, free=lambda _folder: free)


@pytest.mark.parametrize(("kind", "most"), [(Kind.LARGE, 1200), (Kind.SMALLEST, 1400)])
def test_to_the_byte(tmp_path: Path, kind: Kind, most: int) -> None:
    """Of 1,600 bytes in all, large reports may fill 1,200 and the smallest class 1,400."""
    disk = room(tmp_path, used=1000, free=600)
    assert disk.fits(kind, most - 1000)
    assert not disk.fits(kind, most - 999)
    assert disk.fits(kind, most - 999, reusable=1)


def test_plain_forms_have_all_of_it(tmp_path: Path) -> None:
    assert room(tmp_path, used=1000, free=0).fits(Kind.PLAIN, 1000)


def test_elsewhere_nothing_is_known() -> None:
    assert Room(None).fits(Kind.LARGE, 1 << 60)


def test_deleted_pages_are_room(tmp_path: Path) -> None:
    path = tmp_path / "file.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(1000000)); DELETE FROM t;")
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as found:
        assert 900_000 < reusable_bytes(found) < path.stat().st_size
    engine.dispose()
    assert free_bytes(tmp_path) > 0


async def test_large_reports_leave_a_quarter(intake: Intake, asked: MadeCall) -> None:
    """Through the route: with a fifth left a large report is told `full`, and arrives once there is room."""
    await intake.add(asked)
    path = intake.service.settings.sqlite_path
    large, small = asked.body(files=(bytes(100_000),)), asked.body()
    if path is not None:
        short = Room(path, free=lambda _folder: path.stat().st_size // 5)
        intake.app.state.service = replace(intake.service, room=short)
        refused = await intake.post(asked, large)
        assert (refused.status_code, refused.json()["code"]) == (507, "full")
        intake.app.state.service = intake.service
    assert [(await intake.post(asked, body)).status_code for body in (small, large)] == [201, 201]
