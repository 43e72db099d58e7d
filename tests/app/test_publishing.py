"""Batches and checkpoints: in order, at boundaries, never a second history (format.md sections 6 and 7)."""

import asyncio
import time
from functools import partial

import pytest
from sqlalchemy import Connection, select, text, update

from app import models
from app.logstate import LogState
from app.publishing import (
    FORGET_AT_ONCE,
    Publisher,
    checkpoint,
    entries_between,
    forget_published,
    log_size,
    look,
    sign_batch,
    signed_entries,
)
from app.receipts import withdraw
from app.service import build_service
from app.submissions import accept
from crypto.entries import call_entry, check_entries, parse_entry, report_entry, withdraw_entry
from crypto.errors import LogInconsistentError
from crypto.merkle import Frontier, leaf_hash, root
from crypto.notes import Checkpoint, parse_checkpoint
from crypto.receipts import Receipt
from tests.app.made import Intake, MadeCall, PublicCall

pytestmark = pytest.mark.anyio


async def take(intake: Intake, call: MadeCall, count: int, *, start: int = 0) -> None:
    for number in range(start, start + count):
        job = partial(accept, stored=call.stored, report=call.quick(number), began=time.monotonic())
        await intake.service.database.write(job)


async def waiting(intake: Intake, call: MadeCall) -> int:
    return (await intake.service.database.read(partial(log_size, call_id=call.id))).waiting


async def publish_all(intake: Intake, call: MadeCall) -> None:
    """Publish until nothing waits; the boundary of `call` is at most a second away."""
    while await waiting(intake, call):
        await asyncio.sleep(0.1)
        assert await intake.service.publisher.publish()


async def log_of(intake: Intake, call: MadeCall) -> list[bytes]:
    return await intake.service.database.read(partial(signed_entries, call_id=call.id))


async def count(intake: Intake, table: str) -> int:
    return int(await intake.service.database.read(lambda c: c.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()))  # noqa: S608


