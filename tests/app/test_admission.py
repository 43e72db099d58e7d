"""How much is taken in at once, and the pace a body must keep."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.admission import Admission, paced
from app.errors import BusyError

pytestmark = pytest.mark.anyio


async def hold(admission: Admission, units: int, until: asyncio.Event) -> None:
    async with admission.enter(units):
        await until.wait()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_free_units_are_given() -> None:
    admission = Admission(3, waiting=0)
    async with admission.enter(), admission.enter(2):
        with pytest.raises(BusyError):
            async with admission.enter():
                pass
    async with admission.enter(3):
        pass


async def test_waiting_gets_its_turn() -> None:
    admission, done = Admission(1, waiting=1), asyncio.Event()
    first = asyncio.create_task(hold(admission, 1, done))
    await settle()
    second = asyncio.create_task(hold(admission, 1, done))
    await settle()
    assert admission.waiting == 1
    with pytest.raises(BusyError):
        async with admission.enter():
            pass
    done.set()
    await asyncio.gather(first, second)
    assert admission.waiting == 0


async def test_impatience_is_busy() -> None:
    admission = Admission(1, waiting=5, patience=0.01)
    async with admission.enter():
        with pytest.raises(BusyError):
            async with admission.enter():
                pass
    async with admission.enter():
        assert admission.waiting == 0


async def test_more_than_all_is_all() -> None:
    admission = Admission(4, waiting=0)
    async with admission.enter(100):
        with pytest.raises(BusyError):
            async with admission.enter(1):
                pass


async def test_failure_frees_its_units() -> None:
    admission = Admission(1, waiting=0)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            async with admission.enter():
                raise RuntimeError
    async with admission.enter():
        pass


async def test_cancelled_waiter_leaves_no_trace() -> None:
    admission, done = Admission(1, waiting=1), asyncio.Event()
    first = asyncio.create_task(hold(admission, 1, done))
    await settle()
    waiter = asyncio.create_task(hold(admission, 1, done))
    await settle()
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    done.set()
    await first
    async with admission.enter():
        assert admission.waiting == 0


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_pieces_pass_through() -> None:
    assert [piece async for piece in paced(stream(b"a", b"", b"bc"))] == [b"a", b"", b"bc"]


async def test_silence_is_busy() -> None:
    async def silent() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    with pytest.raises(BusyError):
        [piece async for piece in paced(silent(), idle=0.01)]


async def test_trickle_is_busy() -> None:
    """A byte at a time is too slow once the free seconds are over."""

    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b"a"
            await asyncio.sleep(0.001)

    with pytest.raises(BusyError):
        [piece async for piece in paced(trickle(), free=0.01)]
