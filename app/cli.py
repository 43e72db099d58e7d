"""`saksei-intake`: the server's commands (interfaces.md). Exit 0 done, 1 refused, 2 usage."""

import asyncio
import errno
import json
import os
import resource
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from app.backups import make_backup
from app.bundles import write_call_bundle
from app.calls import StoredCall, add_call, mend_call, read_package
from app.check import check_service
from app.dialect import now_ms
from app.errors import AppError, BusyError, FullError, NotOpenError
from app.files import read_signed, written_aside
from app.logstate import LogState
from app.publishing import log_size
from app.received import load_received
from app.replies import load_round
from app.restores import PublicLog, restore_backup
from app.schema import migrate as migrate_database
from app.schema import require_head
from app.service import Service, build_service
from app.serving import serve_forever
from app.settings import Settings
from crypto.errors import CryptoError
from questionnaire.errors import QuestionnaireError

T = TypeVar("T")
PUBLISHER_TRIES = 15

app = typer.Typer(help="Take in sealed reports and publish their log.", no_args_is_help=True, add_completion=False)
call_app = typer.Typer(help="Add, list and close calls.", no_args_is_help=True)
app.add_typer(call_app, name="call")
received_app = typer.Typer(help="Take what reviewers countersigned.", no_args_is_help=True)
app.add_typer(received_app, name="received")
replies_app = typer.Typer(help="Take rounds of replies.", no_args_is_help=True)
app.add_typer(replies_app, name="replies")

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON, for machines.")]
Signed = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The file; its signature FILE.minisig stands beside it.")
]
CallId = Annotated[str, typer.Argument(metavar="ID", help="The id of the call, as `call list` shows it.")]


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; a refusal is one line `error: <word>: <sentence>`. New files are the owner's alone."""
    os.umask(0o077)
    try:
        app(args=list(arguments), prog_name="saksei-intake")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1 if end.code else 0
    except (AppError, CryptoError, QuestionnaireError) as error:
        return _refuse(error.word, str(error))
    except ValidationError as error:
        named = ", ".join(f"SAKSEI_{_place(detail)}" for detail in error.errors())
        return _refuse("usage", f"A setting is not valid: {named}.", code=2)
    except (OSError, SQLAlchemyError) as error:
        return _refuse_trouble(error)
    return 0


def _refuse_trouble(error: OSError | SQLAlchemyError) -> int:
    number = error.errno if isinstance(error, OSError) else None
    if number in {errno.ENOSPC, errno.EDQUOT}:
        return _refuse(FullError.word, "The disk is full; nothing of this was kept.")
    if number in {errno.ENOENT, errno.EACCES, errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EROFS}:
        return _refuse("usage", f"A file or folder cannot be used: {os.strerror(number)}.", code=2)
    return _refuse(BusyError.word, f"{type(error).__name__}: the database, a folder or the address could not be used.")


def _refuse(word: str, sentence: str, *, code: int = 1) -> int:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"error: {word}: {sentence}", markup=False)
    return code


def _place(detail: object) -> str:
    location = detail.get("loc", ()) if isinstance(detail, dict) else ()
    return str(location[0]).upper() if location else "DATABASE_URL"


def _with_service(work: Callable[[Service], Awaitable[T]]) -> T:
    """Run `work` on the service of the settings, and close its database whatever happens."""

    async def run() -> T:
        service = build_service(Settings())
        try:
            return await work(service)
        finally:
            await service.database.close()

    return asyncio.run(run())


def _version(wanted: bool) -> None:
    if wanted:
        Console().print(f"saksei-intake {installed_version('saksei')}", highlight=False)
        raise typer.Exit


