"""Backups: one consistent copy of the database in one file, made while the service goes on.

A backup is a SQLite database of this software's tables, whichever database it was made from: no dump program of some version is needed to
make one, and either database can take it up. Its rows are written anew in the order of their keys, so that it keeps no order of arrival
either (format.md section 6). It holds neither a log key nor the log state: those are not in the database.
"""

import os
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, create_engine, event, func, select, text
from sqlalchemy.pool import NullPool

from app import models
from app.dialect import is_sqlite
from app.files import flush_folder
from app.schema import require_head, upgrade
from app.transactions import Database

ROWS_AT_ONCE = 16
"""Rows held in memory at a time; the largest have CHUNK_BYTES."""

SEALED = (models.envelopes, models.pending_envelopes)
ENDING = (*SEALED, models.replies, models.rounds, models.pending_reports, models.pending_withdrawals)
"""What goes when a call is destroyed."""

_TRIGGERS = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")


async def make_backup(database: Database, sqlite_path: Path | None, out: Path) -> int:
    """Write a backup to `out`, readable by its owner alone, and return how many sealed reports it holds.

    `sqlite_path` is the file of the database when it is SQLite. `out` is whole and on the disk, or as it was before. What is written aside
    is named after it, so that whoever destroys old backups destroys that too, should this process be killed. Raises SchemaError, BusyError.
    """
    with _whole(out) as aside:
        if sqlite_path is None:
            return await database.read(lambda source: _write(source, aside))
        await database.read(require_head)
        with _aside(out) as snapshot:
            _snapshot(sqlite_path, snapshot)
            with opened(snapshot) as source:
                return _write(source, aside)


@contextmanager
def opened(path: Path) -> Iterator[Connection]:
    """A transaction on a SQLite file that nobody else has open: committed when the block ends well. No file appears beside it."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        for pragma in ("journal_mode = MEMORY", "synchronous = OFF", "foreign_keys = ON", "temp_store = MEMORY", "trusted_schema = OFF"):
            raw.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    with engine.begin() as connection:
        yield connection


def copy_rows(source: Connection, target: Connection, *, without: Collection[bytes] = (), ended: Collection[str] = ()) -> None:
    """Copy every row of our tables, by ascending key, into a database whose tables are empty. Its triggers stand again afterwards.

    Envelopes whose digest is in `without` are left where they are, and so is everything sealed or waiting of the calls in `ended`: not a
    byte of them reaches the target.
    """
    with without_triggers(target):
        for table in models.metadata.sorted_tables:
            ordered = select(table).order_by(*table.primary_key)
            rows = source.execute(ordered, execution_options={"yield_per": ROWS_AT_ONCE})
            for part in rows.mappings().partitions():
                left = partial(_is_left, table, without=without, ended=ended)
                kept = [dict(row) for row in part if not left(row)]
                if kept:
                    target.execute(table.insert(), kept)


def _is_left(table: Table, row: RowMapping, *, without: Collection[bytes], ended: Collection[str]) -> bool:
    return (table in SEALED and row["digest"] in without) or (table in ENDING and row["call"] in ended)


@contextmanager
def without_triggers(connection: Connection) -> Iterator[None]:
    """Take rows that were accepted once as they are, whatever the time; nobody else ever sees the triggers gone: it is one transaction."""
    if is_sqlite(connection):
        triggers = connection.execute(_TRIGGERS).all()
        for name, _ in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        yield
        for _, statement in triggers:
            connection.exec_driver_sql(statement)
        return
    for table in models.metadata.sorted_tables:
        connection.exec_driver_sql(f"ALTER TABLE {table.name} DISABLE TRIGGER USER")
    yield
    for table in models.metadata.sorted_tables:
        connection.exec_driver_sql(f"ALTER TABLE {table.name} ENABLE TRIGGER USER")


def count_envelopes(connection: Connection) -> int:
    """How many sealed reports a database holds, waiting or published."""
    union = select(models.envelopes.c.call, models.envelopes.c.digest).union(
        select(models.pending_envelopes.c.call, models.pending_envelopes.c.digest)
    )
    return int(connection.execute(select(func.count()).select_from(union.subquery())).scalar_one())


def _write(source: Connection, path: Path) -> int:
    require_head(source)
    with opened(path) as target:
        upgrade(target)
        copy_rows(source, target)
        return count_envelopes(target)


def _snapshot(database: Path, path: Path) -> None:
    """SQLite's own backup, in one step: a reader that holds nobody up, and sees one state of the database throughout."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def _aside(out: Path) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f"{out.name}.part-")
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        for left in out.parent.glob(f"{Path(name).name}*"):
            left.unlink()


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    with _aside(out) as aside:
        yield aside
        with aside.open("rb") as written:
            os.fsync(written.fileno())
        aside.replace(out)
    flush_folder(out.parent)
