"""How much is worked on at once: units that many requests share, a bounded number of which wait (no address needed)."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from app.errors import BusyError

PATIENCE_SECONDS = 20.0
RESERVED = 4
"""One part in so many is kept for plain uploads and the smallest class (format.md section 5)."""


@dataclass(slots=True, eq=False)
class _Waiter:
    """Somebody who wants `units`, and is told by `turn` that they are theirs."""

    units: int
    turn: "asyncio.Future[None]"


class Admission:
    """Shares `capacity` units among requests: some work, a bounded number wait, the rest are told that it is busy.

    Units are slots, or bytes. A quarter of them, and of the room to wait in, is kept for those who enter as `reserved`. A request that asks
    for more than there will ever be for it gets all of that alone.
    """

    def __init__(self, capacity: int, *, waiting: int, patience: float = PATIENCE_SECONDS) -> None:
        """Nobody is inside. `waiting` requests may wait, `patience` seconds each."""
        self._capacity = capacity
        self._free = capacity
        self._room = waiting
        self._patience = patience
        self._queues: dict[bool, deque[_Waiter]] = {False: deque(), True: deque()}

    @property
    def waiting(self) -> int:
        """How many wait at this moment."""
        return sum(len(queue) for queue in self._queues.values())

    @property
    def load(self) -> float:
        """How full the room to wait in is, 0 to 1."""
        return self.waiting / self._room if self._room else 0.0

    @asynccontextmanager
    async def enter(self, units: int = 1, *, reserved: bool = True) -> AsyncIterator[None]:
        """Hold `units` until the block ends. Raises BusyError when too many wait, or when waiting took too long."""
        wanted = min(units, self._capacity - self._kept_from(reserved=reserved))
        if self._queues[reserved] or not self._fits(wanted, reserved=reserved):
            await self._wait_for(wanted, reserved=reserved)
        else:
            self._free -= wanted
        try:
            yield
        finally:
            self._give_back(wanted)

    def _kept_from(self, *, reserved: bool) -> int:
        return 0 if reserved else self._capacity // RESERVED

    def _fits(self, wanted: int, *, reserved: bool) -> bool:
        return self._free - wanted >= self._kept_from(reserved=reserved)

    async def _wait_for(self, wanted: int, *, reserved: bool) -> None:
        if self.waiting >= self._room - (0 if reserved else self._room // RESERVED):
            raise BusyError("Too many reports are arriving at the moment.")
        waiter, queue = _Waiter(wanted, asyncio.get_running_loop().create_future()), self._queues[reserved]
        queue.append(waiter)
        try:
            async with asyncio.timeout(self._patience):
                await waiter.turn
        except BaseException as error:
            if waiter.turn.done() and not waiter.turn.cancelled():  # it was this one's turn at the very moment
                self._give_back(wanted)
            with suppress(ValueError):
                queue.remove(waiter)
            if isinstance(error, TimeoutError):
                raise BusyError("Too many reports are arriving at the moment.") from None
            raise

    def _give_back(self, units: int) -> None:
        """Free units, and hand them on: to the large ones first, who cannot touch the quarter that the others have to themselves."""
        self._free += units
        for reserved, queue in self._queues.items():
            while queue and (queue[0].turn.done() or self._fits(queue[0].units, reserved=reserved)):
                waiter = queue.popleft()
                if not waiter.turn.done():
                    self._free -= waiter.units
                    waiter.turn.set_result(None)