async def test_first_checkpoint_at_once(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    assert await log_of(intake, asked) == [call_entry(asked.id, asked.stored.sha256)]


async def test_nothing_before_the_boundary(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    await take(intake, asked, 20)
    assert await intake.service.publisher.publish()
    assert await log_of(intake, asked) == [call_entry(asked.id, asked.stored.sha256)]
    assert await waiting(intake, asked) == 20


async def test_batch_is_by_leaf_hash(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    receipts = [Receipt.generate() for _ in range(3)]
    for receipt in receipts:
        job = partial(accept, stored=hasty.stored, report=hasty.sealed(receipt), began=time.monotonic())
        await intake.service.database.write(job)
    await take(intake, hasty, 20)
    for receipt in receipts:
        await intake.service.database.write(partial(withdraw, stored=hasty.stored, secret=receipt.withdraw(hasty.id, 0)))
    await asyncio.sleep(1.1)
    assert await intake.service.publisher.publish()
    log = await log_of(intake, hasty)
    kinds = [parse_entry(entry).kind for entry in log]
    assert kinds == ["call", *["report"] * 23, *["withdraw"] * 3]
    reports, withdrawals = ([leaf_hash(entry) for entry in part] for part in (log[1:24], log[24:]))
    assert (reports, withdrawals) == (sorted(reports), sorted(withdrawals))
    check_entries(log, call=hasty.id, call_sha256=hasty.stored.sha256)


async def test_checkpoint_covers_the_log(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    for start in (0, 5, 10):
        await take(intake, hasty, 5, start=start)
        await publish_all(intake, hasty)
    log = await log_of(intake, hasty)
    note = await intake.service.database.read(partial(checkpoint, call_id=hasty.id))
    assert note is not None
    signed = parse_checkpoint(note, hasty.log_key.vkey, hasty.stored.call.origin)
    assert (signed.size, signed.root) == (16, root([leaf_hash(entry) for entry in log]))
    early = await intake.service.database.read(partial(checkpoint, call_id=hasty.id, size=1))
    assert early is not None
    assert parse_checkpoint(early, hasty.log_key.vkey, hasty.stored.call.origin).size == 1
    assert await intake.service.database.read(partial(checkpoint, call_id=hasty.id, size=17)) is None


async def test_pending_is_emptied(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    await take(intake, hasty, 5)
    await publish_all(intake, hasty)
    assert [await count(intake, f"pending_{table}") for table in ("reports", "envelopes", "withdrawals")] == [0, 0, 0]
    assert (await count(intake, "reports"), await count(intake, "envelopes")) == (5, 5)


async def test_small_batch_waits(intake: Intake, make_call: PublicCall) -> None:
    """Two entries where eight are wanted: three boundaries pass them by, the fourth takes them."""
    small = make_call(call="small", batch_seconds=1, batch_min=8)
    await intake.add(small)
    await take(intake, small, 2)
    batch = await intake.service.database.read(lambda c: c.execute(select(models.pending_reports.c.batch)).scalars().first())
    seen: list[int] = []
    while await waiting(intake, small):
        assert await intake.service.publisher.publish()
        seen.append(int(time.time()))
        await asyncio.sleep(0.05)
    assert batch is not None
    assert batch + 3 <= seen[-1]
    assert await intake.service.publisher.publish()


async def test_enough_do_not_wait(intake: Intake, make_call: PublicCall) -> None:
    enough = make_call(call="enough", batch_seconds=1, batch_min=8)
    await intake.add(enough)
    await take(intake, enough, 8)
    await asyncio.sleep(1.1)
    assert await intake.service.publisher.publish()
    assert await waiting(intake, enough) == 0


async def test_close_is_last_and_once(intake: Intake, make_call: PublicCall) -> None:
    closing = make_call(call="closing", deadline=int(time.time()) + 8, grace_seconds=0, batch_min=8)
    await intake.add(closing)
    await take(intake, closing, 2)
    while not (await intake.service.database.read(partial(log_size, call_id=closing.id))).closed:
        assert await intake.service.publisher.publish()
        await asyncio.sleep(0.1)
    log = await log_of(intake, closing)
    assert [parse_entry(entry).kind for entry in log] == ["call", "report", "report", "close"]
    assert await intake.service.publisher.publish()
    assert await log_of(intake, closing) == log


async def test_withdrawal_after_the_close(intake: Intake, make_call: PublicCall) -> None:
    closing = make_call(call="closing", deadline=int(time.time()) + 8, grace_seconds=0, batch_seconds=1)
    await intake.add(closing)
    receipt = Receipt.generate()
    report = closing.sealed(receipt)
    await intake.service.database.write(partial(accept, stored=closing.stored, report=report, began=time.monotonic()))
    while not (await intake.service.database.read(partial(log_size, call_id=closing.id))).closed:
        assert await intake.service.publisher.publish()
        await asyncio.sleep(0.1)
    secret = receipt.withdraw(closing.id, 0)
    await intake.service.database.write(partial(withdraw, stored=closing.stored, secret=secret))
    await publish_all(intake, closing)
    log = await log_of(intake, closing)
    assert log[-1] == withdraw_entry(report.handle, secret)
    assert check_entries(log, call=closing.id, call_sha256=closing.stored.sha256).reports[0].withdrawn


async def test_late_pass_publishes_all(intake: Intake, make_call: PublicCall) -> None:
    """Nobody published for a while: one pass cuts the close and what came due after it."""
    closing = make_call(call="closing", deadline=int(time.time()) + 8, grace_seconds=0, batch_seconds=1)
    await intake.add(closing)
    receipt = Receipt.generate()
    job = partial(accept, stored=closing.stored, report=closing.sealed(receipt), began=time.monotonic())
    await intake.service.database.write(job)
    await asyncio.sleep(max(0.0, closing.stored.call.close + 0.1 - time.time()))
    await intake.service.database.write(partial(withdraw, stored=closing.stored, secret=receipt.withdraw(closing.id, 0)))
    await asyncio.sleep(1.1)
    assert await intake.service.publisher.publish()
    assert await waiting(intake, closing) == 0
    kinds = [parse_entry(entry).kind for entry in await log_of(intake, closing)]
    assert kinds == ["call", "report", "close", "withdraw"]


async def test_withdrawn_before_its_batch(intake: Intake, hasty: MadeCall) -> None:
    """It is logged in its batch all the same, with its withdrawal, and its envelope is nowhere."""
    await intake.add(hasty)
    receipt = Receipt.generate()
    report = hasty.sealed(receipt)
    await intake.service.database.write(partial(accept, stored=hasty.stored, report=report, began=time.monotonic()))
    await intake.service.database.write(partial(withdraw, stored=hasty.stored, secret=receipt.withdraw(hasty.id, 0)))
    await publish_all(intake, hasty)
    assert (await log_of(intake, hasty))[1] == report_entry(report.digest, report.handle)
    assert (await count(intake, "envelopes"), await count(intake, "pending_envelopes")) == (0, 0)


async def test_crash_before_the_signature(intake: Intake, hasty: MadeCall) -> None:
    """The batch is committed and the process dies: the next one signs it and clears what waited."""
    await intake.add(hasty)
    await take(intake, hasty, 5)
    await intake.cut(hasty)
    assert len(await log_of(intake, hasty)) == 1
    outlook = await intake.service.database.read(partial(look, stored=hasty.stored))
    assert (outlook.unsigned, outlook.leftovers) == (True, True)
    other = build_service(intake.service.settings)
    assert await other.publisher.publish()
    await other.database.close()
    assert len(await log_of(intake, hasty)) == 6
    assert await count(intake, "pending_reports") == 0


async def test_forgetting_twice_is_harmless(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    await take(intake, hasty, 3)
    await publish_all(intake, hasty)
    await take(intake, hasty, 2, start=3)
    for _ in range(2):
        await intake.service.database.write(partial(forget_published, call_id=hasty.id))
    assert await waiting(intake, hasty) == 2


async def test_forgetting_in_small_steps(intake: Intake, hasty: MadeCall) -> None:
    """A large batch is not deleted at one stroke: who sends meanwhile waits for a part of it."""
    await intake.add(hasty)
    await take(intake, hasty, FORGET_AT_ONCE + 3)
    await intake.cut(hasty)
    forget = partial(forget_published, call_id=hasty.id)
    assert [await intake.service.database.write(forget) for _ in range(2)] == [True, False]
    assert await count(intake, "pending_reports") == await count(intake, "pending_envelopes") == 0


async def test_only_one_publishes(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    other = build_service(intake.service.settings)
    async with other.database.publisher_turn() as mine:
        assert mine
        assert await intake.service.publisher.publish() is False
    await other.database.close()


def back_to_the_first(connection: Connection) -> None:
    """What a restored backup does: the log is as it was before the first batch. The triggers have to be lifted for it."""
    for table in ("entries", "batches"):
        kept = "position < 1" if table == "entries" else "size < 2"
        connection.execute(text(f"DELETE FROM {table} WHERE NOT ({kept})"))  # noqa: S608 -- two fixed words
    first = connection.execute(select(models.entries.c.entry)).scalars().one()
    frontier = Frontier()
    frontier.append(leaf_hash(first))
    connection.execute(update(models.logs).values(size=1, frontier=frontier.to_bytes(), cut=0))
    connection.execute(text("DELETE FROM envelopes"))
    connection.execute(text("DELETE FROM reports"))


async def lift_triggers(intake: Intake, *names: tuple[str, str]) -> None:
    def lift(connection: Connection) -> None:
        for name, table in names:
            on = "" if connection.dialect.name == "sqlite" else f" ON {table}"
            connection.execute(text(f"DROP TRIGGER {name}{on}"))

    await intake.service.database.write(lift)


LOG_TRIGGERS = (("entries_stay", "entries"), ("entries_are_fixed", "entries"), ("logs_stay_closed", "logs"))


@pytest.mark.parametrize("more", [3, 9], ids=["a shorter history", "a longer history"])
async def test_restored_backup_signs_nothing_else(intake: Intake, hasty: MadeCall, more: int) -> None:
    """A second history is refused, however long it is; the state outside of the database remembers the first."""
    await intake.add(hasty)
    await take(intake, hasty, 5)
    await publish_all(intake, hasty)
    await lift_triggers(intake, *LOG_TRIGGERS)
    await intake.service.database.write(back_to_the_first)
    await take(intake, hasty, more, start=100)
    await asyncio.sleep(1.1)
    with pytest.raises(LogInconsistentError):
        await intake.service.publisher.publish()
    assert len(await log_of(intake, hasty)) == 1


async def test_without_state_it_would_sign(intake: Intake, hasty: MadeCall) -> None:
    """The twin: with an empty state the same restored database signs its second history, so it is the state that stops it."""
    await intake.add(hasty)
    await take(intake, hasty, 5)
    await publish_all(intake, hasty)
    await lift_triggers(intake, *LOG_TRIGGERS)
    await intake.service.database.write(back_to_the_first)
    await take(intake, hasty, 3, start=100)
    await asyncio.sleep(1.1)
    service = intake.service
    careless = Publisher(service.database, service.book, service.keys, LogState(service.settings.log_state_dir.with_name("empty")))
    assert await careless.publish(trust_database=True)
    assert len(await log_of(intake, hasty)) == 4


async def test_changed_entry_is_not_signed(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    await take(intake, hasty, 3)
    await intake.cut(hasty)
    await lift_triggers(intake, *LOG_TRIGGERS)
    forged = report_entry(bytes(32), bytes(32))
    change = update(models.entries).where(models.entries.c.position == 2).values(entry=forged)
    assert await intake.service.database.write(lambda c: c.execute(change).rowcount) == 1
    with pytest.raises(LogInconsistentError):
        await intake.service.publisher.publish()


async def heads(intake: Intake, call: MadeCall) -> dict[Checkpoint, bytes | None]:
    """Every batch as a checkpoint, with its note."""
    stands = select(models.batches.c.size, models.batches.c.root, models.batches.c.note).where(models.batches.c.call == call.id)
    rows = await intake.service.database.read(lambda connection: connection.execute(stands).all())
    return {Checkpoint(call.stored.call.origin, row.size, row.root): row.note for row in rows}


async def test_batch_that_went_is_not_signed(intake: Intake, hasty: MadeCall) -> None:
    """A publisher is stopped before it signs, and another batch of that size stands there as it wakes; that one can be signed."""
    await intake.add(hasty)
    await take(intake, hasty, 1)
    await intake.cut(hasty)
    before = await heads(intake, hasty)
    await intake.service.database.write(partial(forget_published, call_id=hasty.id))
    await lift_triggers(intake, *LOG_TRIGGERS)
    await intake.service.database.write(back_to_the_first)
    await take(intake, hasty, 1, start=100)
    await intake.cut(hasty)
    now = await heads(intake, hasty)
    (gone,), (stands,) = before.keys() - now.keys(), now.keys() - before.keys()
    assert (gone.size, stands.size) == (2, 2)
    sign = partial(sign_batch, call_id=hasty.id, signer=hasty.log_key)
    with pytest.raises(LogInconsistentError):
        await intake.service.database.write(partial(sign, head=gone))
    assert await heads(intake, hasty) == now
    await intake.service.database.write(partial(sign, head=stands))
    assert await heads(intake, hasty) == now | {stands: hasty.log_key.sign(stands.text())}


async def test_lost_state_is_not_made_up(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    for path in intake.service.settings.log_state_dir.glob("*.state"):
        path.unlink()
    await take(intake, hasty, 1)
    await asyncio.sleep(1.1)
    with pytest.raises(LogInconsistentError):
        await intake.service.publisher.publish()
    assert await intake.service.publisher.publish(trust_database=True)
    assert len(await log_of(intake, hasty)) == 2


async def test_one_broken_call_stops_no_other(intake: Intake, hasty: MadeCall, make_call: PublicCall) -> None:
    other = make_call(call="aaaa", batch_seconds=1)
    await intake.add(other, hasty)
    await take(intake, other, 1)
    await take(intake, hasty, 1)
    (intake.service.settings.log_state_dir / "aaaa.state").write_text("nonsense")
    await asyncio.sleep(1.1)
    with pytest.raises(LogInconsistentError):
        await intake.service.publisher.publish()
    assert len(await log_of(intake, hasty)) == 2


async def test_pages_of_entries(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    await take(intake, hasty, 5)
    await publish_all(intake, hasty)
    log = await log_of(intake, hasty)
    assert await intake.service.database.read(partial(entries_between, call_id=hasty.id, start=1, end=4)) == log[1:4]


async def test_another_host_keeps_up(intake: Intake, hasty: MadeCall) -> None:
    """A host that knows nothing goes no step; told once, it notes what others sign, and notices when the database is brought back."""
    await intake.add(hasty)
    service = intake.service
    other, ours = LogState(service.settings.log_state_dir.with_name("other")), LogState(service.settings.log_state_dir)
    host = Publisher(service.database, service.book, service.keys, other)
    with pytest.raises(LogInconsistentError):
        await host.publish()
    assert await host.publish(trust_database=True)
    await take(intake, hasty, 5)
    await publish_all(intake, hasty)
    async with service.database.publisher_turn() as mine:
        assert mine
        assert not await host.publish()
    assert other.read(hasty.id) == ours.read(hasty.id)
    assert ours.read(hasty.id) is not None
    await lift_triggers(intake, *LOG_TRIGGERS)
    await service.database.write(back_to_the_first)
    await take(intake, hasty, 3, start=100)
    await asyncio.sleep(1.1)
    with pytest.raises(LogInconsistentError):
        await host.publish()
    assert len(await log_of(intake, hasty)) == 1


async def test_a_false_checkpoint_is_not_followed(intake: Intake, hasty: MadeCall) -> None:
    """What another host signed counts only where the key of the call signed it and it is the log that stands there."""
    await intake.add(hasty)
    service = intake.service
    other = LogState(service.settings.log_state_dir.with_name("other"))
    host = Publisher(service.database, service.book, service.keys, other)
    assert await host.publish(trust_database=True)
    await take(intake, hasty, 5)
    await publish_all(intake, hasty)
    before = other.read(hasty.id)
    note = Checkpoint(hasty.stored.call.origin, 6, bytes(32)).text()
    false = hasty.log_key.sign(note)
    changed = update(models.batches).where(models.batches.c.size > 1).values(note=false)
    await service.database.write(lambda connection: connection.execute(changed) and None)
    with pytest.raises(LogInconsistentError):
        await host.publish()
    assert other.read(hasty.id) == before
