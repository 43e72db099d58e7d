"""Whether accepting and publishing cost more the more reports are there: the service's own functions, in this process, on a real log.

Counted is the time that processors worked for it: on a machine that others use too the clock says more about them.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from app.publishing import log_size
from app.service import Service, build_service
from app.settings import Settings
from app.submissions import SealedReport, take_sealed

if TYPE_CHECKING:
    from pathlib import Path

    from app.calls import StoredCall
    from bench.stage import Stage

ENVELOPE = 600
"""Bytes of an envelope here: what is measured is what the number of rows costs."""
AT_ONCE = 256
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Cost:
    """Seconds of processor time that one report took to accept, and to publish in a batch, when `stored` reports stood in the log."""

    stored: int
    accepting: float
    publishing: float


def made_up() -> SealedReport:
    """A report of the right shape that nobody could open."""
    envelope = os.urandom(ENVELOPE)
    return SealedReport(os.urandom(32), hashlib.sha256(envelope).digest(), ENVELOPE, lambda: (envelope,))


async def accept_many(service: Service, stored: StoredCall, count: int) -> float:
    """Accept so many reports, many at a time; the processor time it took."""
    began = time.process_time()
    for start in range(0, count, AT_ONCE):
        many = range(min(AT_ONCE, count - start))
        await asyncio.gather(*(take_sealed(service.database, stored, made_up(), began=time.monotonic()) for _ in many))
    return time.process_time() - began


async def publish_waiting(service: Service, stored: StoredCall) -> float:
    """Publish until nothing waits any more, at each boundary what is due there; the processor time it took."""
    began = time.process_time()
    while (await service.database.read(partial(log_size, call_id=stored.call.call))).waiting:
        await asyncio.sleep(LOOK_SECONDS)
        await service.publisher.publish()
    return time.process_time() - began


async def _costs(settings: Settings, call: str, sizes: tuple[int, ...], sample: int) -> list[Cost]:
    service = build_service(settings)
    await service.publisher.publish()
    stored = await service.book.find(call)
    costs, there = [], 0
    for size in sizes:
        await accept_many(service, stored, size - there)
        await publish_waiting(service, stored)
        accepting = await accept_many(service, stored, sample)
        publishing = await publish_waiting(service, stored)
        there = size + sample
        costs.append(Cost(size, accepting / sample, publishing / sample))
    await service.database.close()
    return costs


def costs(stage: Stage, call: str, sizes: tuple[int, ...], sample: int) -> list[Cost]:
    """What `sample` reports cost at each of these sizes of a log. The stage's call must have a short batch, and nobody may serve it."""
    folder: Path = stage.place
    settings = Settings(database_url=stage.database_url, log_key_dir=folder / "keys", log_state_dir=folder / "log")
    return asyncio.run(_costs(settings, call, sizes, sample))
