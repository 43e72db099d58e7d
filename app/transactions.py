"""How the service asks its database: functions over a Connection, run in a transaction, answered only when it is durable."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.dialect import disk_is_full, is_unavailable
from app.errors import AppError, BusyError, FullError

T = TypeVar("T")
Item = TypeVar("Item")
Job = Callable[[Connection], T]
GroupJob = Callable[[Connection, Sequence[Item]], Sequence[T | AppError]]
"""Does the same for many items at once: for each, in their order, its value or the refusal of that one."""

GROUP_JOBS = 64
GROUP_WEIGHT = 8 << 20
"""How many jobs share one commit at most, and how many bytes they write: what somebody waits for stays short."""


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
    async def write_together(self, job: GroupJob[Item, T], item: Item, *, weight: int = 0) -> T:
        """As `write`, for an item that may share its statements with others that wait for the same `job`, not its commit alone.

        A refusal that `job` returns for an item is raised here. Where `job` raises, its items are done again one by one.
        """

    @abstractmethod
    async def read(self, job: Job[T]) -> T:
        """Run `job` in a read-only transaction that sees one state of the database throughout. Raises BusyError."""

    @abstractmethod
    def publisher_turn(self) -> AbstractAsyncContextManager[bool]:
        """Hold the lock that one process at a time may hold to publish; yields False at once when another has it (format.md section 7).

        Raises BusyError when the database is away.
        """

    @abstractmethod
    async def scrub(self) -> bool:
        """Wipe what deleted rows left behind in the pending store and the journal (section 6); False when it has to be asked for again.

        A reader was in the way, or senders have waited for it long enough lately. Raises BusyError, FullError.
        """

    @abstractmethod
    async def compact(self) -> bool:
        """Leave no byte of deleted rows in the files of the database, whatever table they stood in; False when a reader was in the way.

        It costs as much as writing what is left. What is outside of those files it cannot reach: PostgreSQL's write-ahead log, backups.
        """

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


@contextmanager
def translated() -> Iterator[None]:
    """Raise what `translate` makes of a database error that leaves the block."""
    try:
        yield
    except DBAPIError as error:
        raise translate(error) from error
