"""PostgreSQL through asyncpg; the same functions over a Connection, run by SQLAlchemy's greenlet bridge."""

import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import asyncpg
from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app import models
from app.dialect import is_unavailable, lock_key, lost_a_race, waited_in_vain
from app.errors import BusyError, OverloadedError
from app.resting import Rest
from app.transactions import GROUP_JOBS, GROUP_WEIGHT, Database, GroupJob, Item, Job, T, translate, translated

CONNECTIONS = 16
GROUPS_AT_ONCE = 2
"""So many groups are on their way at the same time: while one waits for the server's disk the next is made."""
WAITING_JOBS = 2048
CONNECT_SECONDS = 10
POOL_SECONDS = 30
VACUUM_WAIT_SECONDS = 3
"""So long a table that is to be written anew is waited for: whoever wants to write to it stands behind that wait, and some read for minutes
(an export, a backup). Longer than PostgreSQL's own vacuum needs to give way."""

SILENT_SECONDS = 25
"""How long a line to the database may give no sign of life, seen from either end. A host that is cut off must let go of the publisher's
lock, and of the locks of calls, before others could miss an interval; and those who wait at it must be told."""
_ASK_SECONDS = 10
_ASK_AGAIN_SECONDS = 5
_ASKED_TIMES = 3
_SERVER_SETTINGS = {
    "synchronous_commit": "on",
    "application_name": "saksei",
    "tcp_keepalives_idle": str(_ASK_SECONDS),
    "tcp_keepalives_interval": str(_ASK_AGAIN_SECONDS),
    "tcp_keepalives_count": str(_ASKED_TIMES),
    "tcp_user_timeout": str(SILENT_SECONDS * 1000),
}
_SOCKET_OPTIONS = {
    "TCP_KEEPIDLE": _ASK_SECONDS,
    "TCP_KEEPINTVL": _ASK_AGAIN_SECONDS,
    "TCP_KEEPCNT": _ASKED_TIMES,
    "TCP_USER_TIMEOUT": SILENT_SECONDS * 1000,
}


PENDING = (models.pending_reports, models.pending_envelopes, models.pending_withdrawals)
"""Tables that are written anew after a batch or a withdrawal."""


class AttentiveConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """A connection whose line is known to be dead after SILENT_SECONDS; by itself a system waits for a quarter of an hour or for ever."""

    def __init__(self, protocol: Any, transport: Any, *rest: Any) -> None:
        """Set the options of its socket, where the line is TCP and the system knows them."""
        super().__init__(protocol, transport, *rest)
        line = transport.get_extra_info("socket")
        if line is None or line.family not in (socket.AF_INET, socket.AF_INET6):
            return
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _SOCKET_OPTIONS.items():
            if hasattr(socket, name):
                line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


@dataclass(slots=True)
class _Waiting:
    """An item, the job it waits for, and who waits for it."""

    job: GroupJob[Any, Any]
    item: Any
    weight: int
    future: "asyncio.Future[Any]"

    def settle(self, outcome: Any) -> None:
        """Tell the one who waits what came of it: a value, a refusal or a failure."""
        if self.future.cancelled():
            return
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


