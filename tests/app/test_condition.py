"""What the log says of the database: its state when that changes, and never a line for a request (threats.md)."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.condition import QUIET_SECONDS, Condition, WatchedDatabase
from app.database import open_database
from app.errors import BusyError, DuplicateError, FullError
from app.logs import JsonFormatter
from app.main import create_app
from app.receiving import Kind
from app.room import Room
from app.settings import Settings
from tests.app.made import Intake, MadeCall

pytestmark = pytest.mark.anyio


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What the service's log says, as `serve` has it written."""
    text = io.StringIO()
    sink = logging.StreamHandler(text)
    sink.setFormatter(JsonFormatter())
    log = logging.getLogger("saksei")
    before = log.level
    log.addHandler(sink)
    log.setLevel(logging.INFO)
    yield text
    log.removeHandler(sink)
    log.setLevel(before)


def lines(said: io.StringIO) -> list[tuple[str, str]]:
    """Level and message of each line about the database, and nothing but that in any."""
    found = [json.loads(line) for line in said.getvalue().splitlines()]
    assert all(line.keys() == {"level", "source", "message"} for line in found)
    return [(line["level"], line["message"]) for line in found if line["message"].startswith("database")]


def test_a_change_is_told_once(said: io.StringIO) -> None:
    clock = Clock()
    condition = Condition(clock=clock)
    for _ in range(1000):
        condition.well()
        condition.trouble("busy")
    assert lines(said) == [("warning", "database: busy")]
    clock.now += QUIET_SECONDS
    condition.well()
    condition.well()
    assert lines(said)[1:] == [("info", "database: well")]
    condition.trouble("full")
    assert lines(said)[2:] == [("warning", "database: full")]


def test_lines_are_bounded(said: io.StringIO) -> None:
    """However it goes to and fro: two lines an interval, so that nobody finds requests in them."""
    clock = Clock()
    condition = Condition(clock=clock)
    for number in range(6000):
        condition.trouble("busy" if number % 2 else "full")
        condition.well()
        clock.now += QUIET_SECONDS / 1000
    assert 2 <= len(lines(said)) <= 2 * 6 + 2


def test_other_words_are_refused() -> None:
    with pytest.raises(ValueError, match="busy or full"):
        Condition().trouble("duplicate")


class RefusingError(Exception):
    """A failure of our own code."""


@pytest.mark.parametrize(("error", "expected"), [(BusyError("x"), 1), (FullError("x"), 1), (DuplicateError("x"), 0), (RefusingError(), 0)])
async def test_only_its_own_trouble_counts(settings: Settings, said: io.StringIO, error: Exception, expected: int) -> None:
    database = WatchedDatabase(open_database(settings), Condition())

    def job(*_anything: object) -> None:
        raise error

    try:
        for ask in (database.write(job), database.read(job), database.write_together(job, 1)):  # type: ignore[arg-type]
            with pytest.raises(type(error)):
                await ask
    finally:
        await database.close()
    assert len(lines(said)) == expected


async def test_no_room_is_told(tmp_path: Path, said: io.StringIO) -> None:
    database = open_database(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/intake.db"))
    room = Room(tmp_path / "intake.db", Condition(), free=lambda _folder: 0)
    try:
        with pytest.raises(FullError):
            await room.require(Kind.LARGE, 1 << 20, database)
    finally:
        await database.close()
    assert lines(said) == [("warning", "database: full")]


async def test_lost_database_is_told_once(intake: Intake, asked: MadeCall, tmp_path: Path, said: io.StringIO) -> None:
    """Many are refused, one line says why, and nothing in it is theirs; the twin: with the database there is no line."""
    await intake.add(asked)
    for _ in range(5):
        assert (await intake.client.get("/readyz")).status_code == 200
    assert lines(said) == []
    gone = create_app(Settings(database_url="postgresql+asyncpg://nobody@127.0.0.1:1/none", log_state_dir=tmp_path / "none"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gone), base_url="http://localhost") as client:
        answers = await asyncio.gather(*(client.get(f"/calls/{asked.id}/log/checkpoint") for _ in range(10)))
    await gone.state.service.database.close()
    assert {answer.status_code for answer in answers} == {503}
    assert lines(said) == [("warning", "database: busy")]
    assert asked.id not in said.getvalue()
