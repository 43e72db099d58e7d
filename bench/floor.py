"""The floor of bench/intake.py: a bare FastAPI endpoint that commits the same bytes in groups from one writer thread, and nothing more."""

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

import fastapi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Waiting = tuple[bytes, bytes, asyncio.AbstractEventLoop, "asyncio.Future[None]"]


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _write(path: str, waiting: queue.SimpleQueue[Waiting | None]) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE reports (digest BLOB PRIMARY KEY, body BLOB NOT NULL)")
    while (first := waiting.get()) is not None:
        group = [first]
        while len(group) < 64 and not waiting.empty() and (more := waiting.get()) is not None:
            group.append(more)
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO reports VALUES (?, ?)", [(digest, body) for digest, body, _, _ in group])
        database.execute("COMMIT")
        for _, _, loop, done in group:
            loop.call_soon_threadsafe(_settle, done)
    database.close()


def create_app() -> fastapi.FastAPI:
    """The bare endpoint; its database file is named by FLOOR_DATABASE."""
    sys.setswitchinterval(0.0002)
    waiting: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()

    @asynccontextmanager
    async def lifespan(_app: fastapi.FastAPI) -> AsyncIterator[None]:
        writer = threading.Thread(target=_write, args=(os.environ["FLOOR_DATABASE"], waiting))
        writer.start()
        yield
        waiting.put(None)
        writer.join()

    app = fastapi.FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get("/ready")
    async def ready() -> fastapi.Response:
        return fastapi.Response(b"ok")

    @app.post("/reports", status_code=201)
    async def accept(request: fastapi.Request) -> fastapi.Response:
        body = b"".join([chunk async for chunk in request.stream()])
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        waiting.put((hashlib.sha256(body).digest(), body, loop, done))
        await done
        return fastapi.Response(b"ok", status_code=201, media_type="text/plain")

    return app
