"""What comes back after a server was lost: all of the backup, none of what was withdrawn since, and one history (format.md 7 and 8)."""

from functools import partial
from pathlib import Path

import pytest

from app import cli, schema
from app.bundles import unlogged_withdrawals
from app.errors import CallExistsError, SchemaError, UnknownCallError
from app.inspection import inspect_log
from app.logstate import LogState
from app.receipts import withdraw
from app.restores import PublicLog, restore_backup
from crypto.entries import frame, unframe
from crypto.errors import CryptoError, EnvelopeMissingError, LogEntryError, LogInconsistentError, SignatureError
from crypto.notes import Checkpoint
from crypto.receipts import Receipt
from tests.app.made import Intake, MadeCall, PublicCall
from tests.app.test_backups import back_up, fill, rows_of
from tests.app.test_bundles import bundle_of, publish_all, send

pytestmark = pytest.mark.anyio


def state_of(intake: Intake) -> LogState:
    return LogState(intake.service.settings.log_state_dir)


async def lose(intake: Intake) -> None:
    """The database is gone; an empty one stands in its place."""
    await intake.service.database.write(partial(schema.downgrade, revision="base"))


async def restore(intake: Intake, path: Path, *public: PublicLog, trust_backup: bool = False) -> int:
    return await restore_backup(intake.service.database, state_of(intake), path, public, trust_backup=trust_backup)


async def inspect(intake: Intake, call: MadeCall) -> None:
    await intake.service.database.read(partial(inspect_log, stored=call.stored, state=state_of(intake)))


async def public_log(intake: Intake, call: MadeCall) -> PublicLog:
    """What a watcher keeps."""
    answers = [await intake.client.get(f"/calls/{call.id}/log/{name}") for name in ("entries", "checkpoint")]
    return PublicLog(answers[0].content, answers[1].content)


async def withdraw_and_publish(intake: Intake, call: MadeCall, receipt: Receipt) -> None:
    await intake.service.database.write(partial(withdraw, stored=call.stored, secret=receipt.withdraw(call.id, 0)))
    await publish_all(intake, call)


async def lost_after_withdrawal(intake: Intake, call: MadeCall, out: Path) -> tuple[bytes, PublicLog]:
    """A report is backed up while it waits, withdrawn and published, and the database lost; its envelope, and what the public has."""
    await fill(intake, call)
    receipt = Receipt.generate()
    body = call.body(receipt)
    assert (await intake.post(call, body)).status_code == 201
    await back_up(intake, out)
    await withdraw_and_publish(intake, call, receipt)
    public = await public_log(intake, call)
    await lose(intake)
    return body[32:], public


async def holds(intake: Intake, envelope: bytes) -> bool:
    rows = await intake.service.database.read(rows_of)
    return any(envelope[-64:] in bytes(row[3]) for name in ("envelopes", "pending_envelopes") for row in rows[name])


async def test_all_of_it_comes_back(intake: Intake, hasty: MadeCall, asked: MadeCall, tmp_path: Path) -> None:
    """Every row, a log that agrees with its state, and the same promise for who sends again."""
    await fill(intake, hasty)
    await intake.add(asked)
    body = asked.body()
    promise = (await intake.post(asked, body)).content
    await back_up(intake, tmp_path / "b")
    before = await intake.service.database.read(rows_of)
    await lose(intake)
    assert await restore(intake, tmp_path / "b") == 4
    assert await intake.service.database.read(rows_of) == before
    assert await intake.service.database.read(schema.missing_triggers) == ()
    for call in (hasty, asked):
        await inspect(intake, call)
    assert (await intake.post(asked, body)).content == promise


async def test_withdrawn_since_stays_gone(intake: Intake, hasty: MadeCall, tmp_path: Path) -> None:
    """The log is the public one again, and goes on from there."""
    envelope, public = await lost_after_withdrawal(intake, hasty, tmp_path / "b")
    await restore(intake, tmp_path / "b", public)
    assert not await holds(intake, envelope)
    await inspect(intake, hasty)
    assert await public_log(intake, hasty) == public
    await send(intake, hasty, Receipt.generate())
    await publish_all(intake, hasty)
    await inspect(intake, hasty)
    longer = unframe((await public_log(intake, hasty)).framed)
    assert longer[: len(unframe(public.framed))] == unframe(public.framed)
    outcomes = [outcome.outcome for outcome in (await bundle_of(intake, hasty)).outcomes]
    assert sorted(outcomes) == ["time-unproven"] * 4 + ["withdrawn"] * 2


