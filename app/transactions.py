"""How the service asks its database: functions over a Connection, run in a transaction, answered only when it is durable."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.dialect import disk_is_full, is_unavailable
from app.errors import BusyError, FullError

T = TypeVar("T")
Job = Callable[[Connection], T]


class Database(ABC):
    """One database of either kind. Made inside a running event loop or outside of one; used inside one."""

    @abstractmethod
    async def write(self, job: Job[T], *, weight: int = 0) -> T:
        """Run `job` in a writing transaction and return its value once that is durable; what it raises undoes it alone.

        A job may be run more than once, the last time counting: others in its transaction may fail. `weight` is about how many bytes it
        will write. Raises BusyError when too many wait or the database is away, FullError when there is
        no room.
        """

    @abstractmethod
    async def read(self, job: Job[T]) -> T:
        """Run `job` in a read-only transaction that sees one state of the database throughout. Raises BusyError."""

    @abstractmethod
    def publisher_turn(self) -> AbstractAsyncContextManager[bool]:
        """Hold the lock that one process at a time may hold to publish; yields False at once when another has it (format.md section 7)."""

    @abstractmethod
    async def scrub(self) -> bool:
        """Wipe what deleted rows left behind in the pending store and the journal (section 6); False when a reader was in the way."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what was begun and let go of every connection."""


def translate(error: DBAPIError) -> Exception:
    """What a database error means to somebody who asked: BusyError, FullError, or the error itself."""
    if disk_is_full(error):
        return FullError("There is no room left for this at the moment.")
    if is_unavailable(error):
        return BusyError("The database does not answer at the moment.")
    return error
