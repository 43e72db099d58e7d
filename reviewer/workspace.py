"""The encrypted workspace: a folder W with one SQLCipher database, the header that keeps its key, and a lock.

- `W/workspace.db`: SQLCipher 4 under a raw 32-byte key; HMAC on every page, deleted pages overwritten, nothing temporary on the disk.
- `W/workspace.key`: the header of reviewer.wrapping.
- `W/lock`: held (flock) while a process works on W; a second one is refused with `busy`.

This module knows tables only as far as the schema's version; what is in them is for reviewer.intake, review and release.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from sqlcipher3 import dbapi2

from reviewer import durable, schema, wrapping
from reviewer.errors import BusyError, FullError, UsageError, WorkspaceDamagedError, WorkspaceVersionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crypto.keyfile import KdfCost

DATABASE = "workspace.db"
HEADER = "workspace.key"
LOCK = "lock"
_HEADER_LIMIT = 65536
_PIECE = 1 << 20

# Before the key: nothing of SQLCipher's own words may reach the screen. After it: memory that held pages is wiped and locked, nothing
# temporary is written, deleted content is overwritten, views and triggers of a tampered schema may not call functions.
_BEFORE_KEY = ("cipher_log_level = NONE",)
_AFTER_KEY = (
    "cipher_memory_security = ON",
    "temp_store = MEMORY",
    "secure_delete = ON",
    "foreign_keys = ON",
    "trusted_schema = OFF",
    "cell_size_check = ON",
    "journal_mode = DELETE",
    "synchronous = EXTRA",
)


class Workspace:
    """An open workspace; use it as a context manager. One thread, one process at a time."""

    def __init__(self, connection: Any, lock: int) -> None:
        """Take over an open connection and the descriptor of the held lock; `create` and `open` make them."""
        self._connection = connection
        self._lock = lock

    @classmethod
    def create(cls, folder: Path, passphrase: str, *, call: str, cost: KdfCost) -> Workspace:
        """Make a workspace in the empty private folder `folder` and open it.

        Write it aside (durable.new_folder), so that a workspace is whole or not there.
        """
        lock = take_lock(folder)
        key = bytearray(secrets.token_bytes(wrapping.KEY_BYTES))
        try:
            durable.write_private(folder / HEADER, wrapping.wrap_key(key, passphrase, call=call, cost=cost))
            durable.write_private(folder / DATABASE, b"")
            return cls(_connect(folder / DATABASE, key, new=True), lock)
        except BaseException:
            os.close(lock)
            raise
        finally:
            _wipe(key)

    @classmethod
    def open(cls, folder: Path, passphrase: str) -> Workspace:
        """Open the workspace in `folder`.

        Raises UsageError (there is none), BusyError, WorkspaceParamsError, WorkspaceOpenError, WorkspaceDamagedError,
        WorkspaceVersionError.
        """
        if not is_workspace(folder):
            raise UsageError("There is no workspace in that folder; `import` makes one.")
        lock = take_lock(folder)
        try:
            with (folder / HEADER).open("rb") as stream:
                header = stream.read(_HEADER_LIMIT)
            key = wrapping.unwrap_key(header, passphrase)
            try:
                return cls(_connect(folder / DATABASE, key, new=False), lock)
            finally:
                _wipe(key)
        except BaseException:
            os.close(lock)
            raise

    def close(self) -> None:
        """Close the database and let go of the lock."""
        self._connection.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Return all rows of a query, as tuples."""
        with _plain_errors():
            return list(self._connection.execute(statement, values))

    def row(self, statement: str, values: Sequence[object] = ()) -> Any:
        """Return the first row of a query, or None."""
        with _plain_errors():
            return self._connection.execute(statement, values).fetchone()

    def run(self, statement: str, values: Sequence[object] = ()) -> None:
        """Run one statement, inside `transaction`."""
        with _plain_errors():
            self._connection.execute(statement, values)

    def fill(self, table: str, column: str, row: int, content: memoryview) -> None:
        """Write `content` over a blob that has its size already, inside `transaction`; the database never holds it whole."""
        with _plain_errors():
            blob = self._connection.open_blob(table, column, row)
            try:
                for start in range(0, len(content), _PIECE):
                    blob.write(content[start : start + _PIECE])
            finally:
                blob.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that runs inside is kept, durably, or nothing of it."""
        with _plain_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def fact(self, name: str) -> bytes | None:
        """Return a fact of the whole workspace (`call`, `signing-key`, `entries`, `checkpoint`, `exported`), or None."""
        found = self.row("SELECT value FROM facts WHERE name = ?", (name,))
        return None if found is None else bytes(found[0])

    def require_fact(self, name: str) -> bytes:
        """Return a fact that every finished workspace has. Raises WorkspaceDamagedError when it has not."""
        value = self.fact(name)
        if value is None:
            raise WorkspaceDamagedError("The workspace is not whole.")
        return value

    def set_fact(self, name: str, value: bytes) -> None:
        """Keep a fact, inside `transaction`."""
        self.run("INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value))


def is_workspace(folder: Path) -> bool:
    """Whether `folder` holds the two files of a workspace."""
    return (folder / HEADER).is_file() and (folder / DATABASE).is_file()


def take_lock(folder: Path) -> int:
    """Hold the lock of the workspace in `folder` until the descriptor that is returned is closed. Raises BusyError."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise BusyError("Another window works on this workspace; close it first.") from None
    return descriptor


def _connect(path: Path, key: bytearray, *, new: bool) -> Any:
    """Open the database under its raw key and bring it to the newest version of the schema."""

    connection = dbapi2.connect(os.fspath(path), isolation_level=None)
    try:
        with _plain_errors():
            for setting in _BEFORE_KEY:
                connection.execute(f"PRAGMA {setting}")
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            for setting in _AFTER_KEY:
                connection.execute(f"PRAGMA {setting}")
            _bring_up_to_date(connection, new=new)
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: Any, *, new: bool) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > schema.VERSION:
        raise WorkspaceVersionError("This workspace was written by a newer version of saksei-reviewer; use that one.")
    if version == 0 and not new:
        # SQLite takes a file cut to nothing for a new database; a workspace is never that.
        raise WorkspaceDamagedError("The workspace is damaged: its database is empty.")
    for number in range(version, schema.VERSION):
        # executescript would commit half a step; BEGIN inside the script makes the step one transaction.
        connection.executescript(f"BEGIN IMMEDIATE;\n{schema.STEPS[number]}\nPRAGMA user_version = {number + 1};\nCOMMIT;")


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn the database's own errors, whose messages may hold anything, into ours."""

    try:
        yield
    except dbapi2.DatabaseError as error:
        code = getattr(error, "sqlite_errorname", "")
        if code == "SQLITE_FULL":
            raise FullError("The disk is full; nothing of this was kept.") from None
        if code in {"SQLITE_NOTADB", "SQLITE_CORRUPT"} or code.startswith("SQLITE_IOERR"):
            raise WorkspaceDamagedError("The workspace is damaged, or its header belongs to another one.") from None
        raise


def _wipe(key: bytearray) -> None:
    key[:] = bytes(len(key))
