"""`check` notices what is broken: each guard is broken on purpose, and the check that must see it fails (house.md)."""

import asyncio
import time
from functools import partial

import pytest
from sqlalchemy import Connection, delete, text, update

from app import models, schema
from app.check import DURABLE, FORGETFUL, check_service, judge_settings
from app.logstate import LogState, empty_log
from app.publishing import cut_batch, entries_between, log_size
from app.receipts import withdraw
from app.service import Service, build_service
from app.submissions import accept
from crypto.receipts import Receipt
from tests.app.made import Intake, MadeCall, PublicCall

pytestmark = pytest.mark.anyio


async def failing(service: Service) -> list[str]:
    return [finding.name for finding in await check_service(service) if not finding.holds]


async def run(intake: Intake, *statements: str) -> None:
    def execute(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))

    await intake.service.database.write(execute)


async def drop_trigger(intake: Intake, name: str, table: str) -> None:
    on = "" if intake.service.settings.sqlite_path is not None else f" ON {table}"
    await run(intake, f"DROP TRIGGER {name}{on}")


@pytest.fixture
async def published(intake: Intake, hasty: MadeCall) -> Intake:
    """A call with three reports in its log, one of them withdrawn, and one that waits."""
    await intake.add(hasty)
    receipts = [Receipt.generate() for _ in range(3)]
    for receipt in receipts:
        job = partial(accept, stored=hasty.stored, report=hasty.sealed(receipt), began=time.monotonic())
        await intake.service.database.write(job)
    await intake.service.database.write(partial(withdraw, stored=hasty.stored, secret=receipts[0].withdraw(hasty.id, 0)))
    while (await intake.service.database.read(partial(log_size, call_id=hasty.id))).waiting:
        await asyncio.sleep(0.1)
        assert await intake.service.publisher.publish()
    return intake


async def test_all_holds(published: Intake) -> None:
    findings = await check_service(published.service)
    assert [finding.sentence for finding in findings if not finding.holds] == []
    assert "log of hasty" in [finding.name for finding in findings]


async def test_all_holds_while_some_wait(published: Intake, hasty: MadeCall) -> None:
    job = partial(accept, stored=hasty.stored, report=hasty.quick(9), began=time.monotonic())
    await published.service.database.write(job)
    assert await failing(published.service) == []


async def test_empty_database_is_told(intake: Intake) -> None:
    await intake.service.database.write(partial(schema.downgrade, revision="base"))
    assert await failing(intake.service) == ["migrations"]


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("pending_reports_are_on_time", "pending_reports"),
        ("pending_withdrawals_are_on_time", "pending_withdrawals"),
        ("entries_stay", "entries"),
        ("calls_are_fixed", "calls"),
    ],
)
async def test_dropped_trigger_is_noticed(published: Intake, name: str, table: str) -> None:
    await drop_trigger(published, name, table)
    assert await failing(published.service) == ["migrations"]


async def test_hollow_trigger_is_noticed(published: Intake) -> None:
    """A trigger of the right name that refuses nothing: the trial with a late row finds out."""
    await drop_trigger(published, "pending_reports_are_on_time", "pending_reports")
    if published.service.settings.sqlite_path is not None:
        await run(published, "CREATE TRIGGER pending_reports_are_on_time BEFORE INSERT ON pending_reports BEGIN SELECT 1; END")
    else:
        await run(
            published,
            "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
            "CREATE TRIGGER pending_reports_are_on_time BEFORE INSERT ON pending_reports FOR EACH ROW EXECUTE FUNCTION nothing()",
        )
    assert await failing(published.service) == ["late rows"]
    if published.service.settings.sqlite_path is None:
        await run(published, "DROP FUNCTION nothing CASCADE")


async def test_switched_off_trigger_is_noticed(published: Intake) -> None:
    if published.service.settings.sqlite_path is not None:
        return  # SQLite has no way to switch one off
    await run(published, "ALTER TABLE pending_reports DISABLE TRIGGER pending_reports_are_on_time")
    assert await failing(published.service) == ["migrations"]


async def test_changed_table_is_noticed(published: Intake) -> None:
    await run(published, "ALTER TABLE batches ADD COLUMN arrived bigint")
    assert await failing(published.service) == ["migrations"]


async def test_lost_envelope_is_noticed(published: Intake) -> None:
    await published.service.database.write(lambda c: c.execute(delete(models.envelopes)) and None)
    assert await failing(published.service) == ["log of hasty"]


async def test_lost_report_is_noticed(published: Intake) -> None:
    await published.service.database.write(lambda c: c.execute(delete(models.reports)) and None)
    assert await failing(published.service) == ["log of hasty"]


