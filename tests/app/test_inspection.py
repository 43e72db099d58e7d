"""What an operator is told of what waits: a batch late and in tens, as by /metrics (threats.md)."""

import asyncio
import time
from functools import partial

import pytest

from app.inspection import shown_waiting
from app.publishing import log_size
from app.submissions import accept
from tests.app.made import Intake, MadeCall

pytestmark = pytest.mark.anyio
SENT = 25


async def send(intake: Intake, call: MadeCall) -> None:
    await intake.add(call)
    for number in range(SENT):
        job = partial(accept, stored=call.stored, report=call.quick(number), began=time.monotonic())
        await intake.service.database.write(job)


async def test_nothing_of_this_batch_is_shown(intake: Intake, asked: MadeCall) -> None:
    """Its boundary is days away. The twin: the count itself moves with every report."""
    await send(intake, asked)
    assert await intake.service.database.read(partial(shown_waiting, stored=asked.stored)) == 0
    assert (await intake.service.database.read(partial(log_size, call_id=asked.id))).waiting == SENT


async def test_older_ones_are_shown_in_tens(intake: Intake, hasty: MadeCall) -> None:
    """Nobody publishes here, so they wait on; what is shown only ever moves in tens."""
    await send(intake, hasty)
    shown = set()
    while 20 not in shown:
        shown.add(await intake.service.database.read(partial(shown_waiting, stored=hasty.stored)))
        await asyncio.sleep(0.05)
    assert shown <= {0, 10, 20}
    assert (await intake.service.database.read(partial(log_size, call_id=hasty.id))).waiting == SENT
