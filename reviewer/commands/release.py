"""`saksei-reviewer release`: an anonymized summary leaves the workspace."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reviewer.commands.options import Machine, PassphraseFile, WorkspaceFolder
from reviewer.errors import UsageError
from reviewer.release import Made, make_release, write_again
from reviewer.sessions import open_workspace
from reviewer.terminal import Screen

Previous = Annotated[
    list[Path] | None,
    typer.Option(
        "--previous",
        metavar="FILE",
        help="An earlier release that was made on another computer. May be given several times; this workspace knows its own.",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]
_RELEASE_LIMIT = (64 << 20) + 1


class Mode(StrEnum):
    """How figures are published (disclosure.md, "Tables")."""

    BANDS = "bands"


def release_summary(  # noqa: PLR0913 - the options of a command
    *,
    workspace: WorkspaceFolder,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The release to write; it must not exist yet.")],
    audience: Annotated[
        str | None, typer.Option("--audience", metavar="NAME", help="Who is given it: one of the audiences of the call.")
    ] = None,
    previous: Previous = None,
    mode: Annotated[Mode, typer.Option("--mode", help="How figures are published.")] = Mode.BANDS,
    again: Annotated[
        int | None, typer.Option("--again", metavar="NUMBER", help="Write a release that was made before once more, unchanged.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    json: Machine = False,
) -> None:
    """Make an anonymized summary for an audience, audited and signed.

    Counted are reports marked credible whose writers allow statistics for this audience. Nothing leaves without the audit: when it refuses,
    there is no way round it.
    """
    screen = Screen(machine=json)
    if (audience is None) == (again is None):
        raise UsageError("Give either --audience or --again.")
    given = [_read(path) for path in previous or ()]
    with open_workspace(workspace, passphrase_file, screen) as opened:
        if again is not None:
            sha256 = write_again(opened, again, out)
            screen.say(f"Release {again} is written once more.")
            screen.document({"release": again, "sha256": sha256})
            return
        with screen.working("Making and auditing the release"):
            made = make_release(opened, audience or "", out, given=given)
    _say_made(screen, made, mode)


def _say_made(screen: Screen, made: Made, mode: Mode) -> None:
    for reporter, question in made.unsettled:
        screen.warn(f"Reporter {reporter} gives different answers to {question}; it is counted as unanswered. `mark --code` settles it.")
    counts = made.counts
    screen.say(f"Release {made.number} for {made.audience} is made. For your eyes only, the exact counts:")
    screen.table(
        ("reports", ""),
        [
            (str(counts.counted), f"counted; reporters: {made.reporters}"),
            (str(counts.not_credible), "not marked credible"),
            (str(counts.consent), "whose consent does not allow it"),
            (str(counts.late), "late"),
            (str(counts.withdrawn), "withdrawn"),
            (str(counts.unavailable), "missing, destroyed or not opened"),
        ],
    )
    screen.say(f"SHA-256 {made.sha256}")
    screen.document(
        {
            "release": made.number,
            "audience": made.audience,
            "mode": mode.value,
            "sha256": made.sha256,
            "reporters": made.reporters,
            "counted": counts.counted,
            "not_credible": counts.not_credible,
            "consent": counts.consent,
            "late": counts.late,
            "withdrawn": counts.withdrawn,
            "unavailable": counts.unavailable,
            "unsettled": [{"reporter": reporter, "question": question} for reporter, question in made.unsettled],
        }
    )


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_RELEASE_LIMIT)
