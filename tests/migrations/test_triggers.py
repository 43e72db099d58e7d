"""What the database refuses by itself, asked in raw SQL; and that it is the trigger which refuses (format.md section 9)."""

import time
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app import models, schema
from app.database import Database
from app.dialect import is_sqlite, refused_by_trigger

pytestmark = pytest.mark.anyio

HOUR = 3600


def call_row(call: str, opens: int, closes: int, ends: int) -> dict[str, Any]:
    now = int(time.time())
    times = {"opens": now + opens, "closes": now + closes, "ends": now + ends}
    return {"id": call, "document": b"d", "sums": b"s", "signature": b"m", **times}


def add(connection: Connection, call: str, *, opens: int = -HOUR, closes: int = HOUR, ends: int = 2 * HOUR, closed: bool = False) -> None:
    connection.execute(models.calls.insert(), call_row(call, opens, closes, ends))
    connection.execute(models.logs.insert(), {"call": call, "size": 1, "frontier": b"f", "cut": 0, "closed": closed})
    connection.execute(models.entries.insert(), {"call": call, "position": 0, "entry": b"e"})


def insert_report(connection: Connection, call: str, *, table: str = "pending_reports") -> None:
    statement = f"INSERT INTO {table} (call, digest, handle, batch) VALUES (:call, :digest, :handle, 0)"  # noqa: S608 -- a fixed word
    connection.execute(text(statement), {"call": call, "digest": bytes(32), "handle": bytes(32)})


def insert_withdrawal(connection: Connection, call: str) -> None:
    statement = "INSERT INTO pending_withdrawals (call, handle, secret, batch) VALUES (:call, :handle, :handle, 0)"
    connection.execute(text(statement), {"call": call, "handle": bytes(32)})


def drop(connection: Connection, name: str, table: str) -> None:
    connection.execute(text(f"DROP TRIGGER {name}{'' if is_sqlite(connection) else f' ON {table}'}"))


async def refused(database: Database, job: Any) -> bool:
    """Whether a trigger refuses what `job` does; anything else that goes wrong is an error of the test."""
    try:
        await database.write(job)
    except DBAPIError as error:
        if not refused_by_trigger(error):
            raise
        return True
    return False


LATE = {
    "not open yet": {"opens": 5, "closes": HOUR},
    "over": {"closes": 0},
    "over for long": {"closes": -HOUR},
    "closed, whatever the clock says": {"closed": True},
}


@pytest.mark.parametrize("times", LATE.values(), ids=LATE.keys())
async def test_late_report_is_refused(migrated: Database, times: dict[str, Any]) -> None:
    await migrated.write(lambda c: add(c, "asked", **times))
    assert await refused(migrated, lambda c: insert_report(c, "asked"))


@pytest.mark.parametrize("times", LATE.values(), ids=LATE.keys())
async def test_without_trigger_it_gets_in(migrated: Database, times: dict[str, Any]) -> None:
    """The twin: it is the trigger that refuses, and nothing else does."""
    await migrated.write(lambda c: add(c, "asked", **times))
    await migrated.write(lambda c: drop(c, "pending_reports_are_on_time", "pending_reports"))
    assert not await refused(migrated, lambda c: insert_report(c, "asked"))
    assert await migrated.read(schema.missing_triggers) == ("pending_reports_are_on_time",)
    assert not await migrated.write(schema.refuses_late_rows)


async def test_report_on_time_gets_in(migrated: Database) -> None:
    await migrated.write(lambda c: add(c, "asked"))
    assert not await refused(migrated, lambda c: insert_report(c, "asked"))
    assert await migrated.write(schema.refuses_late_rows)


async def test_it_turns_by_the_second(migrated: Database) -> None:
    """The same transaction would take it a moment before and refuses it when the clock of the database has passed the close."""
    await migrated.write(lambda c: add(c, "asked", closes=2))

    def wait_and_insert(connection: Connection) -> None:
        time.sleep(2.1)  # inside the transaction: PostgreSQL's now() would still be before the close
        insert_report(connection, "asked")

    assert await refused(migrated, wait_and_insert)


async def test_published_only_out_of_pending(migrated: Database) -> None:
    await migrated.write(lambda c: add(c, "asked"))
    assert await refused(migrated, lambda c: insert_report(c, "asked", table="reports"))
    await migrated.write(lambda c: insert_report(c, "asked"))
    assert not await refused(migrated, lambda c: insert_report(c, "asked", table="reports"))


async def test_withdrawal_until_retention_ends(migrated: Database) -> None:
    await migrated.write(lambda c: add(c, "open", closes=-HOUR, ends=HOUR))
    await migrated.write(lambda c: add(c, "over", closes=-HOUR, ends=0))
    assert not await refused(migrated, lambda c: insert_withdrawal(c, "open"))
    assert await refused(migrated, lambda c: insert_withdrawal(c, "over"))


FIXED = {
    "deadline": "UPDATE calls SET closes = closes + 3600",
    "call": "UPDATE calls SET document = 'x'",
    "retention, with a mended form": "UPDATE calls SET form = 'x', ends = ends + 1",
    "entry": "UPDATE entries SET entry = 'x'",
    "entry's place": "DELETE FROM entries",
    "close": "UPDATE logs SET closed = (1 = 0)",
    "size": "UPDATE logs SET size = size - 1",
    "pending report": "UPDATE pending_reports SET batch = batch + 1",
}


@pytest.mark.parametrize("statement", FIXED.values(), ids=FIXED.keys())
async def test_what_is_fixed_stays(migrated: Database, statement: str) -> None:
    await migrated.write(lambda c: add(c, "asked"))
    await migrated.write(lambda c: insert_report(c, "asked"))
    await migrated.write(lambda c: c.execute(text("UPDATE logs SET closed = (1 = 1)")) and None)
    assert await refused(migrated, lambda c: c.execute(text(statement)))


async def test_a_form_can_be_mended(migrated: Database) -> None:
    await migrated.write(lambda c: add(c, "asked"))
    assert not await refused(migrated, lambda c: c.execute(text("UPDATE calls SET sums = 'x', signature = 'x', form = 'x'")))


@pytest.mark.parametrize("column", ["digest", "handle"])
async def test_hashes_have_32_bytes(migrated: Database, column: str) -> None:
    await migrated.write(lambda c: add(c, "asked"))
    row = {"call": "asked", "digest": bytes(32), "handle": bytes(32), "batch": 0, column: bytes(31)}
    with pytest.raises(DBAPIError):
        await migrated.write(lambda c: c.execute(models.pending_reports.insert(), row))


async def test_unknown_call_is_refused(migrated: Database) -> None:
    with pytest.raises(DBAPIError):
        await migrated.write(lambda c: insert_report(c, "nobody"))
