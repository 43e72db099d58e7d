"""Room on the disk for what is kept: large reports leave a quarter of it to plain forms and the smallest class (format.md section 5).

Known on SQLite alone, whose file is here. PostgreSQL's disk may be another machine's: whoever runs it watches it.
"""

import os
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from app.condition import Condition
from app.errors import FullError
from app.receiving import SIXTEENTHS, Kind
from app.transactions import Database


def free_bytes(folder: Path) -> int:
    """What the file system of a folder has left for us."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def reusable_bytes(connection: Connection) -> int:
    """Pages inside SQLite's file that hold nothing: what was deleted makes room there, and not on the disk."""
    pages, size = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("freelist_count", "page_size"))
    return int(pages) * int(size)


class Room:
    """The disk that SQLite's file `database` is on; None for a database that is not a file here."""

    def __init__(self, database: Path | None, condition: Condition | None = None, *, free: Callable[[Path], int] = free_bytes) -> None:
        """`condition` is told where there is no room; `free` says how many bytes a folder's disk has left."""
        self._database = database
        self._condition = condition
        self._free = free

    def fits(self, kind: Kind, size: int, *, reusable: int = 0) -> bool:
        """Whether `size` more bytes stay within the share of what the database has and could have; `reusable` of it holds nothing."""
        if self._database is None or kind is Kind.PLAIN:
            return True
        files = (self._database, self._database.with_name(f"{self._database.name}-wal"))
        used = sum(file.stat().st_size for file in files if file.exists())
        whole = used + self._free(self._database.parent)
        return used - reusable + size <= whole * kind // SIXTEENTHS

    async def require(self, kind: Kind, size: int, database: Database) -> None:
        """Raise FullError when a body of this kind and size has no room any more. The database is asked only where it seems so."""
        if self.fits(kind, size):
            return
        if not self.fits(kind, size, reusable=await database.read(reusable_bytes)):
            if self._condition is not None:
                self._condition.trouble(FullError.word)
            raise FullError("What is left of the disk is kept for short reports.")
