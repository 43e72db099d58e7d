"""Options that several commands share, so that they are called and explained alike."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON, for machines.")]
CallId = Annotated[str, typer.Argument(metavar="ID", help="The id of the call, as `call list` shows it.")]
Signed = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The file; its signature FILE.minisig stands beside it.")
]