@app.callback()
def options(
    _version_asked: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """Take in sealed reports and publish their log."""


@app.command()
def serve() -> None:
    """Serve the form and take reports in, until stopped. Settings come from the environment (SAKSEI_…)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _with_service(lambda service: service.database.read(require_head))
    serve_forever(Settings())


@app.command()
def migrate() -> None:
    """Bring the database to the version of this software."""
    _with_service(lambda service: migrate_database(service.database))
    Console().print("The database is ready.")


@call_app.command("add")
def call_add(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder `server` that `saksei-reviewer call build` wrote.")],
) -> None:
    """Add a call: its files, its log key, and the first entry of its log.

    For a call that is here already, this takes a mended form.html (`saksei-reviewer call reissue`).
    """
    package = read_package(folder)

    async def work(service: Service) -> str:
        await service.database.read(require_head)
        service.keys.keep(package.stored.call, package.log_key)
        added = await service.database.write(partial(add_call, stored=package.stored))
        mended = not added and await service.database.write(partial(mend_call, stored=package.stored))
        await service.publisher.publish()
        return (
            "Added" if added else "Here already, with a new form.html (start the server anew to hand it out)" if mended else "Here already"
        )

    Console().print(f"{_with_service(work)}: {package.stored.call.call}", highlight=False)


@call_app.command("list")
def call_list(as_json: Json = False) -> None:
    """List the calls with their times and the state of their logs."""

    async def work(service: Service) -> list[dict[str, object]]:
        await service.database.read(require_head)
        return [await _described(service, stored) for stored in await service.book.all()]

    rows = _with_service(work)
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("call", "state", "opens", "deadline", "close", "log entries", "waiting")
    for row in rows:
        times = [_moment(row[key]) for key in ("opens", "deadline", "close")]
        table.add_row(str(row["call"]), str(row["state"]), *times, str(row["entries"]), str(row["waiting"]))
    Console().print(table)


@call_app.command("close")
def call_close(call_id: CallId) -> None:
    """Cut the close of a call whose time is over: nothing is taken after it. Refused before deadline + grace."""

    async def work(service: Service) -> None:
        await service.database.read(require_head)
        stored = await service.book.find(call_id)
        if await service.database.read(now_ms) < stored.call.close * 1000:
            raise NotOpenError("The deadline and its grace are not over yet.")
        await _publish(service, trust_database=False)

    _with_service(work)
    Console().print(f"Closed: {call_id}", highlight=False)


@received_app.command("load")
def received_load(call_id: CallId, file: Signed) -> None:
    """Take `received`: the checkpoint that `saksei-reviewer import` countersigned. Submitters see by it that their report arrived."""
    note, signature = read_signed(file)

    async def work(service: Service) -> bool:
        await service.database.read(require_head)
        stored = await service.book.find(call_id)
        return await service.database.write(partial(load_received, stored=stored, note=note, signature=signature))

    Console().print(f"{'Loaded' if _with_service(work) else 'Here already'}: {call_id}", highlight=False)


@replies_app.command("load")
def replies_load(call_id: CallId, file: Signed) -> None:
    """Take a round of replies that `saksei-reviewer replies` wrote; it replaces the one before."""
    content, signature = read_signed(file)

    async def work(service: Service) -> int:
        await service.database.read(require_head)
        stored = await service.book.find(call_id)
        job = partial(load_round, stored=stored, content=content, signature=signature)
        return await service.database.write(job, weight=len(content))

    with Console(stderr=True).status("Loading the round …"):
        count = _with_service(work)
    Console().print(f"Loaded: {call_id}, {count} records", highlight=False)


@app.command()
def publish(
    trust_database: Annotated[
        bool, typer.Option(help="Begin the log state anew from the database: only when SAKSEI_LOG_STATE_DIR was lost for good.")
    ] = False,
) -> None:
    """Publish what is due: log batches, closes and checkpoints. The running service does this by itself."""

    async def work(service: Service) -> None:
        await service.database.read(require_head)
        await _publish(service, trust_database=trust_database)

    _with_service(work)
    Console().print("Everything that was due is published.")


@app.command()
def export(
    call_id: CallId,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The bundle to write.")],
    as_json: Json = False,
) -> None:
    """Write the bundle that reviewers carry off. The file is whole, or it is not there."""

    async def work(service: Service) -> int:
        await service.database.read(require_head)
        stored = await service.book.find(call_id)
        signer = service.keys.signer(stored.call)
        with written_aside(out) as file:
            return await service.database.read(partial(write_call_bundle, stored=stored, signer=signer, out=file))

    with Console(stderr=True).status("Writing the bundle …"):
        count = _with_service(work)
    if as_json:
        typer.echo(json.dumps({"call": call_id, "envelopes": count, "bytes": out.stat().st_size}))
    else:
        Console().print(f"Written, with {count} sealed reports.", highlight=False)


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to write. The service may go on meanwhile.")],
    as_json: Json = False,
) -> None:
    """Write a copy of the whole database. No log key is in it. The file is whole, or it is not there."""

    async def work(service: Service) -> int:
        return await make_backup(service.database, service.settings.sqlite_path, out)

    with Console(stderr=True).status("Writing the backup …"):
        count = _with_service(work)
    if as_json:
        typer.echo(json.dumps({"envelopes": count, "bytes": out.stat().st_size}))
    else:
        Console().print(f"Written, with {count} sealed reports.", highlight=False)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What `backup` wrote.")],
    entries: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="The newest public log of a call: its /log/entries.")] = None,
    checkpoints: Annotated[
        list[Path] | None, typer.Option("--checkpoint", metavar="FILE", help="Its /log/checkpoint, in that order.")
    ] = None,
    trust_backup: Annotated[
        bool, typer.Option(help="Take the backup's log for the newest: only when the log state is lost and nobody has kept a public log.")
    ] = False,
) -> None:
    """Restore a backup into an empty database, and catch up with the public log. What was withdrawn meanwhile does not come back."""
    if len(entries or ()) != len(checkpoints or ()):
        raise typer.BadParameter("Give one --checkpoint for each --entries.")
    public = [PublicLog(log.read_bytes(), note.read_bytes()) for log, note in zip(entries or (), checkpoints or (), strict=True)]

    async def work(service: Service) -> int:
        state = LogState(service.settings.log_state_dir)
        return await restore_backup(service.database, state, file, public, trust_backup=trust_backup)

    with Console(stderr=True).status("Restoring …"):
        count = _with_service(work)
    Console().print(f"Restored, with {count} sealed reports. Run `saksei-intake check` before you serve.", highlight=False)


@app.command()
def check(as_json: Json = False) -> None:
    """Try out everything that must hold; exit 0 only when all of it does."""
    findings = _with_service(check_service)
    if as_json:
        typer.echo(json.dumps([{"name": finding.name, "holds": finding.holds, "sentence": finding.sentence} for finding in findings]))
    else:
        table = Table("", "check", "")
        for finding in findings:
            table.add_row("ok" if finding.holds else "FAILS", finding.name, finding.sentence)
        Console().print(table)
    if not all(finding.holds for finding in findings):
        raise typer.Exit(1)


async def _publish(service: Service, *, trust_database: bool) -> None:
    for _ in range(PUBLISHER_TRIES):
        if await service.publisher.publish(trust_database=trust_database):
            return
        await asyncio.sleep(1)
    raise BusyError("Another process is publishing at this moment; it publishes everything that is due.")


async def _described(service: Service, stored: StoredCall) -> dict[str, object]:
    call = stored.call
    log = await service.database.read(partial(log_size, call_id=call.call))
    now = await service.database.read(now_ms)
    state = "closed" if log.closed else "not open yet" if now < call.opens * 1000 else "open" if now < call.deadline * 1000 else "over"
    times = {"opens": call.opens, "deadline": call.deadline, "close": call.close, "retention_ends": stored.ends}
    return {"call": call.call, "state": state, "entries": log.entries, "waiting": log.waiting, **times}


def _moment(seconds: object) -> str:
    return datetime.fromtimestamp(int(str(seconds)), UTC).strftime("%Y-%m-%d %H:%M UTC")
