"""Work under load: what is asked, what is taken for it, and who is never asked (format.md section 5)."""

import asyncio
import itertools
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest

from app.errors import WorkError
from app.receiving import Kind
from app.work import LATE_SECONDS, LEVELS, Work, bits_asked, parse_work, require_work
from crypto.receipts import Receipt
from tests.app.made import Intake, MadeCall
from tests.app.working import worked

HANDLE = "8c6b966814e7c55de161624656ab231d3c3a3cf5e55809254d805ce0d83ff476"
LOADED = 0.8


def test_bits_of_the_specification() -> None:
    work = parse_work(f"80000 {HANDLE} 00000000000000a1")
    assert work == Work(80000, bytes.fromhex(HANDLE), "00000000000000a1")
    assert work.bits("lantern-2031") == 13
    assert work.bits("lantern-2032") < 12


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "80000",
        f"80000 {HANDLE}",
        f"80000 {HANDLE} ",
        f"80000  {HANDLE} 00",
        f"080000 {HANDLE} 00",
        f"-1 {HANDLE} 00",
        f"80000 {HANDLE.upper()} 00",
        f"80000 {HANDLE[:-1]} 00",
        f"80000 {HANDLE} 0g",
        f"80000 {HANDLE} {'0' * 65}",
        f"80000 {HANDLE} 00\n",
        f"៨០០០០ {HANDLE} 00",
    ],
)
def test_other_headers_are_none(header: str | None) -> None:
    assert parse_work(header) is None


def test_nothing_is_asked_without_load() -> None:
    assert [bits_asked(load) for load in (0, 0.75, 0.76, 0.9, 0.96, 5)] == [0, 0, *LEVELS, LEVELS[-1]]


def header(call: MadeCall, batch: int, bits: int) -> str:
    return worked(call.id, {"batch": batch}, bytes.fromhex(HANDLE), bits=bits)["saksei-work"]


def header_below(call: MadeCall, batch: int, bits: int, handle: bytes, *, least: int = 0) -> str:
    """A header that shows at least `least` and fewer than `bits` zero bits."""
    works = (Work(batch, handle, f"{nonce:x}") for nonce in itertools.count())
    found = next(work for work in works if least <= work.bits(call.id) < bits)
    return f"{batch} {handle.hex()} {found.nonce}"


def test_work_is_for_this_batch_or_the_last(asked: MadeCall) -> None:
    step = asked.stored.call.batch_seconds
    now = 1000 * step + 10
    for batch in (1001 * step, 1000 * step):
        work = require_work(asked.stored, header(asked, batch, 16), load=LOADED, now=now)
        assert work is not None
        assert work.handle.hex() == HANDLE
    for batch in (1002 * step, 999 * step, 1001 * step + 1):
        with pytest.raises(WorkError) as refused:
            require_work(asked.stored, header(asked, batch, 16), load=LOADED, now=now)
        assert (refused.value.bits, refused.value.batch) == (16, 1001 * step)
    with pytest.raises(WorkError):
        require_work(asked.stored, header(asked, 1000 * step, 16), load=LOADED, now=now + LATE_SECONDS)


def test_growing_load_takes_what_was_asked_before(asked: MadeCall) -> None:
    batch = asked.stored.schedule.after(0)
    sixteen = header_below(asked, batch, 18, bytes.fromhex(HANDLE), least=16)
    assert require_work(asked.stored, sixteen, load=0.9, now=0) is not None
    with pytest.raises(WorkError):
        require_work(asked.stored, sixteen, load=0.96, now=0)


def test_nothing_is_read_without_load(asked: MadeCall) -> None:
    assert require_work(asked.stored, header(asked, 1, 4), load=0.75, now=0) is None


async def flood(intake: Intake, stack: AsyncExitStack, call: str) -> None:
    """Take places for large bodies until work is asked for."""
    while not bits_asked(intake.service.load):
        await stack.enter_async_context(intake.service.receiving.place(call, Kind.LARGE))


async def asked_of(intake: Intake, call: MadeCall, body: bytes) -> dict[str, Any]:
    answer = await intake.post(call, body)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert int(answer.headers["retry-after"]) > 0
    return dict(answer.json())


@pytest.mark.anyio
async def test_under_load_work_opens_the_door(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    body, other = asked.body(), asked.body()
    async with AsyncExitStack() as stack:
        await flood(intake, stack, asked.id)
        problem = await asked_of(intake, asked, body)
        assert (problem["code"], problem["bits"]) == ("work", 16)
        assert problem["batch"] == asked.stored.schedule.after(int(time.time()))
        shown = worked(asked.id, problem, body[:32])
        assert (await intake.post(asked, body, shown)).status_code == 201
        assert (await intake.post(asked, body, shown)).status_code == 201, "trying again is always safe"
        assert (await intake.post(asked, other, shown)).json()["code"] == "work", "it was done for another handle"
        lazy = {"saksei-work": header_below(asked, problem["batch"], 16, other[:32])}
        assert (await intake.post(asked, other, lazy)).json()["code"] == "work"
        assert (await intake.post(asked, body[:-1], shown)).json()["code"] == "size"
    assert (await intake.post(asked, other)).status_code == 201, "without load nothing is asked"


@pytest.mark.anyio
async def test_without_load_no_work_would_be_noticed(intake: Intake, asked: MadeCall) -> None:
    """The twin: with the same flood let go, work of too few bits and none at all are taken, so the refusals above were the guard's."""
    await intake.add(asked)
    async with AsyncExitStack() as stack:
        await flood(intake, stack, asked.id)
    for body in (asked.body(), asked.body()):
        assert (await intake.post(asked, body)).status_code == 201


@pytest.mark.anyio
async def test_plain_forms_are_never_asked(intake: Intake, asked: MadeCall) -> None:
    """Not while large bodies fill their places, nor while every slot and all the room to wait is taken: theirs are apart."""
    await intake.add(asked)
    done = asyncio.Event()
    slots = 5 * intake.service.settings.max_concurrent_uploads

    async def hold() -> None:
        async with intake.service.uploads.enter():
            await done.wait()

    async with AsyncExitStack() as stack:
        await flood(intake, stack, asked.id)
        everybody = [asyncio.create_task(hold()) for _ in range(slots)]
        await asyncio.sleep(0)
        fields = [("receipt", Receipt.generate().code), ("consent", "C1"), ("q-what", "words")]
        answer = await intake.post_form(asked, fields)
        sealed = await intake.post_form(asked, [], [("sealed", "r", asked.body(), "application/octet-stream")])
        done.set()
        await asyncio.gather(*everybody)
    assert (answer.status_code, sealed.status_code) == (201, 201)
