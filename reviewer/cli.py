"""`saksei-reviewer`: the command line of the offline tool.

Exit code 0 done, 1 refused (`error: <word>: <sentence>` on stderr, format.md section 12), 2 usage. Only the module of the command that was
asked for is loaded, so that every command starts at once.
"""

import errno
import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NamedTuple, NoReturn

import typer

from reviewer.visible import visible

PROGRAM = "saksei-reviewer"
_HELP = "Open, review and summarise confidential testimony, offline: this tool never uses a network."


DISK_ERRORS = frozenset({errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE, errno.ETIMEDOUT})
"""Nothing was asked wrongly: the disk, the stick or the way to it fails."""


class Command(NamedTuple):
    """Where a command stands, and the line that the list of commands shows for it (the first of its own help)."""

    module: str
    function: str
    summary: str


COMMANDS = {
    "call": Command("reviewer.commands.custody", "calls", "Make a call: its questionnaire, its keys, its folder for the server."),
    "combine": Command("reviewer.commands.shares", "combine", "Bring the key of a call back from its shares, into a key file."),
    "rehearse": Command("reviewer.commands.shares", "rehearse", "Prove that shares bring the key back, without showing or writing it."),
    "verify": Command("reviewer.commands.bundle", "verify", "Check that a bundle is whole and its log honest."),
    "import": Command("reviewer.commands.bundle", "import_bundle", "Open a bundle's reports into the encrypted workspace."),
    "open": Command("reviewer.commands.bundle", "open_file", "Open one sealed report into a new folder."),
    "list": Command("reviewer.commands.review", "list_reports", "List every report: how it stands, whose it is, what is left to do."),
    "show": Command("reviewer.commands.review", "show_report", "Show one report: the original words, its files, its consent."),
    "mark": Command("reviewer.commands.review", "mark_report", "Say what a report is: credible or not, its codes, whose it is."),
    "reply": Command("reviewer.commands.replies", "reply_report", "Write the reply to a report, take it away, or see it."),
    "replies": Command("reviewer.commands.replies", "write_replies", "Write the round of replies for the server, signed."),
    "release": Command("reviewer.commands.release", "release_summary", "Make an anonymized summary for an audience, audited and signed."),
    "destroy": Command("reviewer.commands.destruction", "destroy", "Destroy a workspace: overwrite it, then remove it."),
}


def build_app(wanted: str | None = None) -> typer.Typer:
    """Return the command line with the command `wanted` in it, and of the others only what the list of commands shows."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode="markdown", help=_HELP)
    app.callback()(_common)
    for name, command in COMMANDS.items():
        if name != wanted:
            app.command(name, help=command.summary)(_elsewhere)
            continue
        found = getattr(import_module(command.module), command.function)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code; nothing that was sealed ever reaches stderr."""
    os.umask(0o077)
    _protect_memory()
    given = sys.argv[1:] if arguments is None else list(arguments)
    wanted = next((argument for argument in given if not argument.startswith("-")), None)
    try:
        with _ending_in_order():
            build_app(wanted)(args=given, prog_name=PROGRAM)
    except Exception as refused:
        code, line = _refusal(refused)
        sys.stderr.write(line + "\n")
        sys.exit(code)


def _protect_memory() -> None:
    """Let no core file be written: it would hold keys and testimony."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Turn a closed window (SIGHUP) and a polite kill (SIGTERM) into an ordinary end, so that what is half written is taken away."""
    before = {number: signal.signal(number, _end) for number in (signal.SIGHUP, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(1)


def _elsewhere() -> None:
    """Stand in for a command that was not asked for."""


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"{PROGRAM} {version('saksei')}")
        raise typer.Exit


def _common(
    _version: Annotated[bool, typer.Option("--version", help="Show the version and stop.", callback=_print_version, is_eager=True)] = False,
) -> None:
    """Open, review and summarise confidential testimony, offline."""


def _refusal(refused: Exception) -> tuple[int, str]:
    """Return exit code and line for an error. Messages of errors that are not ours may hold anything and are not shown."""
    word = getattr(type(refused), "word", None)
    if isinstance(word, str):
        return (2 if word == "usage" else 1), f"error: {word}: {visible(str(refused), lines=True)}"
    if isinstance(refused, OSError):
        if refused.errno in {errno.ENOSPC, errno.EDQUOT}:
            return 1, "error: full: The disk is full; nothing of this was kept."
        if refused.errno in DISK_ERRORS:
            return 1, f"error: disk: The disk or stick fails: {os.strerror(refused.errno or errno.EIO)}."
        return 2, f"error: usage: A file or folder cannot be used: {os.strerror(refused.errno or errno.EIO)}."
    frames = traceback.extract_tb(refused.__traceback__)
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return 1, f"error: internal: The tool has a fault ({type(refused).__name__}{place}); please report this line."