async def test_behind_the_state_is_refused(intake: Intake, hasty: MadeCall, tmp_path: Path) -> None:
    """Not a row is left of a restore that would have brought back what was withdrawn."""
    _, public = await lost_after_withdrawal(intake, hasty, tmp_path / "b")
    with pytest.raises(LogInconsistentError, match="--entries"):
        await restore(intake, tmp_path / "b")
    assert await intake.service.database.read(schema.version) is None
    assert await restore(intake, tmp_path / "b", public) == 3


async def withdrawn_and_waiting(intake: Intake, call: MadeCall, out: Path) -> tuple[bytes, bytes, PublicLog]:
    """Backed up, then withdrawn but in no batch yet, exported, and lost: the envelope, the bundle's log/pending, and the public log."""
    await intake.add(call)
    receipt = Receipt.generate()
    body = call.body(receipt)
    assert (await intake.post(call, body)).status_code == 201
    await publish_all(intake, call)
    await back_up(intake, out)
    await intake.service.database.write(partial(withdraw, stored=call.stored, secret=receipt.withdraw(call.id, 0)))
    log = unframe((await public_log(intake, call)).framed)
    pending = await intake.service.database.read(lambda connection: frame(unlogged_withdrawals(connection, call.id, log)))
    assert unframe(pending)
    public = await public_log(intake, call)
    await lose(intake)
    return body[32:], pending, public


async def test_waiting_withdrawal_is_not_lost(intake: Intake, hasty: MadeCall, tmp_path: Path) -> None:
    """The bundle's log/pending has it: nothing of the report comes back, and the log gets its withdrawal, as was promised."""
    envelope, pending, public = await withdrawn_and_waiting(intake, hasty, tmp_path / "b")
    state = state_of(intake)
    for broken, error in ((pending[:-1], CryptoError), (frame([unframe(public.framed)[0]]), LogEntryError)):
        with pytest.raises(error):
            await restore_backup(intake.service.database, state, tmp_path / "b", [public], pending=[broken])
    assert await restore_backup(intake.service.database, state, tmp_path / "b", [public], pending=[pending, pending]) == 0
    assert not await holds(intake, envelope)
    await inspect(intake, hasty)
    await publish_all(intake, hasty)
    assert [outcome.outcome for outcome in (await bundle_of(intake, hasty)).outcomes] == ["withdrawn"]


async def test_without_pending_it_is_lost(intake: Intake, hasty: MadeCall, tmp_path: Path) -> None:
    """The twin: the public log alone does not know of it."""
    envelope, _, public = await withdrawn_and_waiting(intake, hasty, tmp_path / "b")
    assert await restore(intake, tmp_path / "b", public) == 1
    assert await holds(intake, envelope)


async def test_lost_state_comes_from_the_public(intake: Intake, hasty: MadeCall, tmp_path: Path) -> None:
    _, public = await lost_after_withdrawal(intake, hasty, tmp_path / "b")
    (intake.service.settings.log_state_dir / "hasty.state").unlink()
    with pytest.raises(LogInconsistentError, match="--entries"):
        await restore(intake, tmp_path / "b")
    await restore(intake, tmp_path / "b", public)
    await inspect(intake, hasty)


async def test_trusted_backup_brings_it_back(intake: Intake, hasty: MadeCall, tmp_path: Path) -> None:
    """The twin: with the guard put aside by the operator, what was withdrawn is here again."""
    envelope, _ = await lost_after_withdrawal(intake, hasty, tmp_path / "b")
    (intake.service.settings.log_state_dir / "hasty.state").unlink()
    await restore(intake, tmp_path / "b", trust_backup=True)
    assert await holds(intake, envelope)
    await inspect(intake, hasty)