class PostgresqlDatabase(Database):
    """A PostgreSQL database. Every commit waits for the server's own disk, whatever its configuration says."""

    def __init__(self, url: str, *, rest: Rest | None = None) -> None:
        """Name the database; it is reached by the first job. `rest` is between two scrubs."""
        self._url = url
        self._rest = rest or Rest()
        self._engine = self._make_engine()
        self._waiting = 0
        self._queue: deque[_Waiting] = deque()
        self._groups: set[asyncio.Task[None]] = set()

    async def write(self, job: Job[T], *, weight: int = 0) -> T:  # noqa: ARG002 -- PostgreSQL groups commits by itself
        """Run `job` in a transaction of its own; see Database.write."""
        if self._waiting >= WAITING_JOBS:
            raise BusyError("Too many wait for the database at the moment.")
        self._waiting += 1
        try:
            return await self._transact(job)
        except DBAPIError as error:
            raise translate(error) from error
        finally:
            self._waiting -= 1

    async def write_together(self, job: GroupJob[Item, T], item: Item, *, weight: int = 0) -> T:
        """Run `job` in the next group, on all that wait for it; see Database.write_together."""
        if len(self._queue) >= WAITING_JOBS:
            raise BusyError("Too many wait for the database at the moment.")
        waiting = _Waiting(job, item, weight, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if len(self._groups) < GROUPS_AT_ONCE:
            self._groups.add(asyncio.create_task(self._write_groups()))
        value: T = await waiting.future
        return value

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
        with translated():
            async with self._connection() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                mine = bool((await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key)).scalar_one())
                try:
                    yield mine
                finally:
                    if mine:
                        await connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)

    async def scrub(self) -> bool:
        """Write the pending tables anew, without their dead rows (a plain VACUUM leaves the bytes); see Database.scrub, and app.resting."""
        waiting = await self.read(_count_waiting)
        if not self._rest.is_over(waiting):
            return False
        with self._rest.worked(waiting):
            return await self._vacuum(*PENDING)

    async def compact(self) -> bool:
        """Write anew every table that anything is deleted from. See Database.compact."""
        return await self._vacuum(*PENDING, models.envelopes, models.replies, models.rounds)

    async def _vacuum(self, *tables: Table) -> bool:
        with translated():
            async with self._connection() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.execute(text(f"SET lock_timeout = '{VACUUM_WAIT_SECONDS}s'"))
                try:
                    for table in tables:
                        await connection.execute(text(f"VACUUM FULL {table.name}"))
                except DBAPIError as error:
                    if waited_in_vain(error):
                        return False
                    raise
                finally:
                    await connection.execute(text("RESET lock_timeout"))
        return True

    async def close(self) -> None:
        """Finish the groups on their way, then let go of every connection."""
        await asyncio.gather(*self._groups)
        await self._engine.dispose()

    async def _transact(self, job: Job[T]) -> T:
        async with self._connection() as connection, connection.begin():
            return await connection.run_sync(job)

    async def _write_groups(self) -> None:
        try:
            while self._queue:
                group = self._next_group()
                for waiting, outcome in zip(group, await self._write_group(group), strict=True):
                    waiting.settle(outcome)
        finally:
            self._groups.remove(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _write_group(self, group: list[_Waiting]) -> Sequence[Any]:
        """What came of each of the group: done at once, or one by one where one of them spoiled it for the others."""
        job, items = group[0].job, [waiting.item for waiting in group]
        try:
            return await self._transact(lambda connection: job(connection, items))
        except DBAPIError as error:
            if is_unavailable(error) and not lost_a_race(error):
                return [translate(error)] * len(group)
        except OverloadedError as error:
            return [error] * len(group)
        except Exception as error:
            if len(group) == 1:
                return [error]
        return [await self._write_alone(waiting) for waiting in group]

    def _next_group(self) -> list[_Waiting]:
        """What waits for the same job, up to the size of a group."""
        group = [self._queue.popleft()]
        weight = group[0].weight
        while self._queue and self._queue[0].job is group[0].job and len(group) < GROUP_JOBS and weight < GROUP_WEIGHT:
            group.append(self._queue.popleft())
            weight += group[-1].weight
        return group

    async def _write_alone(self, waiting: _Waiting) -> Any:
        try:
            return (await self.write(lambda connection: waiting.job(connection, [waiting.item])))[0]
        except Exception as error:  # it belongs to the one who waits; the others go on
            return error

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
            connect_args={"timeout": CONNECT_SECONDS, "server_settings": _SERVER_SETTINGS, "connection_class": AttentiveConnection},
        )


def _count_waiting(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(models.pending_reports)).scalar_one())
