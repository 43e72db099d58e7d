"""What SQLite and PostgreSQL say differently: the clock, the locks of a call, inserting once, and why something was refused.

All functions take a SQLAlchemy Connection inside a transaction.
"""

import functools
import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, TextClause, text
from sqlalchemy.exc import DBAPIError

from app.models import LATE_SQLSTATE

SQLITE_FULL = 13
SQLITE_CONSTRAINT_TRIGGER = 1811
SQLITE_UNAVAILABLE = frozenset({5, 6, 14})
POSTGRESQL_FULL = frozenset({"53100", "53200"})
POSTGRESQL_UNAVAILABLE = ("08", "57P", "53300", "25006", "40")

Statements = Mapping[str, TextClause]
"""One statement for each kind of database, by the name of its dialect."""

CLOCK_SQLITE = "CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)"
CLOCK_POSTGRESQL = "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint)"


def with_clock(statement: str) -> Statements:
    """A statement in which `{clock}` is the database's clock in unix milliseconds, read at that very statement."""
    return {"sqlite": text(statement.format(clock=CLOCK_SQLITE)), "postgresql": text(statement.format(clock=CLOCK_POSTGRESQL))}


_NOW = with_clock("SELECT {clock}")
_SHARE = text("SELECT pg_advisory_xact_lock_shared(:key)")
_HOLD = text("SELECT pg_advisory_xact_lock(:key)")


def is_sqlite(connection: Connection) -> bool:
    """True on SQLite, False on PostgreSQL."""
    return connection.dialect.name == "sqlite"


def now_ms(connection: Connection) -> int:
    """The database's clock at this very statement, in unix milliseconds: the one clock that decides (format.md section 9)."""
    return int(connection.execute(_NOW[connection.dialect.name]).scalar_one())


def lock_key(name: str) -> int:
    """The number under which PostgreSQL locks what is called `name`: 63 bits of its SHA-256."""
    return int.from_bytes(hashlib.sha256(b"saksei lock\n" + name.encode()).digest()[:8], "big") >> 1


def share_call(connection: Connection, call_id: str) -> None:
    """Wait until no batch of the call is being cut, and keep it so until this transaction ends (section 9).

    On SQLite a writing transaction began with BEGIN IMMEDIATE and is alone already.
    """
    if not is_sqlite(connection):
        connection.execute(_SHARE, {"key": lock_key(f"call {call_id}")})


def hold_call(connection: Connection, call_id: str) -> None:
    """Wait until no report of the call is being taken, and keep it so until this transaction ends (section 9)."""
    if not is_sqlite(connection):
        connection.execute(_HOLD, {"key": lock_key(f"call {call_id}")})


def insert_once(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless a unique key stands in the way; True when it was inserted."""
    return connection.execute(_insert_once(table.name, tuple(row)), row).rowcount == 1


@functools.cache
def _insert_once(table: str, columns: tuple[str, ...]) -> TextClause:
    places = ", ".join(f":{column}" for column in columns)
    return text(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}) ON CONFLICT DO NOTHING")  # noqa: S608 -- our own names


def refused_by_trigger(error: DBAPIError) -> bool:
    """True when one of our triggers refused the row: it came too early or too late, or changes what is fixed."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return bool(code == SQLITE_CONSTRAINT_TRIGGER or _sqlstate(error) == LATE_SQLSTATE)


def disk_is_full(error: DBAPIError) -> bool:
    """True when the database had no room left."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return bool(code == SQLITE_FULL or _sqlstate(error) in POSTGRESQL_FULL)


def is_unavailable(error: DBAPIError) -> bool:
    """True when the database is locked, gone, shutting down or read-only: trying again later can help."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return (code & 0xFF) in SQLITE_UNAVAILABLE
    return error.connection_invalidated or _sqlstate(error).startswith(POSTGRESQL_UNAVAILABLE)


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")
