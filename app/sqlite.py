"""SQLite: one writer thread that commits waiting jobs in groups, and a few readers beside it.

Measured (performance.md): a sync engine in one thread with group commit beats aiosqlite twice over; an flock around each transaction queues
several processes in the kernel, where SQLite's own busy handler lets them sleep and starve.
"""

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from app.errors import AppError, BusyError
from app.transactions import GROUP_JOBS, GROUP_WEIGHT, Database, GroupJob, Item, Job, T, translate
from crypto.errors import CryptoError

QUEUE_JOBS = 2048
READERS = 4
BUSY_SECONDS = 10
SCRUB_WAIT_SECONDS = 1
"""So long a reader is waited for before the journal is cut: nobody can write meanwhile, and some read for minutes (an export)."""
PAGE_BYTES = 16 << 10
"""Of a database that is made new. Envelopes are far larger than SQLite's usual pages of 4 KiB, and each page is a write of its own."""
WRITER_CACHE_KIB = 32 << 10
READER_CACHE_KIB = 2 << 10
"""Of pages that a connection keeps in memory. A batch of some ten thousand reports, without its envelopes, fits into the writer's."""
CHECKPOINT_BYTES = 16 << 20
"""How long the journal is when SQLite copies it into the database: a few groups of small reports, not one."""
STATEMENTS = 512
"""How many prepared statements a connection keeps: those of the groups come in a few sizes each."""


VACUUM_BYTES = 256 << 20
"""VACUUM holds what is left in memory (temp_store). Where other calls left more than this, the file keeps its length, and its zeros."""


@dataclass(slots=True)
class _Waiting:
    """An item, the job it waits for, who waits for it, and what came of it."""

    job: GroupJob[Any, Any]
    item: Any
    weight: int
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    value: Any = None
    error: BaseException | None = None

    def answer(self, outcome: Any) -> None:
        """Keep what came of it: a value, or a refusal."""
        if isinstance(outcome, AppError):
            self.error = outcome
        else:
            self.value = outcome

    def settle(self) -> None:
        """Tell the one who waits."""
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.value)


class _SpoiledError(Exception):
    """A job failed after it may have written something: the transaction it shared is undone."""


