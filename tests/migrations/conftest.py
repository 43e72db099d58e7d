"""An empty database of either kind, and what it holds after the migrations."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from app import schema
from app.database import Database, open_database
from app.settings import Settings


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = f"sqlite+aiosqlite:///{tmp_path}/x.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    return Settings(database_url=url)


@pytest.fixture
async def empty(settings: Settings) -> AsyncIterator[Database]:
    """A database without a table of ours."""
    database = open_database(settings)
    await database.write(partial(schema.downgrade, revision="base"))
    yield database
    await database.close()


@pytest.fixture
async def migrated(empty: Database) -> Database:
    """A database at head."""
    await schema.migrate(empty)
    return empty
