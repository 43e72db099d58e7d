"""Reports that share statements and a commit, and nothing else: each is taken or refused for itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Connection, event, select, text

from app import models
from app.database import open_database
from app.errors import AppError, ClosedError, DuplicateError, FullError
from app.publishing import forget_published
from app.receipts import withdraw
from app.settings import Settings
from app.submissions import Arrival, SealedReport, accept_all, take_sealed
from app.transactions import Database
from crypto.receipts import Receipt
from tests.app.made import Intake, MadeCall, PublicCall

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """An opened database with one table, `kept`."""
    opened = open_database(settings)
    await opened.write(lambda c: c.execute(text("DROP TABLE IF EXISTS kept")) and None)
    await opened.write(lambda c: c.execute(text("CREATE TABLE kept (number integer PRIMARY KEY)")) and None)
    yield opened
    await opened.close()


def kept(connection: Connection) -> list[int]:
    return list(connection.execute(text("SELECT number FROM kept ORDER BY number")).scalars())


def keep(connection: Connection, number: int) -> None:
    connection.execute(text("INSERT INTO kept VALUES (:number)"), {"number": number})


class Keeping:
    """A job that keeps numbers: refuses multiples of 5, breaks down over 13, and remembers how many came at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, connection: Connection, numbers: Sequence[int]) -> list[int | AppError]:
        self.sizes.append(len(numbers))
        for number in numbers:
            if number % 5:
                keep(connection, number)
            if number == 13:
                raise ZeroDivisionError
        return [number if number % 5 else FullError("No room.") for number in numbers]


async def test_each_has_its_own_outcome(database: Database) -> None:
    job = Keeping()
    outcomes = await asyncio.gather(*(database.write_together(job, n) for n in range(14, 94)), return_exceptions=True)
    assert [type(outcomes[n - 14]) for n in range(14, 94) if n % 5 == 0] == [FullError] * 16
    assert [outcome for outcome in outcomes if isinstance(outcome, int)] == [n for n in range(14, 94) if n % 5]
    assert await database.read(kept) == [n for n in range(14, 94) if n % 5]
    assert max(job.sizes) > 1


async def test_spoiled_group_is_done_singly(database: Database) -> None:
    """The twin: a job that breaks down takes nobody along, and what it had written is undone."""
    job = Keeping()
    outcomes = await asyncio.gather(*(database.write_together(job, n) for n in range(1, 31)), return_exceptions=True)
    assert isinstance(outcomes[12], ZeroDivisionError)
    assert await database.read(kept) == [n for n in range(1, 31) if n % 5 and n != 13]


async def test_large_items_share_no_commit(database: Database) -> None:
    """What fills a group by its weight alone is not joined by others: nobody waits for 64 large reports."""
    job = Keeping()
    await asyncio.gather(*(database.write_together(job, n, weight=16 << 20) for n in (21, 22, 23, 24)))
    assert max(job.sizes) == 1


async def test_jobs_of_both_kinds_at_once(database: Database) -> None:
    job = Keeping()
    single = [database.write(partial(keep, number=number)) for number in range(100, 120)]
    await asyncio.gather(*single, *(database.write_together(job, n) for n in (31, 32, 33)))
    assert await database.read(kept) == [31, 32, 33, *range(100, 120)]


async def test_outcomes_in_one_group(intake: Intake, asked: MadeCall, make_call: PublicCall) -> None:
    """Copies, halves, another call and a late one in the same group: the order of section 5 holds for each."""
    over = make_call(call="over", deadline=int(time.time()) - 5, grace_seconds=600)
    await intake.add(asked, over)
    receipt, now = Receipt.generate(), time.monotonic()
    withdrawn, new, large = asked.sealed(receipt), asked.quick(1), asked.quick(2)
    large = replace(large, size=300_000, parts=lambda: (b"x" * 200_000, b"y" * 100_000))
    await take_sealed(intake.service.database, asked.stored, withdrawn, began=now)
    await intake.service.database.write(partial(withdraw, stored=asked.stored, secret=receipt.withdraw(asked.id, 0)))
    other = asked.quick(3)
    half = SealedReport(new.handle, other.digest, other.size, other.parts)
    mine = [Arrival(asked.stored, report, now) for report in (new, withdrawn, large, new)]
    theirs = [Arrival(over.stored, over.quick(1), now), Arrival(over.stored, over.quick(2), now - 60)]
    outcomes = await intake.service.database.write(lambda c: accept_all(c, [*mine, *theirs]))
    words = [outcome.word if isinstance(outcome, AppError) else "taken" for outcome in outcomes]
    assert words == ["taken", "withdrawn", "taken", "taken", "closed", "taken"]
    with pytest.raises(DuplicateError):
        await take_sealed(intake.service.database, asked.stored, half, began=now)
    table = models.pending_envelopes
    parts = select(table.c.part).where(table.c.call == asked.id, table.c.digest == large.digest)
    assert sorted(await intake.service.database.read(lambda c: c.execute(parts).scalars().all())) == [0, 1]


