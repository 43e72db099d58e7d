"""Options that several commands share, so that they are called and explained alike."""

from pathlib import Path
from typing import Annotated

import typer

EXISTING_FILE = {"exists": True, "dir_okay": False, "readable": True}

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help="Read the passphrase from this file (one line) instead of asking for it.",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]
Machine = Annotated[bool, typer.Option("--json", help="Print one JSON document for a program instead of text for a person.")]
WorkspaceFolder = Annotated[
    Path, typer.Option("--workspace", "-w", metavar="FOLDER", help="The folder of the encrypted workspace.", file_okay=False)
]
KdfMemory = Annotated[
    int | None,
    typer.Option(
        "--kdf-memory-mib",
        min=64,
        max=4096,
        metavar="MIB",
        help="Memory that turning the passphrase into a key takes, in MiB; less than the usual 1024 only for a small laptop.",
    ),
]
Language = Annotated[
    str | None,
    typer.Option("--language", "-l", metavar="TAG", help="Language of the questions and labels, such as en or km."),
]
KeyFile = Annotated[
    Path,
    typer.Option("--key", metavar="FILE", help="The key file of the call, private/call.key.", exists=True, dir_okay=False, readable=True),
]
ReportNumber = Annotated[str, typer.Argument(metavar="REPORT", help="The number of the report, as `list` shows it.")]
