"""What a receipt can do: withdraw for good, and show where a report stands (format.md sections 4 and 8)."""

import asyncio
import time
from functools import partial

import pytest
from sqlalchemy import text

from app import models
from app.errors import ClosedError, UnknownReportError
from app.publishing import forget_published
from app.receipts import Standing, standings, withdraw
from app.submissions import accept
from crypto.entries import withdraw_entry
from crypto.merkle import leaf_hash
from crypto.receipts import Receipt
from tests.app.made import Intake, MadeCall, PublicCall

pytestmark = pytest.mark.anyio


@pytest.fixture
def receipt() -> Receipt:
    return Receipt.generate()


async def send(intake: Intake, call: MadeCall, receipt: Receipt, n: int = 0) -> None:
    report = call.sealed(receipt, n)
    await intake.service.database.write(partial(accept, stored=call.stored, report=report, began=time.monotonic()))


async def publish(intake: Intake, call: MadeCall) -> None:
    await intake.cut(call)
    await intake.service.database.write(partial(forget_published, call_id=call.id))


async def until(instant: int) -> None:
    while time.time() < instant + 0.1:
        await asyncio.sleep(0.1)


async def kept_parts(intake: Intake) -> int:
    both = "SELECT (SELECT count(*) FROM envelopes) + (SELECT count(*) FROM pending_envelopes)"
    return int(await intake.service.database.read(lambda c: c.execute(text(both)).scalar_one()))


async def post(intake: Intake, call: MadeCall, body: bytes) -> tuple[int, bytes]:
    answer = await intake.client.post(f"/calls/{call.id}/withdrawals", content=body)
    return answer.status_code, answer.content


@pytest.mark.parametrize("published", [False, True], ids=["pending", "published"])
async def test_withdrawal_destroys_the_envelope(intake: Intake, hasty: MadeCall, receipt: Receipt, published: bool) -> None:
    await intake.add(hasty)
    await send(intake, hasty, receipt)
    if published:
        await publish(intake, hasty)
    assert await kept_parts(intake) == 1
    secret = receipt.withdraw(hasty.id, 0)
    status, note = await post(intake, hasty, secret)
    assert status == 201
    assert hasty.promise(note).leaf_hash == leaf_hash(withdraw_entry(receipt.handle(hasty.id, 0), secret))
    assert await kept_parts(intake) == 0


async def test_withdrawal_never_comes_before_its_report(intake: Intake, hasty: MadeCall, receipt: Receipt) -> None:
    """The clock was fast when the report came and was set back since: the withdrawal waits for the report's batch, or the log is void."""
    await intake.add(hasty)
    handle, later = receipt.handle(hasty.id, 0), hasty.stored.call.close
    row = {"call": hasty.id, "digest": bytes(32), "handle": handle, "batch": later}
    await intake.service.database.write(lambda c: c.execute(models.pending_reports.insert(), row) and None)
    assert hasty.stored.schedule.after(int(time.time())) < later
    status, note = await post(intake, hasty, receipt.withdraw(hasty.id, 0))
    assert status == 201
    assert hasty.promise(note).publish_by == hasty.stored.schedule.publish_by(later)
    waits = await intake.service.database.read(lambda c: c.execute(text("SELECT batch FROM pending_withdrawals")).scalar_one())
    assert waits == later


async def test_repeat_gives_same_promise(intake: Intake, hasty: MadeCall, receipt: Receipt) -> None:
    await intake.add(hasty)
    await send(intake, hasty, receipt)
    first = await post(intake, hasty, receipt.withdraw(hasty.id, 0))
    await publish(intake, hasty)
    assert await post(intake, hasty, receipt.withdraw(hasty.id, 0)) == first


async def test_withdrawals_at_once(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked)
    await send(intake, asked, receipt)
    answers = await asyncio.gather(*(post(intake, asked, receipt.withdraw(asked.id, 0)) for _ in range(8)))
    assert len(set(answers)) == 1
    assert answers[0][0] == 201


async def test_only_its_own_report_goes(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked)
    await send(intake, asked, receipt)
    await send(intake, asked, receipt, 1)
    await send(intake, asked, Receipt.generate())
    assert (await post(intake, asked, receipt.withdraw(asked.id, 1)))[0] == 201
    assert await kept_parts(intake) == 2


async def test_unknown_secret_is_refused(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked)
    status, body = await post(intake, asked, receipt.withdraw(asked.id, 0))
    assert status == 404
    assert b'"code":"no-match"' in body


@pytest.mark.parametrize("size", [0, 31, 33, 100_000])
async def test_exactly_32_bytes(intake: Intake, asked: MadeCall, size: int) -> None:
    await intake.add(asked)
    status, body = await post(intake, asked, bytes(size))
    assert status == 400
    assert b'"code":"size"' in body


async def test_secret_of_another_call(intake: Intake, asked: MadeCall, hasty: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked, hasty)
    await send(intake, asked, receipt)
    assert (await post(intake, hasty, receipt.withdraw(asked.id, 0)))[0] == 404


async def test_over_when_retention_ends(intake: Intake, make_call: PublicCall, receipt: Receipt) -> None:
    ended = make_call(opens=1000, deadline=int(time.time()) - 86400 + 8, retention_days=1, grace_seconds=86400)
    await intake.add(ended)
    report = ended.sealed(receipt)
    early = time.monotonic() - 2 * 86400
    await intake.service.database.write(partial(accept, stored=ended.stored, report=report, began=early))
    await until(ended.stored.ends)
    with pytest.raises(ClosedError):
        await intake.service.database.write(partial(withdraw, stored=ended.stored, secret=receipt.withdraw(ended.id, 0)))
    assert await kept_parts(intake) == 1


async def test_trigger_ends_withdrawals_too(intake: Intake, asked: MadeCall, make_call: PublicCall, receipt: Receipt) -> None:
    """The database's own refusal is `closed`, when the service believes that retention goes on."""
    ended = make_call(deadline=int(time.time()) - 86400 + 8, opens=1000, retention_days=1, grace_seconds=86400)
    await intake.add(ended)
    early = time.monotonic() - 2 * 86400
    await intake.service.database.write(partial(accept, stored=ended.stored, report=ended.sealed(receipt), began=early))
    await until(ended.stored.ends)
    with pytest.raises(ClosedError):
        await intake.service.database.write(partial(withdraw, stored=asked.stored, secret=receipt.withdraw(asked.id, 0)))


async def test_where_reports_stand(intake: Intake, hasty: MadeCall, receipt: Receipt) -> None:
    await intake.add(hasty)
    await send(intake, hasty, receipt)
    await send(intake, hasty, receipt, 5)
    await publish(intake, hasty)
    await send(intake, hasty, receipt, 99)
    await intake.service.database.write(partial(withdraw, stored=hasty.stored, secret=receipt.withdraw(hasty.id, 5)))
    found = await intake.service.database.read(partial(standings, call_id=hasty.id, receipt=receipt))
    assert found == {0: Standing.PUBLISHED, 5: Standing.WITHDRAWN, 99: Standing.PENDING}
    assert await intake.service.database.read(partial(standings, call_id=hasty.id, receipt=Receipt.generate())) == {}


async def test_error_is_a_word(intake: Intake, asked: MadeCall) -> None:
    assert UnknownReportError.word == "no-match"
