"""`saksei-intake`: the server's commands (interfaces.md). Exit 0 done, 1 refused, 2 usage."""

import errno
import json
import os
import resource
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from app.backups import make_backup
from app.bundles import write_call_bundle
from app.calls import StoredCall
from app.check import check_service
from app.commands.calls import calls
from app.commands.handed_back import received, replies
from app.commands.options import CallId, Json
from app.commands.retention import destroy
from app.commands.session import publish_all, require_absent, say, with_call, with_service
from app.commands.timestamps import timestamps
from app.errors import AppError, BusyError, FullError
from app.files import written_aside
from app.logstate import LogState
from app.restores import PublicLog, restore_backup
from app.schema import migrate as migrate_database
from app.schema import require_head, version
from app.service import Service
from app.serving import serve_forever
from app.settings import Settings
from crypto.errors import CryptoError
from questionnaire.errors import QuestionnaireError

USAGE_ERRORS = frozenset({errno.ENOENT, errno.EACCES, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EROFS, errno.EPERM})
DISK_ERRORS = frozenset({errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE})

app = typer.Typer(help="Take in sealed reports and publish their log.", no_args_is_help=True, add_completion=False)
app.add_typer(calls, name="call")
app.add_typer(received, name="received")
app.add_typer(replies, name="replies")
app.add_typer(timestamps, name="timestamps")
app.command()(destroy)


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
    if number == errno.EEXIST:
        return _refuse("usage", "There is something of this name already, and nothing is ever replaced: give another name.", code=2)
    if number in USAGE_ERRORS:
        return _refuse("usage", f"A file or folder cannot be used: {os.strerror(number or errno.EIO)}.", code=2)
    if number in DISK_ERRORS:
        return _refuse("disk", f"The disk or stick fails: {os.strerror(number or errno.EIO)}.")
    return _refuse(BusyError.word, f"{type(error).__name__}: the database, a folder or the address could not be used.")


def _refuse(word: str, sentence: str, *, code: int = 1) -> int:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"error: {word}: {sentence}", markup=False)
    return code


def _place(detail: object) -> str:
    location = detail.get("loc", ()) if isinstance(detail, dict) else ()
    return str(location[0]).upper() if location else "DATABASE_URL"


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
    with_service(lambda service: service.database.read(require_head))
    serve_forever(Settings())


@app.command()
def migrate(as_json: Json = False) -> None:
    """Bring the database to the version of this software."""

    async def work(service: Service) -> str | None:
        await migrate_database(service.database)
        return await service.database.read(version)

    say("The database is ready.", {"version": with_service(work)}, as_json=as_json)


@app.command()
def publish(
    trust_database: Annotated[
        bool, typer.Option(help="Begin the log state anew from the database: only when SAKSEI_LOG_STATE_DIR was lost for good.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Publish what is due: log batches, closes and checkpoints. The running service does this by itself."""

    async def work(service: Service) -> None:
        await service.database.read(require_head)
        await publish_all(service, trust_database=trust_database)

    with_service(work)
    say("Everything that was due is published.", {"published": True}, as_json=as_json)


@app.command()
def export(
    call_id: CallId,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The bundle to write; it must not exist yet.")],
    as_json: Json = False,
) -> None:
    """Write the bundle that reviewers carry off. The file is whole, or it is not there."""
    require_absent(out)

    async def work(service: Service, stored: StoredCall) -> int:
        signer = service.keys.signer(stored.call)
        with written_aside(out) as file:
            return await service.database.read(partial(write_call_bundle, stored=stored, signer=signer, out=file))

    with Console(stderr=True).status("Writing the bundle …"):
        count = with_call(call_id, work)
    document = {"call": call_id, "envelopes": count, "bytes": out.stat().st_size}
    say(f"Written, with {count} sealed reports.", document, as_json=as_json)


@app.command()
def backup(
    out: Annotated[
        Path, typer.Argument(metavar="FILE", help="The backup to write; it must not exist yet. The service may go on meanwhile.")
    ],
    as_json: Json = False,
) -> None:
    """Write a copy of the whole database. No log key is in it. The file is whole, or it is not there."""
    require_absent(out)

    async def work(service: Service) -> int:
        return await make_backup(service.database, service.settings.sqlite_path, out)

    with Console(stderr=True).status("Writing the backup …"):
        count = with_service(work)
    say(f"Written, with {count} sealed reports.", {"envelopes": count, "bytes": out.stat().st_size}, as_json=as_json)


@app.command()
def restore(  # noqa: PLR0913 -- the options of a command
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What `backup` wrote.")],
    entries: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="The newest public log of a call: its /log/entries.")] = None,
    checkpoints: Annotated[
        list[Path] | None, typer.Option("--checkpoint", metavar="FILE", help="Its /log/checkpoint, in that order.")
    ] = None,
    pending: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="`log/pending` out of a bundle: withdrawals that are in no log yet.")
    ] = None,
    trust_backup: Annotated[
        bool, typer.Option(help="Take the backup's log for the newest: only when the log state is lost and nobody has kept a public log.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Restore a backup into an empty database, and catch up with the public log. What was withdrawn meanwhile does not come back."""
    if len(entries or ()) != len(checkpoints or ()):
        raise typer.BadParameter("Give one --checkpoint for each --entries.")
    public = [PublicLog(log.read_bytes(), note.read_bytes()) for log, note in zip(entries or (), checkpoints or (), strict=True)]
    waiting = [path.read_bytes() for path in pending or ()]

    async def work(service: Service) -> int:
        state = LogState(service.settings.log_state_dir)
        return await restore_backup(service.database, state, file, public, pending=waiting, trust_backup=trust_backup)

    with Console(stderr=True).status("Restoring …"):
        count = with_service(work)
    say(f"Restored, with {count} sealed reports. Run `saksei-intake check` before you serve.", {"envelopes": count}, as_json=as_json)


@app.command()
def check(as_json: Json = False) -> None:
    """Try out everything that must hold; exit 0 only when all of it does."""
    findings = with_service(check_service)
    if as_json:
        typer.echo(json.dumps([{"name": finding.name, "holds": finding.holds, "sentence": finding.sentence} for finding in findings]))
    else:
        table = Table("", "check", "")
        for finding in findings:
            table.add_row("ok" if finding.holds else "FAILS", finding.name, finding.sentence)
        Console().print(table)
    if not all(finding.holds for finding in findings):
        raise typer.Exit(1)
