"""When the time is up nothing sealed is left in any file of the database, and the log still proves what there was (format.md F7.6)."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, text

from app import cli, models
from app.backups import make_backup, opened, without_triggers
from app.calls import add_call
from app.errors import ClosedError, NotOpenError
from app.inspection import inspect_log
from app.logstate import LogState
from app.publishing import log_size
from app.receipts import Standing, standings, withdraw
from app.replies import load_round
from app.restores import PublicLog, restore_backup
from app.retention import Destroyed, destroy_call, destroy_rows
from app.submissions import SealedReport
from crypto.entries import unframe
from crypto.receipts import Receipt
from crypto.replies import build_round
from tests.app.test_arrival_order import files_of, server_folder
from tests.app.test_bundles import bundle_of
from tests.app.test_restores import lose

if TYPE_CHECKING:
    from pathlib import Path

    from questionnaire.models import Call
    from tests.app.made import Intake, MadeCall, PublicCall

__all__ = ["server_folder"]
pytestmark = pytest.mark.anyio

DAY = 86400
SECRETS = [bytes([number]) * 32 for number in range(6)]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/data/intake.db"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def over(make_call: PublicCall) -> MadeCall:
    """A call whose retention ended a minute ago."""
    deadline = int(time.time()) - DAY - 60
    return make_call(call="over", opens=deadline - 60, deadline=deadline, grace_seconds=1, retention_days=1)


def sealed(number: int, size: int = 9000) -> SealedReport:
    """A report of the right shape that can be found again; its writer's secret is SECRETS[number]."""
    envelope = hashlib.shake_256(b"sealed %d" % number).digest(size)
    handle = hashlib.sha256(SECRETS[number]).digest()
    return SealedReport(handle, hashlib.sha256(envelope).digest(), size, lambda: (envelope,))


def take(connection: Connection, call: MadeCall, reports: list[SealedReport]) -> None:
    """Rows as they were accepted in time: the triggers know that it is over now."""
    with without_triggers(connection):
        for report in reports:
            row = {"call": call.id, "digest": report.digest, "batch": call.stored.call.close}
            connection.execute(models.pending_reports.insert(), row | {"handle": report.handle})
            content = b"".join(report.parts())
            connection.execute(models.pending_envelopes.insert(), {"call": call.id, "digest": report.digest, "part": 0, "bytes": content})


def take_back(connection: Connection, call: MadeCall, number: int) -> None:
    """A withdrawal that was taken in the last hours of the retention time, and waits."""
    handle = hashlib.sha256(SECRETS[number]).digest()
    digest = connection.execute(text("SELECT digest FROM reports WHERE handle = :handle"), {"handle": handle}).scalar_one()
    row = {"call": call.id, "handle": handle, "secret": SECRETS[number], "batch": int(time.time()) + DAY}
    with without_triggers(connection):
        connection.execute(models.pending_withdrawals.insert(), row)
        connection.execute(models.envelopes.delete().where(models.envelopes.c.digest == digest))


async def fill(intake: Intake, call: MadeCall, *, withdrawn: bool = False) -> list[SealedReport]:
    """Five reports in the log, a round of replies, the close; of one report its withdrawal waits."""
    reports = [sealed(number) for number in range(5)]
    intake.service.keys.keep(call.stored.call, call.log_key)
    await intake.service.database.write(partial(add_call, stored=call.stored))
    await intake.service.database.write(partial(take, call=call, reports=reports))
    assert await intake.service.publisher.publish()
    round_ = build_round(call.id, sorted(report.handle for report in reports), {})
    load = partial(load_round, stored=call.stored, content=round_, signature=call.signing.sign(round_).encode())
    assert await intake.service.database.write(load) == 5
    if withdrawn:
        await intake.service.database.write(partial(take_back, call=call, number=0))
    return reports


async def destroy(intake: Intake, call: MadeCall) -> Destroyed:
    return await destroy_call(intake.service.database, intake.service.publisher, call.stored)


def traces(files: dict[str, bytes], reports: list[SealedReport]) -> int:
    """How many reports have a piece of their envelope somewhere in these files; any sixteen bytes of it, wherever a page ends."""
    whole = list(files.values())
    pieces = [[b"".join(report.parts())[at : at + 16] for at in range(0, 9000, 500)] for report in reports]
    return sum(any(piece in content for content in whole for piece in found) for found in pieces)