class SqliteDatabase(Database):
    """A SQLite file in WAL mode: synchronous=FULL, secure_delete, foreign keys, an flock for writers and one for the publisher."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is opened by the first job."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._write_lock = path.with_name(path.name + ".writer-lock")
        self._publish_lock = path.with_name(path.name + ".publisher-lock")
        self._writing = _engine(path, begin="BEGIN IMMEDIATE", connections=1, cache_kib=WRITER_CACHE_KIB)
        self._reading = _engine(path, begin="BEGIN", connections=READERS, cache_kib=READER_CACHE_KIB)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="saksei-reader")
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def write(self, job: Job[T], *, weight: int = 0) -> T:
        """Run `job` in the next group; see Database.write."""
        return await self.write_together(_alone, job, weight=weight)

    async def write_together(self, job: GroupJob[Item, T], item: Item, *, weight: int = 0) -> T:
        """Run `job` in the next group, on all that wait for it; see Database.write_together."""
        if self._queue.qsize() >= QUEUE_JOBS:
            raise BusyError("Too many wait for the database at the moment.")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(job, item, weight, loop, loop.create_future())
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_groups, name="saksei-writer", daemon=True)
            self._thread.start()
        self._queue.put(waiting)
        value: T = await waiting.future
        return value

    async def read(self, job: Job[T]) -> T:
        """Run `job` in a reader thread; see Database.read."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, job)

    @asynccontextmanager
    async def publisher_turn(self) -> AsyncIterator[bool]:
        """An flock on a file beside the database; see Database.publisher_turn."""
        with _lock_file(self._publish_lock) as descriptor:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    async def scrub(self) -> bool:
        """Move the journal into the database and cut it to nothing; see Database.scrub."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, _in_our_words, self._truncate_journal)

    async def compact(self) -> bool:
        """Deleted pages are zeros already (secure_delete); give them back, and cut the journal. See Database.compact."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, _in_our_words, self._vacuum)

    async def close(self) -> None:
        """Stop the writer after what waits; see Database.close."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            await asyncio.get_running_loop().run_in_executor(self._readers, thread.join)
        self._readers.shutdown(wait=True)
        self._writing.dispose()
        self._reading.dispose()

    def _read(self, job: Job[T]) -> T:
        try:
            with self._reading.connect() as connection:
                connection.exec_driver_sql("PRAGMA query_only = ON")
                return job(connection)
        except DBAPIError as error:
            raise translate(error) from error

    def _vacuum(self) -> bool:
        raw = self._reading.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA query_only = OFF")
            sizes = [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")]
            if (sizes[0] - sizes[1]) * sizes[2] <= VACUUM_BYTES:
                with _lock_file(self._write_lock) as descriptor, _locked(descriptor):
                    cursor.execute("VACUUM")
        finally:
            raw.close()
        return self._truncate_journal()

    def _truncate_journal(self) -> bool:
        raw = self._reading.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA query_only = OFF")
            cursor.execute(f"PRAGMA busy_timeout = {SCRUB_WAIT_SECONDS * 1000}")
            with _lock_file(self._write_lock) as descriptor, _locked(descriptor):
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                row = cursor.fetchone()
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
            return row is not None and int(row[0]) == 0
        finally:
            raw.close()

    def _write_groups(self) -> None:
        with _lock_file(self._write_lock) as descriptor:
            while (first := self._queue.get()) is not None:
                group = [first]
                stop = self._write_group(group, descriptor)
                _deliver(group)
                if stop:
                    return

    def _write_group(self, group: list[_Waiting], descriptor: int) -> bool:
        stop = False
        try:
            with _locked(descriptor):
                stop = self._gather(group)
                try:
                    self._commit_group(group)
                except _SpoiledError:
                    self._commit_each(group)
        except BaseException as error:  # whatever it is, each of those who wait must be told
            failure = translate(error) if isinstance(error, DBAPIError) else error
            for waiting in group:
                waiting.error = failure
        return stop

    def _gather(self, group: list[_Waiting]) -> bool:
        """Take in what waits, up to the size of a group; True when the writer was told to stop."""
        weight = group[0].weight
        while len(group) < GROUP_JOBS and weight < GROUP_WEIGHT:
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return False
            if waiting is None:
                return True
            group.append(waiting)
            weight += waiting.weight
        return False

    def _commit_group(self, group: list[_Waiting]) -> None:
        """Do all of the group in one transaction, those that follow one another for the same job at once.

        There is no savepoint around a job: on a busy machine each statement costs a wait for Python's lock. A job that refuses before it
        wrote anything leaves nothing to undo; any other failure spoils the group, and its jobs are run again one by one.
        """
        with self._writing.begin() as connection:
            for job, members in groupby(group, key=attrgetter("job")):
                _run(connection, job, list(members))

    def _commit_each(self, group: list[_Waiting]) -> None:
        for waiting in group:
            waiting.value = waiting.error = None
            try:
                with self._writing.begin() as connection:
                    waiting.answer(waiting.job(connection, [waiting.item])[0])
            except Exception as error:  # it belongs to the one who waits; the others go on
                waiting.error = translate(error) if isinstance(error, DBAPIError) else error


def _in_our_words(job: Callable[[], bool]) -> bool:
    """Run what speaks to the driver itself. Raises what `translate` makes of its errors."""
    try:
        return job()
    except sqlite3.Error as error:
        raise translate(DBAPIError(None, None, error)) from error


def _alone(connection: Connection, jobs: Sequence[Job[T]]) -> list[T | AppError]:
    return [job(connection) for job in jobs]


def _run(connection: Connection, job: GroupJob[Any, Any], members: list[_Waiting]) -> None:
    """Do `job` for all its members at once; jobs of their own one at a time, so that a refusal of one is not that of the others."""
    raw: Any = connection.connection.dbapi_connection
    for part in [[waiting] for waiting in members] if job is _alone else [members]:
        before = raw.total_changes
        try:
            outcomes = job(connection, [waiting.item for waiting in part])
        except (AppError, CryptoError) as error:
            if raw.total_changes != before or len(part) > 1:
                raise _SpoiledError from error
            part[0].error = error
        except Exception as error:
            raise _SpoiledError from error
        else:
            for waiting, outcome in zip(part, outcomes, strict=True):
                waiting.answer(outcome)


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    """An open file to lock; whoever holds a lock on it lets go when the block ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Hold the file's lock; those who wait for it queue in the kernel."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _deliver(group: list[_Waiting]) -> None:
    for loop in {waiting.loop for waiting in group}:
        mine = [waiting for waiting in group if waiting.loop is loop]
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, mine)


def _settle(group: list[_Waiting]) -> None:
    for waiting in group:
        waiting.settle()


def _engine(path: Path, *, begin: str, connections: int, cache_kib: int) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS, "cached_statements": STATEMENTS},
    )

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # the driver must not begin transactions by itself: ours begin in the listener below
        for pragma in (
            f"page_size = {PAGE_BYTES}",  # a database that is there keeps its own
            "journal_mode = WAL",
            "synchronous = FULL",
            "secure_delete = ON",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            "trusted_schema = OFF",
            f"cache_size = -{cache_kib}",
        ):
            raw.execute(f"PRAGMA {pragma}").close()
        page = raw.execute("PRAGMA page_size").fetchone()[0]
        raw.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_BYTES // page}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
