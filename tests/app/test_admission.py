"""How much is worked on at once, who waits, and what is kept for whom."""

import asyncio

import pytest

from app.admission import Admission
from app.errors import BusyError

pytestmark = pytest.mark.anyio


async def hold(admission: Admission, units: int, until: asyncio.Event, *, reserved: bool = True) -> None:
    async with admission.enter(units, reserved=reserved):
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


async def test_a_quarter_is_kept() -> None:
    """Large ones get three quarters at most; the last quarter, of places as of room to wait, is for the others."""
    admission, done = Admission(4, waiting=4), asyncio.Event()
    large = [asyncio.create_task(hold(admission, 1, done, reserved=False)) for _ in range(3 + 3)]
    await settle()
    assert admission.waiting == 3
    with pytest.raises(BusyError):
        async with admission.enter(reserved=False):
            pass
    async with admission.enter(reserved=True):
        small = asyncio.create_task(hold(admission, 1, done))
        await settle()
        assert admission.waiting == 4
    await settle()
    assert admission.waiting == 3
    done.set()
    await asyncio.gather(small, *large)
    async with admission.enter(4):
        pass


async def test_without_a_quarter_all_is_taken() -> None:
    """The twin: were large ones let in as the others are, nothing would be left."""
    admission, done = Admission(4, waiting=0), asyncio.Event()
    large = [asyncio.create_task(hold(admission, 1, done)) for _ in range(4)]
    await settle()
    with pytest.raises(BusyError):
        async with admission.enter():
            pass
    done.set()
    await asyncio.gather(*large)


async def test_turn_lost_is_handed_on() -> None:
    """Somebody whose turn comes as they are cancelled gives it to the next one."""
    admission, done = Admission(1, waiting=2), asyncio.Event()
    holder = admission.enter()
    await holder.__aenter__()
    first, second = (asyncio.create_task(hold(admission, 1, done)) for _ in range(2))
    await settle()
    await holder.__aexit__(None, None, None)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    done.set()
    await second
    async with admission.enter():
        assert admission.waiting == 0


async def test_load_is_of_the_room_to_wait() -> None:
    admission, done = Admission(1, waiting=4), asyncio.Event()
    everybody = [asyncio.create_task(hold(admission, 1, done)) for _ in range(3)]
    await settle()
    assert admission.load == 0.5
    done.set()
    await asyncio.gather(*everybody)
    assert admission.load == 0
