"""A backup holds the whole database as it stood at one moment, and nothing that the database should not tell (format.md section 6)."""

import asyncio
import json
import shutil
import time
from base64 import b64decode
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from app import backups, cli, models
from app.backups import count_envelopes, make_backup, opened
from app.inspection import inspect_log
from app.logstate import LogState
from app.receipts import withdraw
from app.schema import differences, missing_triggers
from app.submissions import accept
from crypto.receipts import Receipt
from tests.app.made import Intake, MadeCall
from tests.app.test_arrival_order import CHANCE, REPORTS, numbered, order_read
from tests.app.test_bundles import publish_all, send

pytestmark = pytest.mark.anyio
Rows = Mapping[str, Sequence[tuple[Any, ...]]]


def rows_of(connection: Connection) -> Rows:
    """Every row of every table, by key."""
    return {
        table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
        for table in models.metadata.sorted_tables
    }


async def back_up(intake: Intake, out: Path) -> int:
    return await make_backup(intake.service.database, intake.service.settings.sqlite_path, out)


async def fill(intake: Intake, call: MadeCall) -> None:
    """Reports that are published, one of them withdrawn, and one of two parts; then some that wait, one withdrawn."""
    await intake.add(call)
    receipts = [Receipt.generate() for _ in range(3)]
    for receipt in receipts:
        await send(intake, call, receipt)
    assert (await intake.post(call, call.body(files=(bytes(1 << 17),)))).status_code == 201
    await intake.service.database.write(partial(withdraw, stored=call.stored, secret=receipts[0].withdraw(call.id, 0)))
    await publish_all(intake, call)


async def test_backup_holds_every_row(intake: Intake, hasty: MadeCall, asked: MadeCall, tmp_path: Path) -> None:
    await fill(intake, hasty)
    await intake.add(asked)
    for _ in range(2):
        await send(intake, asked, Receipt.generate())
    assert await back_up(intake, tmp_path / "b") == 5
    with opened(tmp_path / "b") as copy:
        assert rows_of(copy) == await intake.service.database.read(rows_of)
        assert (missing_triggers(copy), differences(copy)) == ((), [])
        for call in (hasty, asked):
            inspect_log(copy, call.stored, LogState(intake.service.settings.log_state_dir))


def torn(connection: Connection) -> set[bytes]:
    """Waiting reports without an envelope, and envelopes without a report."""
    reports, parts = models.pending_reports.c.digest, models.pending_envelopes.c.digest
    return set(connection.execute(select(reports)).scalars()) ^ set(connection.execute(select(parts)).scalars())


async def test_service_goes_on_meanwhile(intake: Intake, asked: MadeCall, tmp_path: Path) -> None:
    """Reports are taken while backups are made; each backup holds whole reports, and all that were promised before it began."""
    await intake.add(asked)
    taken: list[bytes] = []

    async def take(numbers: Sequence[int]) -> None:
        for number in numbers:
            report = numbered(number, 3000)
            await intake.service.database.write(partial(accept, stored=asked.stored, report=report, began=time.monotonic()))
            taken.append(report.digest)

    async with asyncio.TaskGroup() as group:
        for start in range(4):
            group.create_task(take(range(start, 400, 4)))
        for made in range(5):
            before = set(taken)
            await back_up(intake, tmp_path / str(made))
            with opened(tmp_path / str(made)) as copy:
                assert torn(copy) == set()
                assert before <= set(copy.execute(select(models.pending_reports.c.digest)).scalars())
    assert len(taken) == 400


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_copied_file_would_miss_rows(intake: Intake, asked: MadeCall, tmp_path: Path) -> None:
    """The twin: who copies the file of a database in use has not what was promised."""
    await intake.add(asked)
    digest = await send(intake, asked, Receipt.generate())
    path = intake.service.settings.sqlite_path
    assert path is not None
    shutil.copy(path, tmp_path / "copied")
    await back_up(intake, tmp_path / "b")
    for name, held in (("copied", False), ("b", True)):
        with opened(tmp_path / name) as copy:
            found = missing_triggers(copy) == () and digest in copy.execute(select(models.pending_reports.c.digest)).scalars().all()
        assert found is held


async def take_in_order(intake: Intake, call: MadeCall) -> list[Any]:
    await intake.add(call)
    reports = [numbered(number, 150) for number in range(REPORTS)]
    for report in reports:
        await intake.service.database.write(partial(accept, stored=call.stored, report=report, began=time.monotonic()))
    return reports