async def test_nothing_sealed_is_left(intake: Intake, over: MadeCall, asked: MadeCall, server_folder: Path) -> None:
    """In no file of the database, the journal included; another call's reports stay."""
    reports = await fill(intake, over)
    await intake.add(asked)
    assert (await intake.post(asked, body := asked.body())).status_code == 201
    assert traces(await files_of(intake, server_folder), reports) == 5, "the search must find them while they are there"
    assert await destroy(intake, over) == Destroyed(5, 5)
    files = await files_of(intake, server_folder)
    assert traces(files, reports) == 0
    assert any(body[-16:] in content for content in files.values())


async def test_deleted_is_not_destroyed(intake: Intake, over: MadeCall, server_folder: Path) -> None:
    """The twin: rows that were deleted as databases delete them are found, with the very same search."""
    reports = await fill(intake, over)
    path = intake.service.settings.sqlite_path
    if path is None:
        await intake.service.database.write(partial(destroy_rows, stored=over.stored))
    else:
        await intake.service.database.scrub()
        plain = sqlite3.connect(path)
        plain.execute("PRAGMA secure_delete = OFF")
        plain.execute("DELETE FROM envelopes")
        plain.commit()
        plain.close()
    assert traces(await files_of(intake, server_folder), reports) > 0


async def test_log_stays_provable(intake: Intake, over: MadeCall) -> None:
    """The last withdrawals come into the log, then its end; all of it is signed, and every reader agrees."""
    await fill(intake, over, withdrawn=True)
    before = unframe((await intake.client.get("/calls/over/log/entries")).content)
    assert await destroy(intake, over) == Destroyed(4, 5)
    entries = unframe((await intake.client.get("/calls/over/log/entries")).content)
    assert entries[: len(before)] == before
    assert [entry.split(b"\n")[1] for entry in entries[len(before) :]] == [b"withdraw", b"destroy"]
    await intake.service.database.read(partial(inspect_log, stored=over.stored, state=LogState(intake.service.settings.log_state_dir)))
    bundle = await bundle_of(intake, over)
    assert sorted(one.outcome for one in bundle.outcomes) == ["destroyed"] * 4 + ["withdrawn"]
    assert (await intake.client.get("/calls/over/replies/all")).status_code == 404


async def test_holder_is_told(intake: Intake, over: MadeCall) -> None:
    """Who looks for a report finds that it had arrived, and that it is destroyed."""
    receipt = Receipt.generate()
    report = replace(sealed(0), handle=receipt.handle(over.id, 0))
    intake.service.keys.keep(over.stored.call, over.log_key)
    await intake.service.database.write(partial(add_call, stored=over.stored))
    await intake.service.database.write(partial(take, call=over, reports=[report]))
    assert await intake.service.publisher.publish()
    look = partial(standings, call_id=over.id, receipt=receipt)
    assert await intake.service.database.read(look) == {0: Standing.PUBLISHED}
    await destroy(intake, over)
    assert await intake.service.database.read(look) == {0: Standing.DESTROYED}


async def test_again_changes_nothing(intake: Intake, over: MadeCall) -> None:
    await fill(intake, over)
    await destroy(intake, over)
    size = await intake.service.database.read(partial(log_size, call_id=over.id))
    assert await destroy(intake, over) == Destroyed(0, 0)
    assert await intake.service.database.read(partial(log_size, call_id=over.id)) == size
    assert (size.destroyed, size.waiting) == (True, 0)


async def test_nothing_comes_after(intake: Intake, over: MadeCall) -> None:
    """Neither a withdrawal nor a round of replies."""
    reports = await fill(intake, over)
    await destroy(intake, over)
    with pytest.raises(ClosedError):
        await intake.service.database.write(partial(withdraw, stored=over.stored, secret=SECRETS[1]))
    round_ = build_round(over.id, sorted(report.handle for report in reports), {})
    with pytest.raises(ClosedError):
        await intake.service.database.write(
            partial(load_round, stored=over.stored, content=round_, signature=over.signing.sign(round_).encode())
        )


