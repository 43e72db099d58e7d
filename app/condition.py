"""What an operator is told of the database: that it does not answer, that it is full, that it is well again. A line of the log at each
change, and none with a request: whoever reads the log must not learn from it when somebody wrote (threats.md)."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import monotonic

from app.errors import BusyError, FullError
from app.transactions import Database, GroupJob, Item, Job, T

QUIET_SECONDS = 60.0
"""So long nothing more is said after a line, and so long all must have gone well before it is said to."""

WORDS = frozenset({BusyError.word, FullError.word})
_WELL = ""
_log = logging.getLogger("saksei")


class Condition:
    """How the database fares: `busy`, `full`, or well. At most two lines in QUIET_SECONDS, whatever is asked of it."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        """It is well. `clock` tells seconds that only go forward."""
        self._clock = clock
        self._said = _WELL
        self._said_at = self._troubled_at = 0.0

    def trouble(self, word: str) -> None:
        """Something could not be done, for this reason. Raises ValueError for what is none of WORDS."""
        if word not in WORDS:
            raise ValueError("The database is busy or full.")
        self._troubled_at = self._clock()
        if word != self._said and (self._said == _WELL or self._troubled_at - self._said_at >= QUIET_SECONDS):
            self._say(word)
            _log.warning("database: %s", word)

    def well(self) -> None:
        """Something was done."""
        if self._said != _WELL and self._clock() - self._troubled_at >= QUIET_SECONDS:
            self._say(_WELL)
            _log.info("database: well")

    def _say(self, word: str) -> None:
        self._said, self._said_at = word, self._clock()

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Take note of how the block ends. A refusal of ours, or a failure of our own code, says nothing of the database."""
        try:
            yield
        except (BusyError, FullError) as error:
            self.trouble(error.word)
            raise
        else:
            self.well()


class WatchedDatabase(Database):
    """Another database, of whose troubles note is taken."""

    def __init__(self, inner: Database, condition: Condition) -> None:
        """Whatever is asked is asked of `inner`."""
        self._inner = inner
        self._condition = condition

    async def write(self, job: Job[T], *, weight: int = 0) -> T:
        """See Database.write."""
        with self._condition.noted():
            return await self._inner.write(job, weight=weight)

    async def write_together(self, job: GroupJob[Item, T], item: Item, *, weight: int = 0) -> T:
        """See Database.write_together."""
        with self._condition.noted():
            return await self._inner.write_together(job, item, weight=weight)

    async def read(self, job: Job[T]) -> T:
        """See Database.read."""
        with self._condition.noted():
            return await self._inner.read(job)

    @asynccontextmanager
    async def publisher_turn(self) -> AsyncIterator[bool]:
        """See Database.publisher_turn."""
        with self._condition.noted():
            async with self._inner.publisher_turn() as mine:
                yield mine

    async def scrub(self) -> bool:
        """See Database.scrub."""
        with self._condition.noted():
            return await self._inner.scrub()

    async def compact(self) -> bool:
        """See Database.compact."""
        with self._condition.noted():
            return await self._inner.compact()

    async def close(self) -> None:
        """See Database.close."""
        await self._inner.close()
