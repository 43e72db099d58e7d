"""What all rooms share: the order of the tests, a PostgreSQL server for the whole run, a fresh database of it for each module that asks."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterator

import asyncpg
import pytest
from hypothesis import settings

from bench import postgresql

# Timings never decide a test: a busy machine makes no example wrong.
settings.register_profile("saksei", deadline=None)
settings.load_profile("saksei")

WAITING = ("end_to_end", "torture", "deploy")
"""Rooms whose tests wait for deadlines and batches: begun last, they would keep everybody waiting at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that wait, then with the files of the most tests; each file stays whole (`--dist loadfile`)."""
    sizes = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path.parent.name not in WAITING, -sizes[item.path]))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The libpq URL of a PostgreSQL server that lives as long as the run; every worker of xdist has its own."""
    with postgresql.postgresql_server() as url:
        yield url


@pytest.fixture(scope="module")
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """SAKSEI_DATABASE_URL of a database made for this test module and dropped after it."""
    name = f"t{secrets.token_hex(6)}"
    asyncio.run(_ask(postgresql_server, f"CREATE DATABASE {name}"))
    yield postgresql.intake_url(postgresql_server).replace("/postgres?", f"/{name}?")
    asyncio.run(_ask(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)"))


async def _ask(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
