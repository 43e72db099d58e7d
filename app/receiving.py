"""Bodies on their way in: places that many share, and the pace that each must keep. Limits that need no address (threats.md).

A body holds a place and nothing else until it is complete; whoever trickles hinders nobody but those who come when every place is taken,
and from half of that on a body must come as fast as the slowest line we plan for.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from time import monotonic

from app.errors import BusyError
from app.work import Work

IDLE_SECONDS = 30.0
FREE_SECONDS = 60.0
LEAST_BYTES_PER_SECOND = 4096
PRESSED_FREE_SECONDS = 10.0
PRESSED_BYTES_PER_SECOND = 16384
"""The slowest line we plan for carries 50 KB a second; under pressure a third of that is asked."""

SWEEP_SECONDS = 1.0
SPOOL_BYTES = 4 << 30
"""What all bodies on their way may fill of the disk."""
MEMORY_BODIES = 256
"""So many small bodies are held in memory at once; those beyond wait in unnamed files."""
SIXTEENTHS = 16
ONE_CALL = 15
"""Sixteenths of the places that one call may take: a flood of one call leaves room for the others."""


class Kind(IntEnum):
    """What is coming in; its value is how many sixteenths of the places, and of the disk, there are for it (format.md section 5)."""

    LARGE = 12
    SMALLEST = 14
    PLAIN = 16


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a body must come: a piece every `idle` seconds, and after `free` seconds so many bytes a second on average."""

    idle: float = IDLE_SECONDS
    free: float = FREE_SECONDS
    least: int = LEAST_BYTES_PER_SECOND

    def is_kept(self, *, began: float, last: float, now: float, taken: int) -> bool:
        """Whether a body of which `taken` bytes came, the last at `last`, keeps it at the instant `now`."""
        return now - last <= self.idle and taken >= (now - began - self.free) * self.least


CALM = Pace()
PRESSED = Pace(free=PRESSED_FREE_SECONDS, least=PRESSED_BYTES_PER_SECOND)


@dataclass(slots=True, eq=False)
class Body:
    """One body on its way. `in_memory` says whether it may be held in memory while it is small, `work` what was shown for it, if asked."""

    kind: Kind
    work: Work | None
    in_memory: bool
    spend: Callable[["Body", int], None] = field(repr=False)
    limit: asyncio.Timeout = field(repr=False)
    taken: int = 0
    began: float = 0.0
    last: float = 0.0
    reading: bool = False

    async def pieces(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The pieces of the body as they come. Raises BusyError where all bodies together fill the disk; see Receiving.place."""
        self.began = self.last = monotonic()
        self.reading = True
        async for piece in stream:
            self.last = monotonic()
            self.spend(self, len(piece))
            self.taken += len(piece)
            yield piece
        self.reading = False


class Receiving:
    """`places` for bodies on their way; some are for plain uploads and the smallest class alone, and no call may take all."""

    def __init__(
        self,
        places: int,
        *,
        disk: int = SPOOL_BYTES,
        calm: Pace = CALM,
        pressed: Pace = PRESSED,
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        """Nobody is inside. `crowded` says that plain forms wait for memory: those inside must then keep the quicker pace."""
        self._places = places
        self._disk = disk
        self._calm, self._pressed = calm, pressed
        self._crowded = crowded
        self._bodies: set[Body] = set()
        self._of_call: Counter[str] = Counter()
        self._handles: set[bytes] = set()
        self._spooled = 0
        self._in_memory = 0
        self._sweeping: asyncio.TimerHandle | None = None

    @property
    def inside(self) -> int:
        """How many bodies are on their way."""
        return len(self._bodies)

    @property
    def load(self) -> float:
        """How much of the places that large bodies may take is taken, 0 to 1 and more."""
        return self.inside / self._share(self._places, Kind.LARGE)

    @asynccontextmanager
    async def place(self, call: str, kind: Kind, *, work: Work | None = None) -> AsyncIterator[Body]:
        """A place until the block ends; work that was shown may have one at a time.

        Raises BusyError when there is none, and from within when the body stops coming or comes too slowly.
        """
        if self.inside >= self._share(self._places, kind) or self._of_call[call] >= self._share(self._places, ONE_CALL):
            raise BusyError("Too many reports are arriving at the moment.")
        if work is not None and work.handle in self._handles:
            raise BusyError("This very report is arriving already.")
        try:
            async with asyncio.timeout(None) as limit:
                body = Body(kind, work, self._in_memory < MEMORY_BODIES, self._spend, limit)
                self._enter(body, call)
                try:
                    yield body
                finally:
                    self._leave(body, call)
        except TimeoutError:
            if not limit.expired():
                raise
            raise BusyError("What was sent stopped coming, or came too slowly.") from None

    def _share(self, whole: int, sixteenths: int) -> int:
        return max(whole * sixteenths // SIXTEENTHS, 1)

    def _enter(self, body: Body, call: str) -> None:
        self._bodies.add(body)
        self._of_call[call] += 1
        self._in_memory += body.in_memory
        if body.work is not None:
            self._handles.add(body.work.handle)
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def _leave(self, body: Body, call: str) -> None:
        body.reading = False
        self._bodies.discard(body)
        self._of_call -= Counter({call: 1})
        self._in_memory -= body.in_memory
        self._spooled -= body.taken
        if body.work is not None:
            self._handles.discard(body.work.handle)

    def _spend(self, body: Body, size: int) -> None:
        if self._spooled + size > self._share(self._disk, body.kind):
            raise BusyError("Too much is arriving at the moment.")
        self._spooled += size

    def _sweep(self) -> None:
        """Cut off whoever falls behind; go on as long as anybody is inside."""
        now = monotonic()
        for body in self._bodies:
            pace = self._pressed if self._is_pressed(body) else self._calm
            if body.reading and not pace.is_kept(began=body.began, last=body.last, now=now, taken=body.taken):
                body.reading = False
                body.limit.reschedule(0)
        self._sweeping = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep) if self._bodies else None

    def _is_pressed(self, body: Body) -> bool:
        return 2 * self.load > 1 or (body.kind is Kind.PLAIN and self._crowded())
