"""Both databases behind one interface: durable before an answer, one turn to publish, errors as words."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from app import dialect
from app.database import open_database
from app.errors import BusyError, FullError
from app.settings import Settings
from app.sqlite import SqliteDatabase
from app.transactions import Database, translate
from tests.app.made import Intake, MadeCall

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """An opened database with one table, `kept`."""
    opened = open_database(settings)
    await opened.write(lambda c: c.execute(text("DROP TABLE IF EXISTS kept")) and None)
    await opened.write(lambda c: c.execute(text("CREATE TABLE kept (number integer PRIMARY KEY)")) and None)
    yield opened
    await opened.close()


def keep(number: int, connection: Connection) -> int:
    connection.execute(text("INSERT INTO kept VALUES (:number)"), {"number": number})
    return number


def numbers(connection: Connection) -> list[int]:
    return list(connection.execute(text("SELECT number FROM kept ORDER BY number")).scalars())


class RefusedError(Exception):
    """What a job raises on purpose."""


def keep_and_refuse(number: int, connection: Connection) -> int:
    keep(number, connection)
    raise RefusedError


async def test_write_gives_its_value(database: Database) -> None:
    assert await database.write(lambda c: keep(7, c)) == 7
    assert await database.read(numbers) == [7]


async def test_refused_job_alone_is_undone(database: Database) -> None:
    """Jobs that share one commit do not share their fate."""
    jobs = [database.write(partial(keep if n % 3 else keep_and_refuse, n)) for n in range(60)]
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if not isinstance(outcome, int)] == [RefusedError] * 20
    assert await database.read(numbers) == [n for n in range(60) if n % 3]


async def test_reader_cannot_write(database: Database) -> None:
    with pytest.raises((BusyError, OperationalError)):
        await database.read(lambda c: keep(1, c))
    assert await database.read(numbers) == []


async def test_reader_sees_one_state(database: Database) -> None:
    """A reader that began before a commit does not see it: a bundle is of one state."""

    def isolation(connection: Connection) -> str:
        if dialect.is_sqlite(connection):
            numbers(connection)  # the first statement fixes what a deferred transaction sees
            return "steady" if connection.connection.dbapi_connection.in_transaction else "loose"  # type: ignore[union-attr]
        return "steady" if connection.execute(text("SHOW transaction_isolation")).scalar_one() == "repeatable read" else "loose"

    assert await database.read(isolation) == "steady"


async def test_commit_waits_for_the_disk(database: Database) -> None:
    def flushing(connection: Connection) -> str:
        pragma = "PRAGMA synchronous" if dialect.is_sqlite(connection) else "SHOW synchronous_commit"
        return str(connection.execute(text(pragma)).scalar_one())

    assert await database.write(flushing) in ("2", "on")


async def test_one_publisher_at_a_time(database: Database, settings: Settings) -> None:
    other = open_database(settings)
    async with database.publisher_turn() as first, other.publisher_turn() as second:
        assert (first, second) == (True, False)
    async with other.publisher_turn() as after:
        assert after is True
    await other.close()


async def test_lost_turn_is_busy(database: Database, settings: Settings) -> None:
    """Whose session is ended while it publishes is told a word of ours; the lock has fallen, and the next turn is anybody's."""
    if settings.sqlite_path is not None:
        return  # nobody can take a lock of a file from who holds it

    def end_others(connection: Connection) -> None:
        others = (
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute(text(others))

    async def publish() -> None:
        async with database.publisher_turn() as mine:
            assert mine
            await other.write(end_others)

    other = open_database(settings)
    try:
        with pytest.raises(BusyError):
            await publish()
        async with other.publisher_turn() as theirs:
            assert theirs
    finally:
        await other.close()


@pytest.mark.parametrize("wipe", ["scrub", "compact"])
async def test_lost_file_is_busy(tmp_path: Path, wipe: str) -> None:
    """What speaks to SQLite's driver itself has our words for its errors, too; the twin: where the file is, it does its work."""
    here, gone = SqliteDatabase(tmp_path / "here" / "x.db"), SqliteDatabase(tmp_path / "gone" / "x.db")
    (tmp_path / "gone").rmdir()
    try:
        with pytest.raises(BusyError):
            await getattr(gone, wipe)()
        assert await getattr(here, wipe)() is True
    finally:
        await here.close()
        await gone.close()


async def test_clock_is_the_databases(database: Database) -> None:
    first = await database.read(dialect.now_ms)
    assert first <= await database.write(dialect.now_ms)
    assert first > 1_700_000_000_000


async def test_scrub_leaves_rows(database: Database, settings: Settings) -> None:
    if settings.sqlite_path is None:
        return  # what PostgreSQL rewrites are the pending tables: test_arrival_order
    await database.write(lambda c: keep(1, c))
    assert await database.scrub() is True
    assert settings.sqlite_path.with_name("intake.db-wal").stat().st_size == 0
    assert await database.read(numbers) == [1]


async def test_two_processes_share_one_file(tmp_path: Path) -> None:
    """Two databases over one file, as two processes have: every job of both is kept."""
    one, other = SqliteDatabase(tmp_path / "x.db"), SqliteDatabase(tmp_path / "x.db")
    await one.write(lambda c: c.execute(text("CREATE TABLE kept (number integer PRIMARY KEY)")) and None)
    jobs = [(one if n % 2 else other).write(partial(keep, n)) for n in range(200)]
    assert sorted(await asyncio.gather(*jobs)) == list(range(200))
    assert await one.read(numbers) == list(range(200))
    await one.close()
    await other.close()


async def test_waiting_jobs_share_a_commit(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "x.db")
    await database.write(lambda c: c.execute(text("CREATE TABLE kept (number integer PRIMARY KEY)")) and None)
    transactions: list[int] = []

    def job(connection: Connection) -> None:
        transactions.append(id(connection))

    await asyncio.gather(*(database.write(job) for _ in range(64)))
    assert len(set(transactions)) < 64
    await database.close()


async def test_failed_commit_fails_all(tmp_path: Path) -> None:
    """A group whose commit fails answers nobody with success: here a deferred foreign key breaks at the commit."""
    database = SqliteDatabase(tmp_path / "x.db")
    broken = "CREATE TABLE child (parent integer REFERENCES kept (number) DEFERRABLE INITIALLY DEFERRED)"
    await database.write(lambda c: c.execute(text("CREATE TABLE kept (number integer PRIMARY KEY)")) and None)
    await database.write(lambda c: c.execute(text(broken)) and None)
    orphan = database.write(lambda c: c.execute(text("INSERT INTO child VALUES (99)")) and None)
    outcomes = await asyncio.gather(orphan, *(database.write(partial(keep, n)) for n in range(5)), return_exceptions=True)
    kept = await database.read(numbers)
    assert isinstance(outcomes[0], Exception)
    assert [n for n in range(5) if outcomes[n + 1] == n] == kept
    assert await database.write(lambda c: keep(50, c)) == 50
    await database.close()


async def test_jobs_at_close_are_finished(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "x.db")
    await database.write(lambda c: c.execute(text("CREATE TABLE kept (number integer PRIMARY KEY)")) and None)
    jobs = [asyncio.create_task(database.write(partial(keep, n))) for n in range(20)]
    await asyncio.sleep(0)
    await database.close()
    assert sorted(await asyncio.gather(*jobs)) == list(range(20))


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        (sqlite3.SQLITE_FULL, FullError),
        (sqlite3.SQLITE_BUSY, BusyError),
        (sqlite3.SQLITE_READONLY, BusyError),
        (sqlite3.SQLITE_IOERR_FSYNC, BusyError),
        (sqlite3.SQLITE_CORRUPT, OperationalError),
    ],
)
async def test_errors_become_words(code: int, meant: type[Exception]) -> None:
    original = sqlite3.OperationalError("words that nobody matches")
    original.sqlite_errorcode = code
    assert isinstance(translate(OperationalError("", {}, original)), meant)


