"""What SQLite and PostgreSQL say differently: the clock, the locks of a call, inserting once, and why something was refused.

All functions take a SQLAlchemy Connection inside a transaction.
"""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, LargeBinary, Row, Table, TextClause, text
from sqlalchemy.exc import DBAPIError

from app.models import LATE_SQLSTATE

SQLITE_FULL = 13
SQLITE_CONSTRAINT_TRIGGER = 1811
SQLITE_UNAVAILABLE = frozenset({5, 6, 8, 10, 14})
"""Busy, locked, read-only, a disk that fails, and no such file or no right to it."""
POSTGRESQL_FULL = frozenset({"53100", "53200"})
POSTGRESQL_RACE = "40"
POSTGRESQL_LOCKED = "55P03"
POSTGRESQL_UNAVAILABLE = ("08", "57P", "58030", "53300", "25006", POSTGRESQL_RACE)

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


def look_for(connection: Connection, statement: str, call_id: str, lists: Mapping[str, Sequence[bytes]]) -> Sequence[Row[Any]]:
    """Ask something about a call and lists of as many values each.

    In `statement`, `{clock}` is the database's clock in unix milliseconds, `{call}` the call, and the name of a list a table `asked` that
    has its values in `column1`; cross joins are read from left to right.
    """
    if not is_sqlite(connection):
        return connection.exec_driver_sql(_statement_postgresql(statement, tuple(lists)), (call_id, *map(list, lists.values()))).all()
    count = len(next(iter(lists.values())))
    filled = 1 << (count - 1).bit_length()  # a few sizes, so that the prepared statements are found again
    values = [value for of_list in lists.values() for value in (*of_list, *[of_list[-1]] * (filled - count))]
    return connection.exec_driver_sql(statement_sqlite(statement, tuple(lists), filled), (call_id, *values)).all()


@functools.cache
def statement_sqlite(statement: str, lists: tuple[str, ...], count: int) -> str:
    """What `look_for` asks SQLite about lists of `count` values; its parameters are the call and then the lists."""
    starts = {name: 2 + at * count for at, name in enumerate(lists)}
    places = {name: f"(VALUES {', '.join(f'(?{start + at})' for at in range(count))}) AS asked" for name, start in starts.items()}
    return statement.format(clock=CLOCK_SQLITE, call="?1", **places)


@functools.cache
def _statement_postgresql(statement: str, lists: tuple[str, ...]) -> str:
    places = {name: f"unnest(${at}::bytea[]) AS asked (column1)" for at, name in enumerate(lists, start=2)}
    return statement.format(clock=CLOCK_POSTGRESQL, call="$1", **places)


def insert_new(connection: Connection, table: Table, call_id: str, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Insert rows of a call, one at least; return the first column of those that no unique key stood in the way of.

    In few statements: at each, the thread that writes waits for the one that answers. On SQLite a writing transaction is alone, and a key
    in the way is an error.
    """
    if not is_sqlite(connection):
        inserted = connection.exec_driver_sql(_insert_postgresql(table, columns), (call_id, *map(list, zip(*rows, strict=True))))
        return list(inserted.scalars())
    done = 0
    while done < len(rows):
        count = 1 << ((len(rows) - done).bit_length() - 1)
        values = [value for row in rows[done : done + count] for value in (call_id, *row)]
        connection.exec_driver_sql(_insert_sqlite(table.name, columns, count), tuple(values))
        done += count
    return [row[0] for row in rows]


@functools.cache
def _insert_sqlite(table: str, columns: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * (len(columns) + 1))})"
    return f"INSERT INTO {table} (call, {', '.join(columns)}) VALUES {', '.join([row] * count)}"  # noqa: S608 -- our own names


@functools.cache
def _insert_postgresql(table: Table, columns: tuple[str, ...]) -> str:
    kinds = ["bytea" if isinstance(table.c[name].type, LargeBinary) else "bigint" for name in columns]
    lists = ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(kinds, start=2))
    named = ", ".join(columns)
    return (
        f"INSERT INTO {table.name} (call, {named}) SELECT $1, {named} FROM unnest({lists}) AS row ({named})"  # noqa: S608 -- our own names
        f" ON CONFLICT DO NOTHING RETURNING {columns[0]}"
    )


def refused_by_trigger(error: DBAPIError) -> bool:
    """True when one of our triggers refused the row: it came too early or too late, or changes what is fixed."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return bool(code == SQLITE_CONSTRAINT_TRIGGER or _sqlstate(error) == LATE_SQLSTATE)


def disk_is_full(error: DBAPIError) -> bool:
    """True when the database had no room left."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return bool(code == SQLITE_FULL or _sqlstate(error) in POSTGRESQL_FULL)


def is_unavailable(error: DBAPIError) -> bool:
    """True when the database is locked, gone, shutting down or read-only, or its disk fails: trying again later can help."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return (code & 0xFF) in SQLITE_UNAVAILABLE
    return error.connection_invalidated or _sqlstate(error).startswith(POSTGRESQL_UNAVAILABLE)


def lost_a_race(error: DBAPIError) -> bool:
    """True when PostgreSQL undid the transaction for the sake of another, such as in a deadlock: the same can be done again at once."""
    return _sqlstate(error).startswith(POSTGRESQL_RACE)


def waited_in_vain(error: DBAPIError) -> bool:
    """True when PostgreSQL gave up waiting for a lock, after lock_timeout."""
    return _sqlstate(error) == POSTGRESQL_LOCKED


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")
