"""How much is taken in at once: slots and bytes that many requests share, and the pace a body must keep (no address needed)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from app.errors import BusyError

PATIENCE_SECONDS = 20.0
IDLE_SECONDS = 30.0
FREE_SECONDS = 60.0
LEAST_BYTES_PER_SECOND = 4096


class Admission:
    """Shares `capacity` units among requests: some work, a bounded number wait, the rest are told that it is busy.

    Units are slots, or bytes. A request that asks for more than there will ever be gets all of it alone.
    """

    def __init__(self, capacity: int, *, waiting: int, patience: float = PATIENCE_SECONDS) -> None:
        """Nobody is inside. `waiting` requests may wait, `patience` seconds each."""
        self._capacity = capacity
        self._free = capacity
        self._room = waiting
        self._waiting = 0
        self._patience = patience
        self._freed = asyncio.Condition()

    @property
    def waiting(self) -> int:
        """How many wait at this moment."""
        return self._waiting

    @asynccontextmanager
    async def enter(self, units: int = 1) -> AsyncIterator[None]:
        """Hold `units` until the block ends. Raises BusyError when too many wait, or when waiting took too long."""
        wanted = min(units, self._capacity)
        if self._waiting or self._free < wanted:
            await self._wait_for(wanted)
        else:
            self._free -= wanted
        try:
            yield
        finally:
            self._free += wanted
            if self._waiting:
                async with self._freed:
                    self._freed.notify_all()

    async def _wait_for(self, wanted: int) -> None:
        if self._waiting >= self._room:
            raise BusyError("Too many reports are arriving at the moment.")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience), self._freed:
                await self._freed.wait_for(lambda: self._free >= wanted)
                self._free -= wanted
        except TimeoutError:
            raise BusyError("Too many reports are arriving at the moment.") from None
        finally:
            self._waiting -= 1


async def paced(stream: AsyncIterator[bytes], *, idle: float = IDLE_SECONDS, free: float = FREE_SECONDS) -> AsyncIterator[bytes]:
    """The pieces of a body, as long as they come: one at least every 30 s, and after the first minute 4 KiB a second on average.

    The slowest line we plan for carries 50 KB a second. Raises BusyError when the body falls behind.
    """
    began = monotonic()
    taken = 0
    while True:
        try:
            async with asyncio.timeout(idle):
                piece = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise BusyError("What was sent stopped coming.") from None
        taken += len(piece)
        if taken < (monotonic() - began - free) * LEAST_BYTES_PER_SECOND:
            raise BusyError("What was sent came too slowly.")
        yield piece