async def test_waiting_one_is_found_published(intake: Intake, hasty: MadeCall, tmp_path: Path) -> None:
    """It waited when the backup was made and was published since: its envelope moves to its place in the log."""
    await intake.add(hasty)
    body = hasty.body()
    await intake.post(hasty, body)
    await back_up(intake, tmp_path / "b")
    await publish_all(intake, hasty)
    public = await public_log(intake, hasty)
    await lose(intake)
    assert await restore(intake, tmp_path / "b", public) == 1
    await inspect(intake, hasty)
    assert (await bundle_of(intake, hasty)).read_envelope((await bundle_of(intake, hasty)).outcomes[0].digest) == body[32:]
    assert (await intake.service.database.read(rows_of))["pending_reports"] == []


async def test_lost_one_is_told(intake: Intake, hasty: MadeCall, tmp_path: Path) -> None:
    """A report that came after the backup keeps its place in the log, and `check` says that its envelope is missing."""
    await intake.add(hasty)
    await back_up(intake, tmp_path / "b")
    await send(intake, hasty, Receipt.generate())
    await publish_all(intake, hasty)
    public = await public_log(intake, hasty)
    await lose(intake)
    assert await restore(intake, tmp_path / "b", public) == 0
    with pytest.raises(EnvelopeMissingError):
        await inspect(intake, hasty)
    assert [outcome.outcome for outcome in (await bundle_of(intake, hasty)).outcomes] == ["missing"]


async def test_only_the_signed_log_counts(intake: Intake, hasty: MadeCall, make_call: PublicCall, tmp_path: Path) -> None:
    """Entries that are cut short, signed by another, or another call's are refused, and nothing is restored."""
    _, public = await lost_after_withdrawal(intake, hasty, tmp_path / "b")
    entries = unframe(public.framed)
    other = make_call(call="other")
    forged = other.log_key.sign(Checkpoint(hasty.stored.call.origin, len(entries), bytes(32)).text())
    cases: list[tuple[PublicLog, type[Exception]]] = [
        (PublicLog(frame(entries[:-1]), public.note), LogInconsistentError),
        (PublicLog(public.framed[:-1], public.note), CryptoError),
        (PublicLog(b"", public.note), CryptoError),
        (PublicLog(public.framed, forged), SignatureError),
        (PublicLog(frame([entries[0].replace(hasty.stored.sha256.hex().encode(), b"0" * 64)]), public.note), UnknownCallError),
    ]
    for log, error in cases:
        with pytest.raises(error):
            await restore(intake, tmp_path / "b", log)
        assert await intake.service.database.read(schema.version) is None


async def test_only_into_an_empty_place(intake: Intake, asked: MadeCall, tmp_path: Path) -> None:
    await intake.add(asked)
    await back_up(intake, tmp_path / "b")
    before = await intake.service.database.read(rows_of)
    with pytest.raises(CallExistsError):
        await restore(intake, tmp_path / "b")
    assert await intake.service.database.read(rows_of) == before


async def test_only_a_whole_backup(intake: Intake, asked: MadeCall, tmp_path: Path) -> None:
    await intake.add(asked)
    await back_up(intake, tmp_path / "b")
    await lose(intake)
    content = (tmp_path / "b").read_bytes()
    for name, broken in (("empty", b""), ("text", b"words " * 2000), ("short", content[: len(content) // 2])):
        (tmp_path / name).write_bytes(broken)
        with pytest.raises(SchemaError):
            await restore(intake, tmp_path / name)
    assert await restore(intake, tmp_path / "b") == 0


@pytest.mark.usefixtures("postgresql_emptied")
def test_commands_there_and_back(
    environment: dict[str, str],
    hasty: MadeCall,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Into a SQLite file, whichever database it was made from, with the state and the key of the old server."""
    assert [cli.run(["migrate"]), cli.run(["call", "add", str(hasty.folder)]), cli.run(["backup", str(tmp_path / "b")])] == [0, 0, 0]
    assert cli.run(["restore", str(tmp_path / "b")]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: duplicate: ")
    monkeypatch.setenv("SAKSEI_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/anew/intake.db")
    assert cli.run(["restore", str(tmp_path / "b"), "--entries", str(tmp_path / "b")]) == 2
    assert cli.run(["restore", str(tmp_path / "b")]) == 0
    assert cli.run(["check"]) == 0
