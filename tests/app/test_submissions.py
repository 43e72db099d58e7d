"""Accepting a sealed report: the order of format.md section 5, its promise, and the deadline of section 9."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
from sqlalchemy import Connection, select

from app import models
from app.dialect import statement_sqlite
from app.errors import ClosedError, DuplicateError, NotOpenError, WithdrawnError
from app.receipts import withdraw
from app.submissions import LOOK_UP, SealedReport, accept, require_on_time
from crypto.envelope import PREFIX
from crypto.receipts import Receipt
from tests.app.made import Intake, MadeCall, PublicCall, leaf_of
from tests.app.working import worked

pytestmark = pytest.mark.anyio


def explain(connection: Connection, statement: str, values: tuple[object, ...]) -> list[str]:
    return [str(row.detail) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]


async def take(intake: Intake, call: MadeCall, report: SealedReport, *, ago: float = 0.0) -> int:
    """Accept a report whose request began `ago` seconds ago."""
    return await intake.service.database.write(partial(accept, stored=call.stored, report=report, began=time.monotonic() - ago))


async def stored_envelope(intake: Intake, digest: bytes) -> bytes:
    parts = models.pending_envelopes
    chosen = select(parts.c.bytes).where(parts.c.digest == digest).order_by(parts.c.part)
    return b"".join(await intake.service.database.read(lambda connection: list(connection.execute(chosen).scalars())))


async def test_promise_names_leaf(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    body = asked.body()
    answer = await intake.post(asked, body)
    assert answer.status_code == 201
    assert answer.headers["content-type"].startswith("text/plain")
    promise = asked.promise(answer.content)
    assert promise.leaf_hash == leaf_of(body)
    assert promise.publish_by == asked.stored.call.close + 3600


@pytest.mark.parametrize("size", [100, 200_000], ids=["in memory", "spooled"])
async def test_envelope_is_kept_whole(intake: Intake, asked: MadeCall, size: int) -> None:
    await intake.add(asked)
    body = asked.body(files=(b"x" * size,))
    assert (await intake.post(asked, body)).status_code == 201
    report = asked.sealed()
    assert await stored_envelope(intake, report.digest) == b""
    digest = await intake.service.database.read(lambda c: c.execute(select(models.pending_reports.c.digest)).scalar_one())
    assert await stored_envelope(intake, digest) == body[32:]


async def test_retry_gives_same_promise(intake: Intake, hasty: MadeCall) -> None:
    await intake.add(hasty)
    body = hasty.body()
    first = await intake.post(hasty, body)
    await intake.cut(hasty)
    again = await intake.post(hasty, body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content


@pytest.mark.parametrize("published", [False, True], ids=["pending", "published"])
@pytest.mark.parametrize("same", ["handle", "digest"])
async def test_half_the_same_is_duplicate(intake: Intake, hasty: MadeCall, same: str, published: bool) -> None:
    await intake.add(hasty)
    one, other = hasty.quick(1), hasty.quick(2)
    await take(intake, hasty, one)
    if published:
        await intake.cut(hasty)
    handle = one.handle if same == "handle" else other.handle
    digest = one.digest if same == "digest" else other.digest
    with pytest.raises(DuplicateError):
        await take(intake, hasty, SealedReport(handle, digest, other.size, other.parts))


async def test_same_after_withdrawal(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    receipt = Receipt.generate()
    report = asked.sealed(receipt)
    await take(intake, asked, report)
    await intake.service.database.write(partial(withdraw, stored=asked.stored, secret=receipt.withdraw(asked.id, 0)))
    with pytest.raises(WithdrawnError):
        await take(intake, asked, report)


async def test_many_at_once_all_kept(intake: Intake, asked: MadeCall) -> None:
    """Every one of 60 concurrent posts, each sent twice, gets one promise and stands once in the store."""
    await intake.add(asked)
    bodies = [asked.body() for _ in range(30)]
    answers = await asyncio.gather(*(intake.post(asked, body) for body in bodies * 2))
    assert {answer.status_code for answer in answers} == {201}
    assert {asked.promise(answer.content).leaf_hash for answer in answers} == {leaf_of(body) for body in bodies}
    count = await intake.service.database.read(lambda c: len(c.execute(select(models.pending_reports.c.digest)).all()))
    assert count == 30


async def test_conflicting_twins_one_wins(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    receipt = Receipt.generate()
    answers = await asyncio.gather(*(intake.post(asked, asked.body(receipt, text=str(i))) for i in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


@pytest.mark.parametrize(
    ("mangle", "status", "code"),
    [
        pytest.param(lambda body: body[:-1], 400, "size", id="a byte short"),
        pytest.param(lambda body: body + b"\0", 400, "size", id="a byte long"),
        pytest.param(lambda _body: b"", 400, "size", id="empty"),
        pytest.param(lambda body: body + bytes(2**19), 400, "size", id="far too long"),
        pytest.param(lambda body: body[:32] + b"age-encryption.org/v2" + body[53:], 400, "prefix", id="another version"),
        pytest.param(lambda body: body[: 32 + len(PREFIX) - 1] + b"x" + body[32 + len(PREFIX) :], 400, "prefix", id="last byte of prefix"),
    ],
)
@pytest.mark.parametrize("announced", [True, False], ids=["content-length", "chunked"])
async def test_wrong_shape_is_refused(
    intake: Intake, asked: MadeCall, mangle: Callable[[bytes], bytes], status: int, code: str, announced: bool
) -> None:
    await intake.add(asked)
    body = mangle(asked.body())

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, min(len(body), 400), 20):
            yield body[start : start + 20]
        yield body[400:]

    answer = await intake.client.post(f"/calls/{asked.id}/reports", content=body if announced else pieces())
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_unknown_call_is_refused(intake: Intake, asked: MadeCall) -> None:
    answer = await intake.post(asked, asked.body())
    assert (answer.status_code, answer.json()["code"]) == (404, "wrong-call")


async def test_not_open_yet(intake: Intake, make_call: PublicCall) -> None:
    soon = make_call(opens=int(time.time()) + 3600)
    await intake.add(soon)
    answer = await intake.post(soon, soon.body())
    assert (answer.status_code, answer.json()["code"]) == (403, "not-open")


async def test_late_is_refused(intake: Intake, make_call: PublicCall) -> None:
    over = make_call(deadline=int(time.time()) - 1, grace_seconds=600)
    await intake.add(over)
    answer = await intake.post(over, over.body())
    assert (answer.status_code, answer.json()["code"]) == (403, "closed")


async def test_began_in_time_ends_in_grace(intake: Intake, make_call: PublicCall) -> None:
    over = make_call(deadline=int(time.time()) - 5, grace_seconds=600)
    await intake.add(over)
    assert await take(intake, over, over.quick(1), ago=30.0) == over.stored.call.close
    with pytest.raises(ClosedError):
        await take(intake, over, over.quick(2), ago=1.0)


async def test_nothing_after_grace(intake: Intake, make_call: PublicCall) -> None:
    over = make_call(deadline=int(time.time()) - 5, grace_seconds=2)
    await intake.add(over)
    with pytest.raises(ClosedError):
        await take(intake, over, over.quick(1), ago=30.0)


async def test_kept_report_outlives_deadline(intake: Intake, make_call: PublicCall) -> None:
    """The same bytes get the same promise at any time, before the deadline is even looked at."""
    over = make_call(deadline=int(time.time()) - 5, grace_seconds=600)
    await intake.add(over)
    report = over.quick(1)
    first = await take(intake, over, report, ago=30.0)
    assert await take(intake, over, report) == first


async def test_database_alone_refuses(intake: Intake, make_call: PublicCall) -> None:
    """The trigger's refusal is `closed` too, when the service's own check did not see it coming."""
    over = make_call(deadline=int(time.time()) - 5, grace_seconds=2)
    await intake.add(over)
    believing = make_call(deadline=int(time.time()) + 600)  # what the service would believe if its call were another
    with pytest.raises(ClosedError):
        await take(intake, believing, over.quick(1))


@pytest.mark.parametrize(
    ("now", "began", "error"),
    [
        (999, 999, NotOpenError),
        (1000, 1000, None),
        (5000, 1999, None),
        (1999, 1999, None),
        (2000, 2000, ClosedError),
        (2000, 1999, None),
        (11_999, 1999, None),
        (12_000, 1999, ClosedError),
        (1500, 2000, ClosedError),
    ],
)
def test_one_millisecond_either_side(make_call: PublicCall, now: int, began: int, error: type[Exception] | None) -> None:
    call = make_call(opens=1, deadline=2, grace_seconds=10)
    if error is None:
        require_on_time(call.stored, now_ms=now, began_ms=began)
    else:
        with pytest.raises(error):
            require_on_time(call.stored, now_ms=now, began_ms=began)


async def hold_slot(intake: Intake, until: asyncio.Event) -> None:
    async with intake.service.uploads.enter():
        await until.wait()


async def test_busy_when_no_slot(intake: Intake, asked: MadeCall) -> None:
    """With every slot taken and every place to wait as well, the next one is told, whatever work was done; and nothing is lost."""
    await intake.add(asked)
    uploads, slots, done = intake.service.uploads, intake.service.settings.max_concurrent_uploads, asyncio.Event()
    everybody = [asyncio.create_task(hold_slot(intake, done)) for _ in range(slots + 4 * slots)]
    while uploads.waiting < 4 * slots:
        await asyncio.sleep(0)
    body = asked.body()
    asked_for = await intake.post(asked, body)
    assert (asked_for.status_code, asked_for.json()["code"]) == (503, "work")
    refused = await intake.post(asked, body, worked(asked.id, asked_for.json(), body[:32], bits=18))
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert int(refused.headers["retry-after"]) > 0
    done.set()
    await asyncio.gather(*everybody)
    assert (await intake.post(asked, body)).status_code == 201


async def test_cost_does_not_grow(intake: Intake, asked: MadeCall) -> None:
    """Looking for a report that is already here is a look into an index, however many there are."""
    if intake.service.settings.sqlite_path is None:
        return  # a planner of another kind: it decides by the size of a table
    await intake.add(asked)
    asked_for = statement_sqlite(LOOK_UP, ("handles", "digests"), 4)
    plan = await intake.service.database.read(partial(explain, statement=asked_for, values=(asked.id, *[bytes(32)] * 8)))
    searches = [line for line in plan if line.startswith("SEARCH")]
    assert len(searches) == 5
    assert [line for line in searches if "AND" not in line] == ["SEARCH logs USING PRIMARY KEY (call=?)"]
    assert [line for line in plan if line.startswith("SCAN") and ("reports" in line or "logs" in line)] == []
