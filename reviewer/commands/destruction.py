"""`saksei-reviewer destroy`: the end of a workspace."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from reviewer.commands.options import Machine, WorkspaceFolder
from reviewer.destruction import destroy_workspace, workspace_bytes
from reviewer.errors import UsageError
from reviewer.terminal import Screen

WORD = "destroy"


def destroy(
    *,
    workspace: WorkspaceFolder,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Machine = False,
) -> None:
    """Destroy a workspace: overwrite it, then remove it.

    It asks before, and needs no passphrase. Nobody can bring back what you wrote and coded in it. A solid-state disk or a memory stick may
    keep old copies of what is overwritten; they are encrypted, so destroy the passphrase too, and nothing opens them.
    """
    screen = Screen(machine=json)
    total = workspace_bytes(workspace)
    if not yes:
        _ask(screen)
    with screen.progress("Destroying the workspace", total) as step:
        done = destroy_workspace(workspace, step)
    screen.say(f"The workspace is destroyed: {done.files} files overwritten and removed.")
    if done.left:
        screen.warn(f"The folder holds {done.left} more files or folders that are not of the workspace; they were left alone.")
    screen.say(
        "A solid-state disk or a memory stick may keep old copies. They are encrypted: destroy the passphrase, and nothing opens them."
    )
    screen.say(
        "Not destroyed by this: the key of the call or its shares, bundles, releases, what `open` wrote, prints, backups of this computer."
    )
    screen.document(asdict(done))


def _ask(screen: Screen) -> None:
    """Have a person type a word; whatever else is typed, nothing happens. Raises UsageError."""
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask; give --yes.")
    screen.warn("Every report, code, note and reply in this workspace will be destroyed. Nobody can bring them back.")
    if typer.prompt(f"Type {WORD} to go on", err=True) != WORD:
        raise UsageError("Nothing was destroyed.")