async def test_absent_database_is_busy(tmp_path: Path) -> None:
    absent = open_database(Settings(database_url=f"postgresql+asyncpg://nobody@/nothing?host={tmp_path}"))
    with pytest.raises(BusyError):
        await absent.read(numbers)
    with pytest.raises(BusyError):
        await absent.write(numbers)
    await absent.close()


async def test_deleted_bytes_are_overwritten(tmp_path: Path) -> None:
    """secure_delete: what was deleted is gone from the file once the journal is cut."""
    database = SqliteDatabase(tmp_path / "x.db")
    secret = b"a canary that must not outlive its row" * 200
    await database.write(lambda c: c.execute(text("CREATE TABLE birds (bytes blob)")) and None)
    await database.write(lambda c: c.execute(text("INSERT INTO birds VALUES (:bytes)"), {"bytes": secret}) and None)
    await database.scrub()
    assert secret[:30] in (tmp_path / "x.db").read_bytes()
    await database.write(lambda c: c.execute(text("DELETE FROM birds")) and None)
    await database.scrub()
    assert [path.name for path in tmp_path.iterdir() if secret[:30] in path.read_bytes()] == []
    await database.close()


async def test_scrub_gives_way_to_readers(intake: Intake, asked: MadeCall, settings: Settings) -> None:
    """Somebody reads for minutes: whoever sends must not stand behind that, so the wiping comes another time."""
    database = intake.service.database
    async with reading(settings):
        await intake.add(asked)
        assert await database.scrub() is False
    assert await database.scrub() is True


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[None]:
    """A transaction that has read the pending store, as an export has, and goes on."""
    query = "SELECT count(*) FROM pending_reports"
    if settings.sqlite_path is not None:
        with closing(sqlite3.connect(settings.sqlite_path)) as reader:
            reader.execute("BEGIN")
            reader.execute(query).fetchall()
            yield
        return
    server = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
    try:
        async with server.transaction():
            await server.fetch(query)
            yield
    finally:
        await server.close()
