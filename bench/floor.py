"""The floors of bench/intake.py: a bare FastAPI endpoint that keeps the same bytes durably, and nothing more.

FLOOR_DATABASE names an SQLite file, written by one thread in groups of FLOOR_GROUP commits at most, or a PostgreSQL server
(`postgresql://…`), asked through a pool of asyncpg with one insert and one commit a report.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import queue
import sqlite3
import sys
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import fastapi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

Waiting = tuple[bytes, bytes, asyncio.AbstractEventLoop, "asyncio.Future[None]"]
GROUP = "64"
CONNECTIONS = 16


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _write(path: str, most: int, waiting: queue.SimpleQueue[Waiting | None]) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE reports (digest BLOB PRIMARY KEY, body BLOB NOT NULL)")
    while (first := waiting.get()) is not None:
        group = [first]
        while len(group) < most and not waiting.empty() and (more := waiting.get()) is not None:
            group.append(more)
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO reports VALUES (?, ?)", [(digest, body) for digest, body, _, _ in group])
        database.execute("COMMIT")
        for _, _, loop, done in group:
            loop.call_soon_threadsafe(_settle, done)
    database.close()


@asynccontextmanager
async def sqlite_writer(path: str) -> AsyncIterator[Callable[[bytes], Awaitable[None]]]:
    """What keeps a body in a new SQLite file and returns when it is durable."""
    waiting: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
    writer = threading.Thread(target=_write, args=(path, int(os.environ.get("FLOOR_GROUP", GROUP)), waiting))
    writer.start()

    async def keep(body: bytes) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        waiting.put((hashlib.sha256(body).digest(), body, loop, done))
        await done

    yield keep
    waiting.put(None)
    writer.join()


@asynccontextmanager
async def postgresql_writer(url: str) -> AsyncIterator[Callable[[bytes], Awaitable[None]]]:
    """What keeps a body in a PostgreSQL table and returns when it is durable."""
    async with asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(1)")  # two processes begin at once
            await connection.execute("CREATE TABLE IF NOT EXISTS bodies (digest bytea PRIMARY KEY, body bytea STORAGE EXTERNAL NOT NULL)")

        async def keep(body: bytes) -> None:
            await pool.execute("INSERT INTO bodies VALUES ($1, $2)", hashlib.sha256(body).digest(), body)

        yield keep


def create_app() -> fastapi.FastAPI:
    """The bare endpoint."""
    sys.setswitchinterval(0.0002)
    address = os.environ["FLOOR_DATABASE"]

    @asynccontextmanager
    async def lifespan(app: fastapi.FastAPI) -> AsyncIterator[None]:
        writer = postgresql_writer if address.startswith("postgresql://") else sqlite_writer
        async with writer(address) as app.state.keep:
            yield

    app = fastapi.FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get("/ready")
    async def ready() -> fastapi.Response:
        return fastapi.Response(b"ok")

    @app.post("/reports", status_code=201)
    async def accept(request: fastapi.Request) -> fastapi.Response:
        body = b"".join([chunk async for chunk in request.stream()])
        await app.state.keep(body)
        return fastapi.Response(b"ok", status_code=201, media_type="text/plain")

    return app
