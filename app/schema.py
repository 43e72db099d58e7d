"""The database's version: bring it to this software's, and say whether it is (Alembic)."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app import models
from app.dialect import is_sqlite, refused_by_trigger
from app.errors import SchemaError
from app.transactions import Database

_TRIGGERS_SQLITE = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
_TRIGGERS_POSTGRESQL = text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')")
_PROBE = "saksei-check"


def migrations_folder() -> Path:
    """Where the migrations stand: in the wheel beside this file, in the source tree beside this package."""
    carried = Path(__file__).parent / "migrations"
    return carried if carried.is_dir() else Path(__file__).parent.parent / "alembic"


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration without a file; migrations run on `connection` when one is given."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The version this software needs."""
    return str(ScriptDirectory.from_config(configuration()).get_current_head())


def version(connection: Connection) -> str | None:
    """The version the database is at; None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the database up to `revision`, in the transaction at hand."""
    command.upgrade(configuration(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Bring the database down to `revision` (`base`: no table of ours is left), in the transaction at hand."""
    command.downgrade(configuration(connection), revision)


async def migrate(database: Database) -> None:
    """Bring the database to the version of this software."""
    await database.write(upgrade)


def require_head(connection: Connection) -> None:
    """Raise SchemaError unless the database is at this software's version."""
    if version(connection) != head():
        raise SchemaError("The database is not at the version of this software: run `saksei-intake migrate`.")


def differences(connection: Connection) -> list[object]:
    """What Alembic would have to change to bring the database to the models: empty when they are the same."""
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), models.metadata))


def missing_triggers(connection: Connection) -> tuple[str, ...]:
    """The triggers of models.TRIGGERS that do not stand, or were switched off."""
    found = set(connection.execute(_TRIGGERS_SQLITE if is_sqlite(connection) else _TRIGGERS_POSTGRESQL).scalars())
    return tuple(name for name in models.TRIGGERS if name not in found)


def refuses_late_rows(connection: Connection) -> bool:
    """True when the database by itself refuses a report for a call that is over; tried with rows that are taken back at once."""
    return _refuses(connection, opens=0, closes=1) and _refuses(connection, opens=2**52, closes=2**53)


def _refuses(connection: Connection, *, opens: int, closes: int) -> bool:
    savepoint = connection.begin_nested()
    call = {"id": _PROBE, "document": b"", "sums": b"", "signature": b"", "opens": opens, "closes": closes, "ends": closes}
    report = {"call": _PROBE, "digest": bytes(32), "handle": bytes(32), "batch": 0}
    try:
        connection.execute(models.calls.insert(), call)
        connection.execute(models.logs.insert(), {"call": _PROBE, "size": 0, "frontier": b"", "cut": 0, "closed": False})
        connection.execute(models.pending_reports.insert(), report)
    except DBAPIError as error:
        return refused_by_trigger(error)
    finally:
        savepoint.rollback()
    return False