async def test_halves_in_one_group(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    one, other, now = asked.quick(1), asked.quick(2), time.monotonic()
    crossed = [SealedReport(one.handle, other.digest, 600, other.parts), SealedReport(other.handle, one.digest, 600, one.parts)]
    outcomes = await intake.service.database.write(
        lambda c: accept_all(c, [Arrival(asked.stored, report, now) for report in (one, other, *crossed)])
    )
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 2
    assert sum(isinstance(outcome, DuplicateError) for outcome in outcomes) == 2
    rows = await intake.service.database.read(lambda c: c.execute(select(models.pending_reports.c.handle)).scalars().all())
    assert sorted(rows) == sorted([one.handle, other.handle])


async def test_two_processes_cross_handles(intake: Intake, asked: MadeCall, settings: Settings) -> None:
    """Each handle of forty comes with one digest here and another there, at once: one of the two wins, the other is told, none is lost."""
    await intake.add(asked)
    second = open_database(settings)
    reports = [asked.quick(n) for n in range(80)]
    here = [(intake.service.database, report) for report in reports[:40]]
    there = [(second, SealedReport(reports[39 - at].handle, report.digest, 600, report.parts)) for at, report in enumerate(reports[40:])]
    took = [take_sealed(database, asked.stored, report, began=time.monotonic()) for database, report in (*here, *there)]
    outcomes = await asyncio.gather(*took, return_exceptions=True)
    await second.close()
    assert {type(outcome) for outcome in outcomes} == {int, DuplicateError}
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 40
    rows = await intake.service.database.read(lambda c: c.execute(select(models.pending_reports.c.handle)).scalars().all())
    assert sorted(rows) == sorted(report.handle for report in reports[:40])


async def test_trigger_speaks_to_each(intake: Intake, make_call: PublicCall) -> None:
    """The database's own refusal in a group is `closed` for whom it is late, whatever the service believed."""
    over = make_call(deadline=int(time.time()) - 5, grace_seconds=2)
    await intake.add(over)
    believing = make_call(deadline=int(time.time()) + 600)
    took = [take_sealed(intake.service.database, believing.stored, over.quick(n), began=time.monotonic()) for n in range(5)]
    outcomes = await asyncio.gather(*took, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {ClosedError}


def plans_of_forgetting(connection: Connection, call_id: str) -> list[str]:
    """What SQLite would do for each statement of `forget_published`."""
    asked: list[tuple[str, tuple[object, ...]]] = []

    @event.listens_for(connection, "before_cursor_execute")
    def _note(_connection: object, _cursor: object, statement: str, parameters: tuple[object, ...], *_rest: object) -> None:
        asked.append((statement, parameters))

    forget_published(connection, call_id)
    statements = tuple(asked)
    return [str(row.detail) for one, values in statements for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}", values)]


async def test_forgetting_reads_no_store(intake: Intake, asked: MadeCall) -> None:
    """Publishing costs what its batch has: of the store that stays, single rows are looked for and never all of a call."""
    if intake.service.settings.sqlite_path is None:
        return  # a planner of another kind: it decides by the size of a table
    await intake.add(asked)
    plans = await intake.service.database.write(partial(plans_of_forgetting, call_id=asked.id))
    stays = [plan for plan in plans if plan.startswith(("SEARCH reports", "SEARCH withdrawals"))]
    assert len(stays) == 2
    assert [plan for plan in stays if "AND" not in plan] == []
    assert [plan for plan in plans if plan.startswith("SCAN")] == []
