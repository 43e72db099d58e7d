"""`saksei-reviewer reply | replies`: telling reporters something, without anybody seeing who was told."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from reviewer import durable, review
from reviewer.commands.options import Machine, PassphraseFile, ReportNumber, WorkspaceFolder
from reviewer.errors import UsageError
from reviewer.replies import SIGNATURE_SUFFIX, read_reply_text, remove_reply, reply_to, set_reply, write_round
from reviewer.sessions import open_workspace
from reviewer.terminal import Screen

_TEXT_LIMIT = 1 << 20


def reply_report(  # noqa: PLR0913 - the options of a command
    report: ReportNumber,
    *,
    workspace: WorkspaceFolder,
    text_file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option("--text-file", metavar="FILE", help="The reply, a text in UTF-8 of at most 4034 bytes; - reads what is typed."),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the reply away.")] = False,
    passphrase_file: PassphraseFile = None,
    json: Machine = False,
) -> None:
    """Write the reply to a report, take it away, or see it.

    It waits in the workspace for the next round (`replies`). Only the holder of the receipt can read it there. A new reply to the same
    report stands in place of the old one.
    """
    screen = Screen(machine=json)
    if remove and text_file is not None:
        raise UsageError("--text-file and --remove exclude each other.")
    text = None if text_file is None else read_reply_text(text_file.read(_TEXT_LIMIT))
    with open_workspace(workspace, passphrase_file, screen) as opened:
        number = review.find_opened(opened, report)
        if remove:
            remove_reply(opened, number)
        elif text is not None:
            set_reply(opened, number, text)
        kept = reply_to(opened, number)
    if text is not None:
        screen.say(f"The reply to report {number} is kept; it leaves with the next round.")
    elif kept is None:
        screen.say(f"There is no reply to report {number}.")
    else:
        screen.say(f"The reply to report {number}:")
        screen.say(kept, lines=True)
    screen.document({"report": number, "reply": kept})


def write_replies(
    *,
    workspace: WorkspaceFolder,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The round to write, such as replies.bin; it must not exist yet.")],
    passphrase_file: PassphraseFile = None,
    json: Machine = False,
) -> None:
    """Write the round of replies for the server, signed.

    FILE has a record of one size for every live report, with a reply or without. It replaces the round before as a whole, so import the
    newest bundle first. FILE and FILE.minisig go to the server: `saksei-intake replies load`.
    """
    screen = Screen(machine=json)
    durable.require_absent(out)
    with open_workspace(workspace, passphrase_file, screen) as opened, screen.working("Writing the round"):
        written = write_round(opened, out)
    screen.say(f"The round is written: {written.live} records, {written.replies} of them with a reply.")
    screen.say(f"It and its signature (the same name, then {SIGNATURE_SUFFIX}) go to the server: `saksei-intake replies load`.")
    screen.document(asdict(written))
