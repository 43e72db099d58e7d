"""Alembic's entry: runs the migrations on the connection that app.schema hands over, else on the database of the settings."""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app.models import metadata
from app.settings import Settings


def run_on(connection: Connection) -> None:
    """Run the migrations asked for in one transaction."""
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_on_settings() -> None:
    """Open the database of the settings and run the migrations there."""
    engine = create_async_engine(Settings().database_url, hide_parameters=True)
    async with engine.begin() as connection:
        await connection.run_sync(run_on)
    await engine.dispose()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run_on(given)
else:
    asyncio.run(run_on_settings())
