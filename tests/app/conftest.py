"""Fixtures of the intake service: calls, and an application on either kind of database."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import schema
from app.database import open_database
from app.main import create_app
from app.settings import Settings
from tests.app.made import Intake, MadeCall, PublicCall, write_call


@pytest.fixture(scope="session")
def make_call(tmp_path_factory: pytest.TempPathFactory) -> PublicCall:
    """Make a call and its package, as `call build` does; keyword arguments replace keys of call.json."""

    def make(*, form: bytes | None = None, **overrides: Any) -> MadeCall:
        return write_call(tmp_path_factory.mktemp("server"), form=form, **overrides)

    return make


@pytest.fixture(scope="session")
def asked(make_call: PublicCall) -> MadeCall:
    """The call most tests use: open, its first boundary days away."""
    return make_call()


@pytest.fixture(scope="session")
def hasty(make_call: PublicCall) -> MadeCall:
    """A call with a boundary every second, so that a batch is always near."""
    return make_call(call="hasty", batch_seconds=1)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address of either kind of database; the PostgreSQL one is emptied by `settings`."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/data/intake.db"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, log_key_dir=tmp_path / "keys", log_state_dir=tmp_path / "state", max_concurrent_uploads=16)


@pytest.fixture(autouse=True)
def _private_files() -> Iterator[None]:
    """New files are the owner's alone, as the command sets it for the service."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
async def intake(settings: Settings) -> AsyncIterator[Intake]:
    app = create_app(settings)
    service = app.state.service
    settings.spool_dir.mkdir(parents=True, exist_ok=True)
    if settings.sqlite_path is None:
        await service.database.write(partial(schema.downgrade, revision="base"))
    await schema.migrate(service.database)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Intake(app, service, client)
    await service.database.close()


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The settings as environment variables, for commands and processes."""
    named = {
        "SAKSEI_DATABASE_URL": settings.database_url,
        "SAKSEI_LOG_KEY_DIR": str(settings.log_key_dir),
        "SAKSEI_LOG_STATE_DIR": str(settings.log_state_dir),
    }
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    return {**os.environ, **named}


@pytest.fixture
def postgresql_emptied(database_url: str) -> None:
    """Take every table of ours out of the PostgreSQL database of this module; nothing to do on SQLite."""
    if database_url.startswith("postgresql"):
        asyncio.run(_empty(Settings(database_url=database_url)))


async def _empty(settings: Settings) -> None:
    database = open_database(settings)
    await database.write(partial(schema.downgrade, revision="base"))
    await database.close()
