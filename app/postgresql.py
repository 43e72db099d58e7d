"""PostgreSQL through asyncpg; the same functions over a Connection, run by SQLAlchemy's greenlet bridge."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app import models
from app.dialect import lock_key
from app.errors import BusyError
from app.transactions import Database, Job, T, translate

CONNECTIONS = 16
WAITING_JOBS = 2048
CONNECT_SECONDS = 10
POOL_SECONDS = 30


class PostgresqlDatabase(Database):
    """A PostgreSQL database. Every commit waits for the server's own disk, whatever its configuration says."""

    def __init__(self, url: str) -> None:
        """Name the database; it is reached by the first job."""
        self._url = url
        self._engine = self._make_engine()
        self._waiting = 0

    async def write(self, job: Job[T], *, weight: int = 0) -> T:  # noqa: ARG002 -- PostgreSQL groups commits by itself
        """Run `job` in a transaction of its own; see Database.write."""
        if self._waiting >= WAITING_JOBS:
            raise BusyError("Too many wait for the database at the moment.")
        self._waiting += 1
        try:
            async with self._connection() as connection, connection.begin():
                return await connection.run_sync(job)
        except DBAPIError as error:
            raise translate(error) from error
        finally:
            self._waiting -= 1

    async def read(self, job: Job[T]) -> T:
        """Run `job` in a repeatable, read-only transaction; see Database.read."""
        try:
            async with self._connection() as connection:
                steady = await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                return await steady.run_sync(job)
        except DBAPIError as error:
            raise translate(error) from error

    @asynccontextmanager
    async def publisher_turn(self) -> AsyncIterator[bool]:
        """A session's advisory lock; it falls with its connection. See Database.publisher_turn."""
        key = {"key": lock_key("publisher")}
        async with self._connection() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            mine = bool((await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key)).scalar_one())
            try:
                yield mine
            finally:
                if mine:
                    await connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)

    async def scrub(self) -> bool:
        """Write the pending tables anew, without their dead rows (a plain VACUUM leaves the bytes); see Database.scrub."""
        async with self._connection() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            for table in (models.pending_reports, models.pending_envelopes, models.pending_withdrawals):
                await connection.execute(text(f"VACUUM FULL {table.name}"))
        return True

    async def close(self) -> None:
        """Let go of every connection."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        connection = self._engine.connect()
        try:
            await connection.start()
        except (OSError, PoolTimeoutError) as error:
            raise BusyError("The database does not answer at the moment.") from error
        try:
            yield connection
        finally:
            await asyncio.shield(connection.close())

    def _make_engine(self) -> AsyncEngine:
        return create_async_engine(
            self._url,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=POOL_SECONDS,
            hide_parameters=True,
            connect_args={"timeout": CONNECT_SECONDS, "server_settings": {"synchronous_commit": "on", "application_name": "saksei"}},
        )
