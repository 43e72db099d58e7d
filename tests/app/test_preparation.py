"""A large batch is copied in steps, and published in one transaction all the same (format.md section 6)."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from functools import partial

import pytest
from sqlalchemy import Connection, text

from app.bundles import read_envelope
from app.models import CHUNK_BYTES
from app.preparation import STEP_BYTES, Prepared, lay_ready, reports_due, steps_before
from app.publishing import cut_batch, entries_between, log_size, look
from app.receipts import withdraw
from app.service import build_service
from app.submissions import SealedReport, accept
from crypto.entries import report_entry
from crypto.merkle import leaf_hash
from crypto.receipts import Receipt
from tests.app.made import Intake, MadeCall

pytestmark = pytest.mark.anyio

LARGE = 2 * CHUNK_BYTES + 7
LOT = 2 * STEP_BYTES // LARGE
"""So many of those do not fit into one step, nor quite into two."""


def large(number: int, handle: bytes = b"") -> SealedReport:
    parts = [bytes([number, part]) * (CHUNK_BYTES // 2) for part in range(2)] + [bytes([number]) * 7]
    digest = hashlib.sha256(b"".join(parts)).digest()
    return SealedReport(handle or hashlib.sha256(digest).digest(), digest, LARGE, lambda: parts)


async def take(intake: Intake, call: MadeCall, reports: Sequence[SealedReport]) -> None:
    for report in reports:
        await intake.service.database.write(partial(accept, stored=call.stored, report=report, began=time.monotonic()))


async def due(intake: Intake, call: MadeCall, count: int) -> int:
    """The boundary at which so many reports are due, once it has come."""
    while True:
        boundary = (await intake.service.database.read(partial(look, stored=call.stored))).due
        if boundary is not None:
            batch = await intake.service.database.read(partial(reports_due, call_id=call.id, cut=0, boundary=boundary))
            if len(batch) == count:
                return boundary
        await asyncio.sleep(0.1)


async def lay(intake: Intake, call: MadeCall, steps: Sequence[Sequence[bytes]]) -> None:
    for step in steps:
        await intake.service.database.write(partial(lay_ready, call_id=call.id, digests=step))


async def cut(intake: Intake, call: MadeCall, prepared: Prepared) -> None:
    assert await intake.service.database.write(partial(cut_batch, stored=call.stored, prepared=prepared))


async def prepare(intake: Intake, call: MadeCall, reports: Sequence[SealedReport]) -> tuple[int, list[list[bytes]]]:
    """Take reports, wait until they are due, and say in which steps they are to be laid ready."""
    await intake.add(call)
    await take(intake, call, reports)
    boundary = await due(intake, call, len(reports))
    return boundary, await intake.service.database.read(partial(steps_before, call_id=call.id, boundary=boundary))


def digests_kept(connection: Connection, call_id: str, reports: Sequence[SealedReport]) -> list[bytes]:
    """What the published envelopes of these reports hash to; of nothing where there is none."""
    return [hashlib.sha256(b"".join(read_envelope(connection, call_id, report.digest))).digest() for report in reports]


async def whole(intake: Intake, call: MadeCall, reports: Sequence[SealedReport]) -> bool:
    return await intake.service.database.read(lambda c: digests_kept(c, call.id, reports)) == [report.digest for report in reports]


async def count(intake: Intake, table: str) -> int:
    return int(await intake.service.database.read(lambda c: c.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()))  # noqa: S608


async def spoil(intake: Intake, digest: bytes) -> None:
    """Change an envelope that was laid ready, to see whether it is copied anew."""
    change = text("UPDATE envelopes SET bytes = :other WHERE digest = :digest AND part = 0")
    assert await intake.service.database.write(lambda c: c.execute(change, {"other": b"x", "digest": digest}).rowcount) == 1


async def test_small_batch_has_no_steps(intake: Intake, hasty: MadeCall) -> None:
    _, steps = await prepare(intake, hasty, [large(number) for number in range(2)])
    assert steps == []


async def test_steps_are_by_leaf_hash(intake: Intake, hasty: MadeCall) -> None:
    reports = [large(number) for number in range(LOT)]
    _, steps = await prepare(intake, hasty, reports)
    ordered = sorted(reports, key=lambda report: leaf_hash(report_entry(report.digest, report.handle)))
    assert [digest for step in steps for digest in step] == [report.digest for report in ordered]
    assert 2 <= len(steps) <= 3
    assert max(map(len, steps)) * LARGE <= STEP_BYTES


async def test_steps_publish_nothing(intake: Intake, hasty: MadeCall) -> None:
    """Until the transaction that cuts it the batch is nowhere; then all of it is in the log, and waits no more."""
    reports = [large(number) for number in range(LOT)]
    boundary, steps = await prepare(intake, hasty, reports)
    await lay(intake, hasty, steps)
    entries = partial(entries_between, call_id=hasty.id, start=0, end=100)
    assert (len(await intake.service.database.read(entries)), await count(intake, "reports")) == (1, 0)
    assert (await intake.service.database.read(partial(log_size, call_id=hasty.id))).waiting == LOT
    await cut(intake, hasty, Prepared(boundary, steps))
    assert (len(await intake.service.database.read(entries)), await count(intake, "reports")) == (LOT + 1, LOT)
    assert await whole(intake, hasty, reports)


async def test_publisher_goes_on_in_mid_steps(intake: Intake, hasty: MadeCall) -> None:
    """It dies after a step: another finds the rest, and nothing is there twice."""
    reports = [large(number) for number in range(LOT)]
    _, steps = await prepare(intake, hasty, reports)
    await lay(intake, hasty, steps[:1])
    other = build_service(intake.service.settings)
    assert await other.publisher.publish()
    await other.database.close()
    assert await whole(intake, hasty, reports)
    assert (await count(intake, "envelopes"), await count(intake, "pending_envelopes")) == (3 * LOT, 0)


async def test_withdrawn_in_mid_steps(intake: Intake, hasty: MadeCall) -> None:
    """The withdrawal destroys what waits and what was laid ready, and no later step brings it back."""
    receipt = Receipt.generate()
    reports = [large(0, receipt.handle(hasty.id, 0)), *(large(number) for number in range(1, LOT))]
    boundary, steps = await prepare(intake, hasty, reports)
    await lay(intake, hasty, steps)
    await intake.service.database.write(partial(withdraw, stored=hasty.stored, secret=receipt.withdraw(hasty.id, 0)))
    await lay(intake, hasty, steps)
    await cut(intake, hasty, Prepared(boundary, steps))
    assert await count(intake, "envelopes") == 3 * (LOT - 1)
    assert await whole(intake, hasty, reports[1:])


async def test_what_is_ready_is_not_copied_again(intake: Intake, hasty: MadeCall) -> None:
    reports = [large(number) for number in range(LOT)]
    boundary, steps = await prepare(intake, hasty, reports)
    await lay(intake, hasty, steps)
    await spoil(intake, steps[0][0])
    await cut(intake, hasty, Prepared(boundary, steps))
    assert not await whole(intake, hasty, reports)


@pytest.mark.parametrize("there", ["a step behind", "a step lost"])
async def test_missing_step_copies_all_anew(intake: Intake, hasty: MadeCall, there: str) -> None:
    """A report that came after the steps must not stand behind them; and a database brought back from before a step lacks that one."""
    reports = [large(number) for number in range(LOT)]
    boundary, steps = await prepare(intake, hasty, reports)
    await lay(intake, hasty, steps[:1])
    await spoil(intake, steps[0][0])
    await cut(intake, hasty, Prepared(boundary, steps[:1] if there == "a step behind" else steps))
    assert await whole(intake, hasty, reports)