async def test_withdrawn_envelope_is_noticed(published: Intake) -> None:
    def bring_back(connection: Connection) -> None:
        digest = connection.execute(text("SELECT digest FROM reports WHERE handle IN (SELECT handle FROM withdrawals)")).scalar_one()
        connection.execute(models.envelopes.insert(), {"call": "hasty", "digest": digest, "part": 0, "bytes": b"again"})

    await published.service.database.write(bring_back)
    assert await failing(published.service) == ["log of hasty"]


@pytest.mark.parametrize("change", [{"note": b"no note"}, {"root": bytes(32)}], ids=["checkpoint", "root"])
async def test_changed_batch_is_noticed(published: Intake, change: dict[str, bytes]) -> None:
    await published.service.database.write(lambda c: c.execute(update(models.batches).values(change)) and None)
    assert await failing(published.service) == ["log of hasty"]


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "damaged"])
async def test_state_is_held_against_the_log(published: Intake, lost: bool) -> None:
    state = published.service.settings.log_state_dir / "hasty.state"
    if lost:
        state.unlink()
    else:
        state.write_text(state.read_text().replace(state.read_text().splitlines()[1], "00" * 32))
    assert await failing(published.service) == ["log of hasty"]


async def test_host_that_lags_is_no_fault(published: Intake) -> None:
    """Where several hosts publish in turn, what one of them knows may be a pass old; it is a prefix of the log."""
    folder = published.service.settings.log_state_dir
    (folder / "hasty.state").unlink()
    first = await published.service.database.read(partial(entries_between, call_id="hasty", start=0, end=1))
    LogState(folder).write("hasty", empty_log().extended(first))
    assert await failing(published.service) == []


async def test_missing_key_is_noticed(published: Intake) -> None:
    (published.service.settings.log_key_dir / "hasty.key").unlink()
    fresh = build_service(published.service.settings)
    assert await failing(fresh) == ["log of hasty"]
    await fresh.database.close()


async def test_readable_key_is_noticed(published: Intake) -> None:
    (published.service.settings.log_key_dir / "hasty.key").chmod(0o644)
    assert await failing(published.service) == ["files"]


async def test_readable_database_is_noticed(published: Intake) -> None:
    path = published.service.settings.sqlite_path
    if path is None:
        return  # PostgreSQL's files are its own server's care
    path.chmod(0o640)
    assert await failing(published.service) == ["files"]


async def test_overdue_promise_is_noticed(intake: Intake, make_call: PublicCall) -> None:
    """Something that waits longer than was promised: nobody published for too long."""
    call = make_call(call="overdue", batch_seconds=1)
    await intake.add(call)
    row = {"call": "overdue", "digest": bytes(32), "handle": bytes(32), "batch": int(time.time()) - 3604}
    await intake.service.database.write(lambda c: c.execute(models.pending_reports.insert(), row) and None)
    ready = await intake.client.get("/readyz")
    assert (ready.status_code, ready.text) == (503, "promise-broken\n")
    assert await failing(intake.service) == ["log of overdue"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fsync", "off"),
        ("full_page_writes", "off"),
        ("archive_mode", "on"),
        ("wal_keep_size", "16"),
        ("track_commit_timestamp", "on"),
        ("log_statement", "all"),
        ("log_min_duration_statement", "0"),
    ],
)
async def test_careless_server_is_noticed(name: str, value: str) -> None:
    """A PostgreSQL that may lose what it committed, or writes down when somebody wrote; as it comes, it does neither (test_all_holds)."""
    careful = {setting: values[0] for setting, values in (DURABLE | FORGETFUL).items()} | {"max_wal_size": "1024"}
    assert judge_settings(careful).holds
    finding = judge_settings(careful | {name: value})
    assert not finding.holds
    assert name in finding.sentence


async def test_overdue_checkpoint_is_noticed(intake: Intake, make_call: PublicCall) -> None:
    """It stands in the log in time, and no checkpoint says so: whoever was promised that cannot see it."""
    call = make_call(call="overdue", batch_seconds=1)
    await intake.add(call)
    row = {"call": "overdue", "digest": bytes(32), "handle": bytes(32), "batch": int(time.time()) - 3604}
    await intake.service.database.write(lambda c: c.execute(models.pending_reports.insert(), row) and None)
    assert await intake.service.database.write(partial(cut_batch, stored=call.stored))
    ready = await intake.client.get("/readyz")
    assert (ready.status_code, ready.text) == (503, "promise-broken\n")
    assert await intake.service.publisher.publish()
    assert (await intake.client.get("/readyz")).status_code == 200


@pytest.mark.parametrize(
    ("url", "names"), [("http://form.example", ["addresses"]), ("https://form.example", []), ("http://localhost:1", [])]
)
async def test_public_address_is_https(published: Intake, url: str, names: list[str]) -> None:
    service = build_service(published.service.settings.model_copy(update={"public_url": url}))
    assert await failing(service) == names
    await service.database.close()
