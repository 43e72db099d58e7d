"""Who sends and withdraws again and again makes nobody wait for more than a share of the time (app.resting)."""

from functools import partial
from time import monotonic

import pytest
from sqlalchemy import delete, text

from app import models
from app.calls import add_call
from app.postgresql import PostgresqlDatabase
from app.resting import FREE_SECONDS, LONGEST_SECONDS, TIMES, Rest
from app.submissions import accept
from tests.app.made import Intake, MadeCall

pytestmark = pytest.mark.anyio


class Clock:
    """Seconds that pass when told to, and `step` of them whenever somebody looks."""

    def __init__(self, step: float = 0.0) -> None:
        self.now = 1000.0
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def worked(clock: Clock, seconds: float, reports: int) -> Rest:
    """After one that took so long, while so many waited."""
    rest = Rest(clock)
    with rest.worked(reports):
        clock.now += seconds
    return rest


def test_first_may_begin_at_once() -> None:
    assert Rest().is_over(10**6)


def test_what_is_short_may_begin_at_once() -> None:
    assert worked(Clock(), FREE_SECONDS, 1000).is_over(1000)


def test_what_is_long_has_to_wait() -> None:
    clock = Clock()
    rest = worked(clock, 10.0, 1000)
    clock.now += TIMES * 10.0 - 0.5
    assert not rest.is_over(1000)
    assert not rest.is_over(5000)
    clock.now += 0.5
    assert rest.is_over(1000)


def test_after_a_batch_it_need_not() -> None:
    """Little waits then, and it costs little: what the batch left behind is wiped soon (section 6)."""
    clock = Clock()
    rest = worked(clock, 10.0, 1000)
    assert rest.is_over(0)
    clock.now += TIMES * 10.0 / 100
    assert rest.is_over(10)


def test_it_never_waits_for_ever() -> None:
    clock = Clock()
    rest = worked(clock, 10_000.0, 1000)
    clock.now += LONGEST_SECONDS
    assert rest.is_over(10**6)


def test_sender_who_withdraws_takes_a_share() -> None:
    """An hour of withdrawals while one takes eight seconds: a twentieth of the time. The twin: without a rest, a fifth."""
    for rests, least, most in ((True, 0.03, 0.06), (False, 0.2, 0.25)):
        clock = Clock()
        rest, spent = Rest(clock), 0.0
        while clock.now < 1000.0 + 3600:
            if rest.is_over(100_000) or not rests:
                with rest.worked(100_000):
                    clock.now += 8.0
                    spent += 8.0
            clock.now += 30.0  # the publisher's next pass
        assert least < spent / 3600 < most


@pytest.mark.postgresql
async def test_tables_are_left_alone_meanwhile(intake: Intake, asked: MadeCall) -> None:
    """PostgreSQL gives a table that was written anew a new file: there is none during the rest, and one after a batch."""
    if intake.service.settings.sqlite_path is not None:
        return
    await intake.service.database.write(partial(add_call, stored=asked.stored))
    await intake.service.database.write(partial(accept, stored=asked.stored, report=asked.quick(1), began=monotonic()))
    database = PostgresqlDatabase(intake.service.settings.database_url, rest=Rest(Clock(step=FREE_SECONDS + 1)))

    async def file() -> str:
        return str(await database.read(lambda c: c.execute(text("SELECT pg_relation_filepath('pending_reports')")).scalar_one()))

    try:
        first = await file()
        assert await database.scrub() is True
        second = await file()
        assert await database.scrub() is False
        assert (second != first, await file() == second) == (True, True)
        for table in (models.pending_envelopes, models.pending_reports):
            await database.write(lambda connection, table=table: connection.execute(delete(table)) and None)  # type: ignore[misc]
        assert await database.scrub() is True
        assert await file() != second
    finally:
        await database.close()