async def test_no_order_of_arrival_in_it(intake: Intake, asked: MadeCall, tmp_path: Path) -> None:
    """Though they still wait for their batch, and the database itself must show their order that long."""
    reports = await take_in_order(intake, asked)
    await back_up(intake, tmp_path / "b")
    content = (tmp_path / "b").read_bytes()
    assert sum(content.count(report.digest) for report in reports) >= REPORTS
    assert order_read({"b": content}, reports) < CHANCE


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_order_is_found_in_snapshot(intake: Intake, asked: MadeCall, tmp_path: Path) -> None:
    """The twin: SQLite's own backup alone, with its rows as they lie, shows it."""
    reports = await take_in_order(intake, asked)
    path = intake.service.settings.sqlite_path
    assert path is not None
    backups._snapshot(path, tmp_path / "b")  # the half of a backup that is not enough
    assert order_read({"b": (tmp_path / "b").read_bytes()}, reports) > 2 * CHANCE


async def test_withdrawn_is_not_in_it(intake: Intake, asked: MadeCall, tmp_path: Path) -> None:
    await intake.add(asked)
    receipt = Receipt.generate()
    body = asked.body(receipt)
    assert (await intake.post(asked, body)).status_code == 201
    await back_up(intake, tmp_path / "with")
    await intake.service.database.write(partial(withdraw, stored=asked.stored, secret=receipt.withdraw(asked.id, 0)))
    await back_up(intake, tmp_path / "without")
    needle = body[-64:]
    assert [needle in (tmp_path / name).read_bytes() for name in ("with", "without")] == [True, False]


async def test_one_file_for_its_owner(intake: Intake, hasty: MadeCall, tmp_path: Path) -> None:
    """Nothing is left beside it, and neither the log key nor the log state is in it."""
    await fill(intake, hasty)
    (tmp_path / "backups").mkdir()
    out = tmp_path / "backups" / "b"
    await back_up(intake, out)
    await back_up(intake, out)
    assert list(out.parent.iterdir()) == [out]
    assert out.stat().st_mode & 0o777 == 0o600
    content = out.read_bytes()
    secret = hasty.log_key.line().split("+", 4)[4]  # base64 may hold a plus of its own
    assert len(secret) == 44
    assert secret.encode() not in content
    assert b64decode(secret)[1:] not in content
    assert hasty.stored.document[:64] in content


async def test_batch_without_note_is_kept(intake: Intake, hasty: MadeCall, tmp_path: Path) -> None:
    """Between the commit of a batch and its checkpoint a backup is whole all the same."""
    await intake.add(hasty)
    await send(intake, hasty, Receipt.generate())
    await intake.cut(hasty)
    assert await back_up(intake, tmp_path / "b") == 1
    with opened(tmp_path / "b") as copy:
        inspect_log(copy, hasty.stored, LogState(intake.service.settings.log_state_dir))


@pytest.mark.usefixtures("environment", "postgresql_emptied")
def test_command_makes_it_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the folder of the log keys, as in the unit; what is refused leaves nothing behind, and what is made is never replaced."""
    monkeypatch.setenv("SAKSEI_LOG_KEY_DIR", "/dev/null/keys")
    folder = tmp_path / "backups"
    folder.mkdir()
    made = folder / "b"
    assert cli.run(["backup", str(made)]) == 1
    assert capsys.readouterr().err.startswith("error: version: ")
    assert list(folder.iterdir()) == []
    assert cli.run(["migrate"]) == 0
    assert cli.run(["backup", str(tmp_path / "nowhere" / "b")]) == 2
    assert capsys.readouterr().err.startswith("error: usage: ")
    assert cli.run(["backup", str(made), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"envelopes": 0, "bytes": made.stat().st_size}
    assert list(folder.iterdir()) == [made]


@pytest.mark.usefixtures("environment", "postgresql_emptied")
def test_older_one_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever has the name of the new one stays as it was, a link that leads nowhere included; by another name it is made."""
    assert cli.run(["migrate"]) == 0
    older, link = tmp_path / "older", tmp_path / "link"
    older.write_text("older")
    link.symlink_to(tmp_path / "nowhere")
    capsys.readouterr()
    for taken in (older, link):
        assert cli.run(["backup", str(taken)]) == 2
        assert capsys.readouterr().err.startswith("error: usage: There is something of this name already")
    assert (older.read_text(), link.is_symlink(), (tmp_path / "nowhere").exists()) == ("older", True, False)
    assert cli.run(["backup", str(tmp_path / "newer")]) == 0
    with opened(tmp_path / "newer") as newer:
        assert count_envelopes(newer) == 0
