"""The one place that chooses between SQLite and PostgreSQL."""

from app.postgresql import PostgresqlDatabase
from app.settings import Settings
from app.sqlite import SqliteDatabase
from app.transactions import Database

__all__ = ["Database", "open_database"]


def open_database(settings: Settings) -> Database:
    """The database that the settings name. Nothing is opened yet; close it when done."""
    path = settings.sqlite_path
    return PostgresqlDatabase(settings.database_url) if path is None else SqliteDatabase(path)
