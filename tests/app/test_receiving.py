"""Bodies on their way in: places for each kind, and the pace that must be kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from app.errors import BusyError
from app.receiving import CALM, MEMORY_BODIES, PRESSED, Kind, Pace, Receiving
from app.work import Work

pytestmark = pytest.mark.anyio

NEVER = Pace(idle=3600, free=3600)
AT_ONCE = Pace(idle=0.01, free=0.01)


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def silent() -> AsyncIterator[bytes]:
    yield b"a"
    await asyncio.Event().wait()


async def entered(receiving: Receiving, stack: AsyncExitStack, kind: Kind, call: str = "a", *, most: int = 1000) -> int:
    """How many of a kind get in before it is busy, at most so many."""
    for number in range(most):
        try:
            await stack.enter_async_context(receiving.place(call, kind))
        except BusyError:
            return number
    return most


async def read(receiving: Receiving, pieces: AsyncIterator[bytes], kind: Kind = Kind.LARGE) -> list[bytes]:
    async with receiving.place("a", kind) as body:
        return [piece async for piece in body.pieces(pieces)]


async def test_pieces_pass_through() -> None:
    assert await read(Receiving(1), stream(b"a", b"", b"bc")) == [b"a", b"", b"bc"]


async def test_a_quarter_is_kept() -> None:
    """However many large ones come, the smallest class gets in; however many of those, a plain form; and of another call always."""
    receiving = Receiving(32)
    async with AsyncExitStack() as stack:
        assert await entered(receiving, stack, Kind.LARGE) == 24
        assert await entered(receiving, stack, Kind.SMALLEST) == 4
        assert await entered(receiving, stack, Kind.PLAIN) == 2
        assert await entered(receiving, stack, Kind.PLAIN, "b") == 2
    assert (receiving.inside, receiving.load) == (0, 0)


async def test_with_one_kind_nothing_is_kept() -> None:
    """The twin: plain uploads of many calls, for which nothing is kept back, leave no place for anybody."""
    receiving = Receiving(32)
    async with AsyncExitStack() as stack:
        assert sum([await entered(receiving, stack, Kind.PLAIN, call) for call in "abcdefgh"]) == 32
        assert await entered(receiving, stack, Kind.SMALLEST, "z") == 0


async def test_work_has_one_place() -> None:
    """Work that was done once cannot be shown for two bodies at the same time."""
    receiving, shown = Receiving(8), Work(1, bytes(32), "0")
    async with receiving.place("a", Kind.LARGE, work=shown):
        with pytest.raises(BusyError):
            async with receiving.place("a", Kind.LARGE, work=shown):
                pass
    async with receiving.place("a", Kind.LARGE, work=shown) as body:
        assert body.work == shown


async def test_memory_is_for_a_bounded_number() -> None:
    receiving = Receiving(10 * MEMORY_BODIES)
    async with AsyncExitStack() as stack:
        bodies = [await stack.enter_async_context(receiving.place("a", Kind.LARGE)) for _ in range(MEMORY_BODIES + 5)]
        assert [body.in_memory for body in bodies] == [True] * MEMORY_BODIES + [False] * 5


async def test_disk_is_bounded() -> None:
    """All bodies on their way fill so much and no more, of which large ones get three quarters; what has left counts no more."""
    receiving = Receiving(8, disk=1600)
    for _ in range(3):
        assert await read(receiving, stream(bytes(1200))) == [bytes(1200)]
    with pytest.raises(BusyError):
        await read(receiving, stream(bytes(1201)))
    assert await read(receiving, stream(bytes(1600)), Kind.PLAIN) == [bytes(1600)]


async def test_silence_is_busy() -> None:
    with pytest.raises(BusyError):
        await read(Receiving(16, calm=AT_ONCE), silent())


async def trickle() -> AsyncIterator[bytes]:
    while True:
        yield b"a"
        await asyncio.sleep(0.001)


async def test_trickle_is_busy() -> None:
    """A byte at a time is too slow once the free seconds are over."""
    with pytest.raises(BusyError):
        await read(Receiving(16, calm=Pace(idle=3600, free=0.01)), trickle())


async def crowd(receiving: Receiving, number: int, started: asyncio.Event) -> list[BaseException | list[bytes]]:
    """So many who trickle; what became of each."""
    tasks = [asyncio.create_task(read(receiving, trickle())) for _ in range(number)]
    while receiving.inside < number:
        await asyncio.sleep(0)
    started.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_pressure_quickens_the_pace() -> None:
    """With more than half of the places taken those who trickle must go, and say so; the ones who are left have all the time."""
    receiving, started = Receiving(16, calm=NEVER, pressed=Pace(idle=3600, free=0.01)), asyncio.Event()
    became = await crowd(receiving, 7, started)
    assert {type(outcome) for outcome in became} == {BusyError}
    alone = asyncio.create_task(read(receiving, trickle()))
    await asyncio.sleep(1.5)
    assert not alone.done()
    alone.cancel()
    await asyncio.gather(alone, return_exceptions=True)


async def test_plain_forms_are_pressed_when_some_wait() -> None:
    crowded = Receiving(16, calm=NEVER, pressed=AT_ONCE, crowded=lambda: True)
    with pytest.raises(BusyError):
        await read(crowded, silent(), Kind.PLAIN)


async def test_complete_bodies_are_left_alone() -> None:
    """Whoever has sent everything and waits for the database is not cut off, however long that takes."""
    async with Receiving(16, calm=AT_ONCE, pressed=AT_ONCE).place("a", Kind.LARGE) as body:
        assert [piece async for piece in body.pieces(stream(b"a"))] == [b"a"]
        await asyncio.sleep(1.5)


async def test_other_timeouts_are_not_swallowed() -> None:
    with pytest.raises(TimeoutError):
        async with Receiving(16).place("a", Kind.LARGE):
            raise TimeoutError


async def test_place_is_free_after_failure() -> None:
    receiving = Receiving(2)
    for _ in range(5):
        with pytest.raises(RuntimeError):
            async with receiving.place("a", Kind.LARGE):
                raise RuntimeError
    assert receiving.inside == 0


@pytest.mark.parametrize(
    ("pace", "seconds", "taken", "kept"),
    [
        (CALM, 59, 0, True),
        (CALM, 70, 10 * CALM.least, True),
        (CALM, 70, 10 * CALM.least - 1, False),
        (PRESSED, 9, 0, True),
        (PRESSED, 20, 10 * PRESSED.least, True),
        (PRESSED, 20, 10 * PRESSED.least - 1, False),
    ],
)
async def test_pace_by_numbers(pace: Pace, seconds: float, taken: int, kept: bool) -> None:
    assert pace.is_kept(began=0, last=seconds, now=seconds, taken=taken) is kept


async def test_slowest_line_keeps_the_pace() -> None:
    """50 KB a second, the line that `call build` plans with, is never too slow, under pressure either."""
    assert all(PRESSED.is_kept(began=0, last=now, now=now, taken=50_000 * now) for now in range(1, 600))
