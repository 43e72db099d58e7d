"""The migrations on both databases: head equals the models, and goes up and down with rows in it."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from app import models, schema
from app.database import Database, open_database
from app.errors import SchemaError
from app.settings import Settings

pytestmark = pytest.mark.anyio


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


async def test_head_equals_models(migrated: Database) -> None:
    assert await migrated.read(schema.differences) == []
    assert await migrated.read(tables) == set(models.metadata.tables)
    await migrated.read(schema.require_head)


async def test_difference_is_seen(migrated: Database) -> None:
    """The twin: a column nobody named is found."""
    await migrated.write(lambda c: c.execute(text("ALTER TABLE calls ADD COLUMN arrived bigint")) and None)
    assert await migrated.read(schema.differences) != []


async def test_no_row_number_outlives_a_batch(migrated: Database, settings: Settings) -> None:
    """On SQLite what outlives a batch is WITHOUT ROWID, in the migration as in the models: a row number is an order of arrival."""
    if settings.sqlite_path is None:
        return
    listed = text("SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%'")
    without = await migrated.read(lambda c: {row.name for row in c.execute(listed) if row.wr})
    assert without == set(models.metadata.tables) - {"pending_envelopes"}
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        models.metadata.create_all(connection)
        assert {row.name for row in connection.execute(listed) if row.wr} == without
    engine.dispose()


async def test_ciphertext_is_not_compressed(migrated: Database, settings: Settings) -> None:
    if settings.sqlite_path is not None:
        return
    asked = text("SELECT attrelid::regclass::text FROM pg_attribute WHERE attname = 'bytes' AND attstorage = 'e' ORDER BY 1")
    stored = await migrated.read(lambda c: list(c.execute(asked).scalars()))
    assert stored == sorted(column.table.name for column in models.SEALED_COLUMNS)


async def test_every_trigger_stands(migrated: Database) -> None:
    assert await migrated.read(schema.missing_triggers) == ()


async def test_down_leaves_nothing(migrated: Database, settings: Settings) -> None:
    await migrated.write(partial(schema.downgrade, revision="base"))
    assert await migrated.read(tables) == set()
    assert await migrated.read(schema.version) is None
    assert len(await migrated.read(schema.missing_triggers)) == len(models.TRIGGERS)
    if settings.sqlite_path is None:
        functions = text("SELECT count(*) FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE n.nspname = 'public'")
        assert await migrated.read(lambda c: c.execute(functions).scalar_one()) == 0


async def test_up_and_down_again(migrated: Database) -> None:
    await migrated.write(partial(schema.downgrade, revision="base"))
    await schema.migrate(migrated)
    await schema.migrate(migrated)
    assert await migrated.read(schema.differences) == []
    assert await migrated.read(schema.missing_triggers) == ()


async def test_broken_migration_changes_nothing(empty: Database) -> None:
    """DDL and version go together: what fails halfway leaves no half."""

    def fail(connection: Connection) -> None:
        schema.upgrade(connection)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await empty.write(fail)
    assert await empty.read(tables) == set()


async def test_rows_outlive_migrating(migrated: Database) -> None:
    """Rows written at head are there, byte for byte, after migrating to head again."""
    row = {"id": "asked", "document": b"\x00\xff", "sums": b"s", "signature": b"m", "form": None, "opens": 1, "closes": 2, "ends": 3}
    await migrated.write(lambda c: c.execute(models.calls.insert(), row) and None)
    await schema.migrate(migrated)
    kept = await migrated.read(lambda c: dict(c.execute(models.calls.select()).one()._mapping))
    assert kept == row


@pytest.mark.parametrize(
    ("older", "newer", "tables_of_newer"), [("0001", "0002", {"received", "rounds", "replies"}), ("0002", "0003", {"tokens"})]
)
async def test_rows_outlive_each_version(empty: Database, older: str, newer: str, tables_of_newer: set[str]) -> None:
    """A call of one version is there after the next, whose tables come and go without touching it."""
    row = {"id": "asked", "document": b"\x00\xff", "sums": b"s", "signature": b"m", "form": None, "opens": 1, "closes": 2, "ends": 3}
    await empty.write(partial(schema.upgrade, revision=older))
    before = await empty.read(tables)
    await empty.write(lambda c: c.execute(models.calls.insert(), row) and None)
    with pytest.raises(SchemaError):
        await empty.read(schema.require_head)
    await empty.write(partial(schema.upgrade, revision=newer))
    assert await empty.read(tables) - before == tables_of_newer
    await empty.write(partial(schema.downgrade, revision=older))
    assert await empty.read(tables) == before
    assert await empty.read(lambda c: dict(c.execute(models.calls.select()).one()._mapping)) == row


async def test_unmigrated_is_refused(empty: Database) -> None:
    with pytest.raises(SchemaError):
        await empty.read(schema.require_head)


def test_one_line_of_versions() -> None:
    script = ScriptDirectory.from_config(schema.configuration())
    assert script.get_heads() == [schema.head()]
    assert script.get_bases() == ["0001"]


def test_no_batch_alter_table() -> None:
    """It copies a table and leaves its triggers behind, without a word."""
    for version in (schema.migrations_folder() / "versions").glob("*.py"):
        assert "op.batch_alter_table(" not in version.read_text()


def test_alembic_alone_finds_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without our command, Alembic's own entry migrates the database of the settings."""
    monkeypatch.setenv("SAKSEI_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/alone.db")
    command.upgrade(schema.configuration(), "head")

    async def state() -> tuple[str | None, tuple[str, ...]]:
        database = open_database(Settings())
        found = await database.read(schema.version), await database.read(schema.missing_triggers)
        await database.close()
        return found

    assert asyncio.run(state()) == (schema.head(), ())
