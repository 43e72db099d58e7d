"""The bundle of a call verifies, whatever was withdrawn, and holds what the log says (format.md section 10)."""

import asyncio
import io
import time
from functools import partial

import pytest

from app.bundles import write_call_bundle
from app.calls import add_call
from app.errors import LogKeyError
from app.publishing import forget_published, log_size
from app.receipts import withdraw
from app.submissions import accept
from crypto.bundle import Trust, VerifiedBundle, open_bundle
from crypto.receipts import Receipt
from tests.app.made import Intake, MadeCall

pytestmark = pytest.mark.anyio


async def send(intake: Intake, call: MadeCall, receipt: Receipt) -> bytes:
    report = call.sealed(receipt)
    await intake.service.database.write(partial(accept, stored=call.stored, report=report, began=time.monotonic()))
    return report.digest


async def publish_all(intake: Intake, call: MadeCall) -> None:
    while (await intake.service.database.read(partial(log_size, call_id=call.id))).waiting:
        await asyncio.sleep(0.1)
        assert await intake.service.publisher.publish()


async def bundle_of(intake: Intake, call: MadeCall) -> VerifiedBundle:
    file = io.BytesIO()
    write = partial(write_call_bundle, stored=call.stored, signer=call.log_key, out=file)
    await intake.service.database.read(write)
    file.seek(0)
    return open_bundle(file, expect=Trust(call.stored.sha256.hex(), call.stored.call.signing_key))


async def test_bundle_verifies_and_opens(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    receipts = [Receipt.generate() for _ in range(5)]
    digests = {await send(intake, hasty, receipt) for receipt in receipts}
    await publish_all(intake, hasty)
    bundle = await bundle_of(intake, hasty)
    assert {outcome.digest for outcome in bundle.outcomes} == digests
    assert {outcome.outcome for outcome in bundle.outcomes} == {"time-unproven"}
    for outcome in bundle.outcomes:
        opened = hasty.opened(bundle.read_envelope(outcome.digest), outcome.handle)
        assert opened.report.answers == {"what": "words"}


async def test_large_envelope_is_whole(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    body = hasty.body(files=(bytes(200_000),))
    assert (await intake.post(hasty, body)).status_code == 201
    await publish_all(intake, hasty)
    bundle = await bundle_of(intake, hasty)
    assert bundle.read_envelope(bundle.outcomes[0].digest) == body[32:]


async def test_empty_call_has_a_bundle(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    assert (await bundle_of(intake, asked)).outcomes == ()


async def test_unpublished_stays_here(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    await send(intake, asked, Receipt.generate())
    assert (await bundle_of(intake, asked)).outcomes == ()


@pytest.mark.parametrize("logged", [False, True], ids=["waiting", "in the log"])
async def test_withdrawn_is_gone(intake: Intake, hasty: MadeCall, logged: bool) -> None:
    """A withdrawal that is in no batch yet goes along in log/pending, and its envelope stays away."""
    await intake.add(hasty)
    receipt = Receipt.generate()
    await send(intake, hasty, receipt)
    await publish_all(intake, hasty)
    await intake.service.database.write(partial(withdraw, stored=hasty.stored, secret=receipt.withdraw(hasty.id, 0)))
    if logged:
        await publish_all(intake, hasty)
    bundle = await bundle_of(intake, hasty)
    assert [outcome.outcome for outcome in bundle.outcomes] == ["withdrawn"]


async def test_unsigned_batch_stays_here(intake: Intake, hasty: MadeCall) -> None:
    """A batch that is committed and not signed yet is no part of the bundle: its newest checkpoint covers all of it."""
    await intake.add(hasty)
    receipt = Receipt.generate()
    await send(intake, hasty, receipt)
    await intake.service.database.write(partial(withdraw, stored=hasty.stored, secret=receipt.withdraw(hasty.id, 0)))
    await intake.cut(hasty)
    await intake.service.database.write(partial(forget_published, call_id=hasty.id))
    assert (await bundle_of(intake, hasty)).outcomes == ()


async def test_unsigned_log_has_no_bundle(intake: Intake, asked: MadeCall) -> None:
    service = intake.service
    await service.database.write(partial(add_call, stored=asked.stored))
    with pytest.raises(LogKeyError):
        await bundle_of(intake, asked)