async def test_end_stays_the_end(intake: Intake, make_call: PublicCall) -> None:
    """Destroyed while a clock ran ahead, and now it is right again: the log has ended all the same."""
    deadline = int(time.time()) - DAY + 60
    call = make_call(call="over", opens=deadline - 60, deadline=deadline, grace_seconds=1, retention_days=1)
    await fill(intake, call)
    await intake.service.database.write(partial(destroy_rows, stored=replace(call.stored, call=replace_deadline(call, deadline - 120))))
    with pytest.raises(ClosedError):
        await intake.service.database.write(partial(withdraw, stored=call.stored, secret=SECRETS[1]))


def replace_deadline(call: MadeCall, deadline: int) -> Call:
    """The call as it looks to who believes that it ended at another time."""
    return call.stored.call.model_copy(update={"deadline": deadline})


async def test_not_before_its_time(intake: Intake, make_call: PublicCall) -> None:
    """One minute too early, nothing is touched, and people can still withdraw."""
    deadline = int(time.time()) - DAY + 60
    call = make_call(call="over", opens=deadline - 60, deadline=deadline, grace_seconds=1, retention_days=1)
    await fill(intake, call)
    for attempt in (destroy(intake, call), intake.service.database.write(partial(destroy_rows, stored=call.stored))):
        with pytest.raises(NotOpenError):
            await attempt
    assert (await bundle_of(intake, call)).log.destroyed is False
    await intake.service.database.write(partial(withdraw, stored=call.stored, secret=SECRETS[1]))


async def test_old_backup_brings_nothing_back(intake: Intake, over: MadeCall, tmp_path: Path) -> None:
    """With the public log that has its end, neither reports nor replies of the call are restored."""
    reports = await fill(intake, over)
    await make_backup(intake.service.database, intake.service.settings.sqlite_path, tmp_path / "b")
    await destroy(intake, over)
    public = PublicLog(*[(await intake.client.get(f"/calls/over/log/{name}")).content for name in ("entries", "checkpoint")])
    await lose(intake)
    state = LogState(intake.service.settings.log_state_dir)
    assert await restore_backup(intake.service.database, state, tmp_path / "b", [public]) == 0
    left = await intake.service.database.read(sealed_rows)
    assert left == 0
    await intake.service.database.read(partial(inspect_log, stored=over.stored, state=state))
    with opened(tmp_path / "b") as source:
        assert sealed_rows(source) == 2 * len(reports) + 1, "the backup had them"


def sealed_rows(connection: Connection) -> int:
    tables = ("envelopes", "pending_envelopes", "pending_reports", "replies", "rounds")
    return sum(int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()) for name in tables)  # noqa: S608 -- our names


class Terminal:
    """What a person types, where there is a terminal."""

    def __init__(self, typed: str) -> None:
        self.lines = [typed + "\n"]

    def isatty(self) -> bool:
        return True

    def readline(self, *_: Any) -> str:
        return self.lines.pop(0) if self.lines else ""


@pytest.fixture
def ready(environment: dict[str, str], over: MadeCall, asked: MadeCall, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["migrate"], ["call", "add", str(over.folder)], ["call", "add", str(asked.folder)]):
        assert cli.run(arguments) == 0
    capsys.readouterr()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("ready")
def test_command_asks_first(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal nothing happens unless --yes is given, nor when something else is typed."""

    def states() -> list[str]:
        assert cli.run(["call", "list", "--json"]) == 0
        return [call["state"] for call in json.loads(capsys.readouterr().out)]

    with open(os.devnull) as nothing:  # noqa: PTH123
        monkeypatch.setattr("sys.stdin", nothing)
        assert cli.run(["destroy", "over"]) == 2
    monkeypatch.setattr("sys.stdin", Terminal("asked"))
    assert cli.run(["destroy", "over"]) == 2
    capsys.readouterr()
    assert states() == ["open", "closed"]
    monkeypatch.setattr("sys.stdin", Terminal("over"))
    assert cli.run(["destroy", "over"]) == 0
    assert "Not destroyed by this: backups" in capsys.readouterr().out
    assert states() == ["open", "destroyed"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("ready")
def test_command_to_the_end(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.run(["destroy", "asked", "--yes"]) == 1
    assert capsys.readouterr().err.startswith("error: not-open: ")
    assert cli.run(["destroy", "unknown", "--yes"]) == 1
    capsys.readouterr()
    for _ in range(2):
        assert cli.run(["destroy", "over", "--yes", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"call": "over", "envelopes": 0, "replies": 0}
    assert [cli.run(["export", "over", "--out", str(tmp_path / "x")]), cli.run(["check"])] == [0, 0]
